#include "scripts/ops/bench.h"

#include <stdlib.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <memory>
#include <sstream>

#include "scripts/ops/ask.h"
#include "scripts/ops/process.h"
#include "shared/base/numbers.h"
#include "shared/base/random.h"
#include "shared/link/link.h"

namespace quorate::ops {
namespace {

namespace fs = std::filesystem;
constexpr const char* kServerCore = "0";
constexpr const char* kLoadCore = "1";
constexpr base::Duration kAnswerTimeout = std::chrono::seconds(5);
constexpr int kBenchmarkSeconds = 600;  // the most that one run may take
constexpr size_t kValueBytes = 64;

std::string ReadAll(const std::string& path) {
  std::ostringstream text;
  text << std::ifstream(path).rdbuf();
  return text.str();
}

// User and system time of a process so far, in seconds.
double CpuSeconds(pid_t pid) {
  const std::string stat = ReadAll("/proc/" + std::to_string(pid) + "/stat");
  std::istringstream fields(stat.substr(std::min(stat.rfind(')') + 1, stat.size())));
  std::string skipped;
  for (int field = 3; field < 14; ++field) fields >> skipped;
  double user = 0, system_time = 0;
  fields >> user >> system_time;
  return (user + system_time) / static_cast<double>(sysconf(_SC_CLK_TCK));
}

// Resident memory of a process in bytes.
double ResidentBytes(pid_t pid) {
  std::istringstream statm(ReadAll("/proc/" + std::to_string(pid) + "/statm"));
  double total = 0, resident = 0;
  statm >> total >> resident;
  return resident * static_cast<double>(sysconf(_SC_PAGESIZE));
}

// A folder of its own, removed at the end.
class ScratchFolder {
 public:
  ScratchFolder() {
    std::error_code error;
    std::string name = (fs::temp_directory_path(error) / "quorate-bench-XXXXXX").string();
    if (!error && mkdtemp(name.data()) != nullptr) path_ = name;
  }
  ~ScratchFolder() {
    std::error_code error;
    if (!path_.empty()) fs::remove_all(path_, error);
  }
  ScratchFolder(const ScratchFolder&) = delete;
  ScratchFolder& operator=(const ScratchFolder&) = delete;
  const std::string& path() const { return path_; }

 private:
  std::string path_;  // empty: could not be made
};

base::Result<uint16_t> FreePort(Foreground& foreground) {
  io::ListenOptions options;
  options.endpoint = {"127.0.0.1", 0};
  const auto listener = foreground.io().Listen(options, [](std::unique_ptr<io::Stream>) {});
  if (!listener) return listener.error();
  return (*listener)->endpoint().port;
}

// One server without persistence, pinned to its core; ends with the object.
class PinnedServer {
 public:
  static base::Result<std::unique_ptr<PinnedServer>> Start(Foreground& foreground,
                                                           const std::string& program,
                                                           const std::string& folder) {
    const auto port = FreePort(foreground);
    if (!port) return port.error();
    const auto process =
        StartDetached({"taskset", "-c", kServerCore, program, "--port", std::to_string(*port),
                       "--bind", "127.0.0.1", "--save", "", "--appendonly", "no", "--dir", folder},
                      folder + "/log");
    if (!process) return process.error();
    std::unique_ptr<PinnedServer> server(
        new PinnedServer(foreground, *process, {"127.0.0.1", *port}));
    if (auto status = server->AwaitAnswer(); !status) {
      return base::Error{program + ": " + status.error().message + "\n" + ReadAll(folder + "/log")};
    }
    return server;
  }
  ~PinnedServer() { (void)StopProcess(process_); }
  PinnedServer(const PinnedServer&) = delete;
  PinnedServer& operator=(const PinnedServer&) = delete;

  pid_t pid() const { return process_.pid; }
  const base::Endpoint& endpoint() const { return endpoint_; }

  base::Result<resp::Value> Call(const Command& command) {
    auto reply = Ask(foreground_, endpoint_, command, kAnswerTimeout);
    if (reply && reply->is_error()) return base::Error{command[0] + ": " + reply->text};
    return reply;
  }

 private:
  PinnedServer(Foreground& foreground, ProcessId process, base::Endpoint endpoint)
      : foreground_(foreground), process_(std::move(process)), endpoint_(std::move(endpoint)) {}

  base::Status AwaitAnswer() {
    for (int attempt = 0; attempt < 100 && IsAlive(process_); ++attempt) {
      if (Call({"PING"})) return {};
      if (!foreground_.Pass(std::chrono::milliseconds(50))) return base::Error{"interrupted"};
    }
    return base::Error{"does not answer"};
  }

  Foreground& foreground_;
  ProcessId process_;
  base::Endpoint endpoint_;
};

struct Load {
  std::string test;  // of redis-benchmark: "set" or "get"
  int pipeline = 1;
  int64_t requests = 0;
};

struct Measured {
  double rate = 0;             // requests per second
  double cpu_per_request = 0;  // microseconds of the server
};

base::Result<Measured> RunLoad(Foreground& foreground, PinnedServer& server, const Load& load,
                               const BenchOptions& options, const std::string& folder) {
  const std::string output = folder + "/benchmark.csv";
  std::error_code error;
  fs::remove(output, error);
  const double cpu_before = CpuSeconds(server.pid());
  const auto process = StartDetached({"taskset", "-c",
                                      kLoadCore, "redis-benchmark",
                                      "-h",      "127.0.0.1",
                                      "-p",      std::to_string(server.endpoint().port),
                                      "-c",      std::to_string(options.clients),
                                      "-P",      std::to_string(load.pipeline),
                                      "-n",      std::to_string(load.requests),
                                      "-r",      std::to_string(options.keys),
                                      "-d",      std::to_string(kValueBytes),
                                      "-t",      load.test,
                                      "--csv"},
                                     output);
  if (!process) return process.error();
  const base::Instant deadline = foreground.Now() + std::chrono::seconds(kBenchmarkSeconds);
  while (!WaitForDeath(*process, 0)) {
    if (!foreground.Pass(std::chrono::milliseconds(50)) || foreground.Now() > deadline) {
      (void)StopProcess(*process);
      return base::Error{"redis-benchmark was interrupted"};
    }
  }
  Measured measured;
  measured.rate = RateInCsv(ReadAll(output));
  measured.cpu_per_request =
      (CpuSeconds(server.pid()) - cpu_before) * 1e6 / static_cast<double>(load.requests);
  if (measured.rate == 0) return base::Error{"redis-benchmark: " + ReadAll(output)};
  return measured;
}

// Writes `count` keys of 14 bytes, each with a random value, by MSET over one connection.
base::Status Fill(Foreground& foreground, const base::Endpoint& server, int64_t count) {
  constexpr int64_t kKeysPerCommand = 100;
  constexpr size_t kCommandsInFlight = 100;
  base::Random random(1);
  link::LinkOptions options;
  options.endpoint = server;
  std::string failure;
  link::LinkCallbacks callbacks;
  callbacks.on_down = [&](const link::LinkDown& down) { failure = down.reason.message; };
  link::Link link(foreground.io(), random.Fork(), options, callbacks);
  link.Start();
  for (int64_t key = 0; key < count && failure.empty();) {
    Command command = {"MSET"};
    for (int64_t i = 0; i < kKeysPerCommand && key < count; ++i, ++key) {
      char name[24];
      std::snprintf(name, sizeof name, "k:%012lld", static_cast<long long>(key));
      command.emplace_back(name);
      std::string value(kValueBytes, ' ');
      std::ranges::generate(value, [&] { return static_cast<char>('a' + random.Below(26)); });
      command.push_back(std::move(value));
    }
    const std::vector<std::string_view> arguments(command.begin(), command.end());
    const bool sent = link.Send(arguments, foreground.Now() + std::chrono::seconds(60),
                                [&](base::Result<resp::Value> reply) {
                                  if (!reply) failure = reply.error().message;
                                  if (reply && reply->is_error()) failure = reply->text;
                                });
    if (!sent) return base::Error{"MSET could not be sent"};
    foreground.WaitUntil([&] { return link.pending() < kCommandsInFlight; }, kAnswerTimeout);
  }
  foreground.WaitUntil([&] { return link.pending() == 0; }, std::chrono::seconds(60));
  if (!failure.empty()) return base::Error{failure};
  return {};
}

base::Result<double> BytesPerKey(Foreground& foreground, const std::string& program,
                                 const BenchOptions& options, const std::string& folder) {
  auto server = PinnedServer::Start(foreground, program, folder);
  if (!server) return server.error();
  const double before = ResidentBytes((*server)->pid());
  if (auto status = Fill(foreground, (*server)->endpoint(), options.memory_keys); !status) {
    return status.error();
  }
  const auto size = (*server)->Call({"DBSIZE"});
  if (!size) return size.error();
  if (size->integer != options.memory_keys) {
    return base::Error{program + " holds " + std::to_string(size->integer) + " keys"};
  }
  return (ResidentBytes((*server)->pid()) - before) / static_cast<double>(options.memory_keys);
}

std::string Version(PinnedServer& server) {
  const auto info = server.Call({"INFO", "server"});
  if (!info) return "";
  constexpr std::string_view kField = "redis_version:";
  const size_t at = info->text.find(kField);
  if (at == std::string::npos) return "";
  return info->text.substr(at + kField.size(), info->text.find('\r', at) - at - kField.size());
}

struct Case {
  Load load;
  BenchFigure rate;
  std::optional<BenchFigure> cpu;
};

std::vector<Case> Cases(const BenchOptions& options) {
  std::vector<Case> cases;
  for (const char* test : {"set", "get"}) {
    const std::string name = base::ToUpper(test);
    cases.push_back({{test, 16, options.requests},
                     {name + ", 16 pipelined", "requests/s", true, 1.3, {}, {}},
                     BenchFigure{name + ", 16 pipelined, CPU", "us/request", false, 0.7, {}, {}}});
  }
  for (const char* test : {"set", "get"}) {
    cases.push_back({{test, 1, std::max<int64_t>(options.requests / 10, 1)},
                     {base::ToUpper(test) + ", one by one", "requests/s", true, 1.0, {}, {}},
                     std::nullopt});
  }
  return cases;
}

}  // namespace

base::Result<BenchReport> RunBench(Foreground& foreground, const Programs& redis,
                                   const Programs& ours, const BenchOptions& options,
                                   const std::function<void(const std::string&)>& on_progress) {
  const ScratchFolder scratch;
  if (scratch.path().empty()) return base::Error{"no temporary folder"};
  std::array<std::unique_ptr<PinnedServer>, 2> servers;
  const std::array<std::string, 2> programs = {redis.server, ours.server};
  std::array<std::string, 2> folders = {scratch.path() + "/redis", scratch.path() + "/quorate"};
  for (size_t i = 0; i < 2; ++i) {
    std::error_code error;
    fs::create_directory(folders[i], error);
    auto server = PinnedServer::Start(foreground, programs[i], folders[i]);
    if (!server) return server.error();
    servers[i] = std::move(*server);
    const Load warm_up{"set", 16, options.requests};
    if (auto run = RunLoad(foreground, *servers[i], warm_up, options, folders[i]); !run) {
      return run.error();
    }
  }
  BenchReport report{Version(*servers[0]), Version(*servers[1]), {}};

  std::vector<Case> cases = Cases(options);
  for (int round = 1; round <= options.rounds; ++round) {
    for (Case& one : cases) {
      for (size_t i = 0; i < 2; ++i) {
        const auto measured = RunLoad(foreground, *servers[i], one.load, options, folders[i]);
        if (!measured) return measured.error();
        (i == 0 ? one.rate.redis : one.rate.ours).push_back(measured->rate);
        if (one.cpu) (i == 0 ? one.cpu->redis : one.cpu->ours).push_back(measured->cpu_per_request);
      }
    }
    on_progress("round " + std::to_string(round) + " of " + std::to_string(options.rounds));
  }
  for (Case& one : cases) report.figures.push_back(std::move(one.rate));
  for (Case& one : cases) {
    if (one.cpu) report.figures.push_back(std::move(*one.cpu));
  }

  for (auto& server : servers) server.reset();
  BenchFigure memory{"memory", "bytes/key", false, 0.75, {}, {}};
  for (size_t i = 0; i < 2; ++i) {
    const auto bytes = BytesPerKey(foreground, programs[i], options, folders[i]);
    if (!bytes) return bytes.error();
    (i == 0 ? memory.redis : memory.ours).push_back(*bytes);
  }
  report.figures.push_back(std::move(memory));
  return report;
}

}  // namespace quorate::ops
