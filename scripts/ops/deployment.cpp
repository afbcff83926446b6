#include "scripts/ops/deployment.h"

#include <signal.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <set>
#include <sstream>

#include "scripts/ops/config_files.h"

namespace quorate::ops {
namespace {

namespace fs = std::filesystem;
constexpr const char* kOurServer = "quorate-server";
constexpr int kProgramsSchema = 1;

base::Result<std::string> ReadFile(const std::string& path) {
  std::ifstream file(path);
  std::ostringstream text;
  if (!file || !(text << file.rdbuf())) return base::Error{path + ": cannot be read"};
  return text.str();
}

base::Status WriteFile(const std::string& path, const std::string& text) {
  std::ofstream file(path, std::ios::trunc);
  file << text;
  file.close();
  if (!file) return base::Error{path + ": cannot be written"};
  return {};
}

base::Status WriteIfAbsent(const std::string& path, const std::string& text) {
  if (fs::exists(path)) return {};
  std::error_code error;
  fs::create_directories(fs::path(path).parent_path(), error);
  if (error) return base::Error{fs::path(path).parent_path().string() + ": " + error.message()};
  return WriteFile(path, text);
}

bool IsOnPath(const std::string& program) {
  const char* path = std::getenv("PATH");
  std::istringstream folders(path == nullptr ? "" : path);
  for (std::string folder; std::getline(folders, folder, ':');) {
    if (fs::exists(fs::path(folder) / program)) return true;
  }
  return false;
}

base::Result<Programs> ParsePrograms(const std::string& text, const std::string& path) {
  const auto json = nlohmann::json::parse(text, nullptr, /*allow_exceptions=*/false);
  if (!json.is_object() || json.value("schema", 0) != kProgramsSchema || !json.contains("server") ||
      !json["server"].is_string() || !json.contains("sentinel") || !json["sentinel"].is_string()) {
    return base::Error{path + ": is not what `quorate up` wrote"};
  }
  return Programs{json["server"].get<std::string>(), json["sentinel"].get<std::string>()};
}

bool IsSentinel(const Topology& topology, const std::string& name) {
  return std::ranges::count(topology.sentinels, name, &SentinelNode::name) > 0;
}

}  // namespace

base::Result<Programs> OurPrograms(const std::string& folder) {
  std::error_code error;
  const fs::path absolute = fs::absolute(folder, error);
  Programs programs{(absolute / kOurServer).string(), (absolute / "quorate-sentinel").string()};
  for (const std::string& program : {programs.server, programs.sentinel}) {
    if (!fs::exists(program))
      return base::Error{program + ": is not there; build it first (scripts/build)"};
  }
  return programs;
}

base::Result<Programs> RedisPrograms() {
  for (const char* program : {"redis-server", "redis-sentinel"}) {
    if (!IsOnPath(program))
      return base::Error{std::string(program) + ": is not installed (scripts/deps)"};
  }
  return Programs{"redis-server", "redis-sentinel"};
}

uint16_t PortOf(const Topology& topology, const std::string& name) {
  if (const ServerNode* server = topology.FindServer(name)) return server->port;
  const auto sentinel = std::ranges::find(topology.sentinels, name, &SentinelNode::name);
  return sentinel == topology.sentinels.end() ? 0 : sentinel->port;
}

std::string ServerAt(const Topology& topology, uint16_t port) {
  const auto server = std::ranges::find(topology.servers, port, &ServerNode::port);
  return server == topology.servers.end() ? "" : server->name;
}

Deployment::Deployment(std::string directory, Topology topology, Programs programs)
    : directory_(std::move(directory)),
      topology_(std::move(topology)),
      programs_(std::move(programs)) {}

bool Deployment::Exists(const std::string& directory) {
  return fs::exists(fs::path(directory) / "topology.yaml");
}

base::Result<Deployment> Deployment::Create(const std::string& directory, Topology topology,
                                            Programs programs) {
  std::error_code error;
  fs::create_directories(directory, error);
  if (error) return base::Error{directory + ": " + error.message()};
  Deployment deployment(fs::canonical(directory, error).string(), std::move(topology),
                        std::move(programs));
  if (error) return base::Error{directory + ": " + error.message()};
  if (auto status = deployment.WriteFiles(); !status) return status.error();
  return deployment;
}

base::Result<Deployment> Deployment::Open(const std::string& directory) {
  if (!Exists(directory))
    return base::Error{directory + ": no deployment here; start one with `quorate up`"};
  std::error_code error;
  const std::string absolute = fs::canonical(directory, error).string();
  if (error) return base::Error{directory + ": " + error.message()};
  auto topology = ReadTopology(absolute + "/topology.yaml");
  if (!topology) return topology.error();
  const std::string programs_path = absolute + "/programs.json";
  const auto text = ReadFile(programs_path);
  if (!text) return text.error();
  auto programs = ParsePrograms(*text, programs_path);
  if (!programs) return programs.error();
  return Deployment(absolute, std::move(*topology), std::move(*programs));
}

base::Status Deployment::WriteFiles() const {
  const nlohmann::json programs = {
      {"schema", kProgramsSchema}, {"server", programs_.server}, {"sentinel", programs_.sentinel}};
  if (auto status = WriteFile(directory_ + "/programs.json", programs.dump(2) + "\n"); !status)
    return status;
  const Make make =
      fs::path(programs_.server).filename() == kOurServer ? Make::kQuorate : Make::kRedis;
  for (const ServerNode& server : topology_.servers) {
    const std::string text = ServerConfig(topology_, server, directory_ + "/" + server.name, make);
    if (auto status = WriteIfAbsent(PathOf(server.name, "conf"), text); !status) return status;
  }
  for (const SentinelNode& sentinel : topology_.sentinels) {
    const std::string text =
        SentinelConfig(topology_, sentinel, directory_ + "/" + sentinel.name, make);
    if (auto status = WriteIfAbsent(PathOf(sentinel.name, "conf"), text); !status) return status;
  }
  return WriteFile(directory_ + "/topology.yaml", FormatTopology(topology_));
}

std::string Deployment::PathOf(const std::string& name, const std::string& file) const {
  return directory_ + "/" + name + "/" + file;
}

std::vector<std::string> Deployment::Names() const {
  std::vector<std::string> names;
  for (const ServerNode& server : topology_.servers) names.push_back(server.name);
  for (const SentinelNode& sentinel : topology_.sentinels) names.push_back(sentinel.name);
  return names;
}

base::Status Deployment::Start(const std::string& name) {
  if (Running(name)) return base::Error{name + ": runs already"};
  const std::string& program = IsSentinel(topology_, name) ? programs_.sentinel : programs_.server;
  const auto started = StartDetached({program, PathOf(name, "conf")}, LogOf(name));
  if (!started) return started.error();
  auto recorded = WriteFile(PathOf(name, "pid"), FormatProcessId(*started));
  if (!recorded) {  // a process that is not recorded could never be stopped
    if (auto stopped = StopProcess(*started); !stopped)
      return base::Error{recorded.error().message + "; " + stopped.error().message};
  }
  return recorded;
}

std::optional<ProcessId> Deployment::Running(const std::string& name) const {
  const auto text = ReadFile(PathOf(name, "pid"));
  if (!text) return std::nullopt;
  const auto id = ParseProcessId(*text);
  if (!id || !IsAlive(*id)) return std::nullopt;
  return id;
}

base::Status Deployment::Signal(const std::string& name, int signal) {
  const auto process = Running(name);
  if (!process) return base::Error{name + ": does not run"};
  return SignalProcess(*process, signal);
}

base::Status Deployment::Stop(const std::string& name) {
  const auto process = Running(name);
  return process ? StopProcess(*process) : base::Status();
}

base::Status Deployment::RemoveData(const std::string& name) {
  static const std::set<std::string> kept = {"conf", "log", "pid"};
  std::error_code error;
  std::vector<fs::path> data;
  for (const auto& entry : fs::directory_iterator(fs::path(directory_) / name, error))
    if (!kept.contains(entry.path().filename().string())) data.push_back(entry.path());
  for (const fs::path& path : data) {
    if (!error) fs::remove_all(path, error);
  }
  if (error) return base::Error{name + ": " + error.message()};
  return {};
}

base::Status Deployment::StopAll() {
  std::vector<std::string> names = Names();
  std::ranges::reverse(names);
  base::Status result;
  for (const std::string& name : names) {
    if (auto status = Stop(name); !status)
      result = base::Error{name + ": " + status.error().message};
  }
  return result;
}

base::Status Deployment::Remove() {
  std::error_code error;
  for (const std::string& name : Names()) fs::remove_all(fs::path(directory_) / name, error);
  for (const char* file : {"topology.yaml", "programs.json"})
    fs::remove(fs::path(directory_) / file, error);
  fs::remove(directory_, error);  // stays if there is something that is not ours
  if (error) return base::Error{directory_ + ": " + error.message()};
  return {};
}

}  // namespace quorate::ops
