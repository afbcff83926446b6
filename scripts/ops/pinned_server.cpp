#include "scripts/ops/pinned_server.h"

#include <algorithm>
#include <fstream>
#include <sstream>

#include "scripts/ops/free_ports.h"

namespace quorate::ops {
namespace {

constexpr base::Duration kAnswerTimeout = std::chrono::seconds(5);

std::string ReadAll(const std::string& path) {
  std::ostringstream text;
  text << std::ifstream(path).rdbuf();
  return text.str();
}

}  // namespace

PinnedServer::PinnedServer(Foreground& foreground, ProcessId process, base::Endpoint endpoint)
    : foreground_(foreground), process_(std::move(process)), endpoint_(std::move(endpoint)) {}

PinnedServer::~PinnedServer() { (void)StopProcess(process_); }

base::Result<std::unique_ptr<PinnedServer>> PinnedServer::Start(
    Foreground& foreground, const std::string& program, const std::string& core,
    const std::string& folder, const std::vector<std::string>& more) {
  const auto ports = FreePorts(foreground.io(), "127.0.0.1", 1);
  if (!ports) return ports.error();
  const uint16_t port = ports->front();
  std::vector<std::string> argv;
  if (!core.empty()) argv = {"taskset", "-c", core};
  argv.insert(argv.end(), {program, "--port", std::to_string(port), "--bind", "127.0.0.1", "--save",
                           "", "--appendonly", "no", "--dir", folder});
  argv.insert(argv.end(), more.begin(), more.end());
  const auto process = StartDetached(argv, folder + "/log");
  if (!process) return process.error();
  std::unique_ptr<PinnedServer> server(new PinnedServer(foreground, *process, {"127.0.0.1", port}));
  if (auto status = server->AwaitAnswer(); !status) {
    return base::Error{program + ": " + status.error().message + "\n" + ReadAll(folder + "/log")};
  }
  return server;
}

base::Status PinnedServer::AwaitAnswer() {
  for (int attempt = 0; attempt < 100 && IsAlive(process_); ++attempt) {
    if (Call({"PING"})) return {};
    if (!foreground_.Pass(std::chrono::milliseconds(50))) return base::Error{"interrupted"};
  }
  return base::Error{"does not answer"};
}

base::Result<resp::Value> PinnedServer::Call(const Command& command) {
  auto reply = Ask(foreground_, endpoint_, command, kAnswerTimeout);
  if (reply && reply->is_error()) return base::Error{command[0] + ": " + reply->text};
  return reply;
}

std::string PinnedServer::InfoField(const std::string& section, const std::string& field) {
  const auto info = Call({"INFO", section});
  const size_t at = info ? info->text.find("\n" + field + ":") : std::string::npos;
  if (at == std::string::npos) return "";
  const size_t start = at + field.size() + 2;
  return info->text.substr(start, info->text.find('\r', start) - start);
}

std::string PinnedServer::Version() {
  const std::string ours = InfoField("server", "quorate_version");
  return ours.empty() ? InfoField("server", "redis_version") : ours;
}

}  // namespace quorate::ops
