#include "scripts/ops/fault.h"

#include <signal.h>

#include <utility>

#include "scripts/ops/ask.h"
#include "shared/base/check.h"

namespace quorate::ops {
namespace {

// The primary writes alone: shorter than what may be lost, and than sentinels take for a failure.
constexpr base::Duration kAlone = std::chrono::milliseconds(300);
constexpr base::Duration kCommandTimeout = std::chrono::seconds(2);
// A clean exit waits for the replicas (shutdown-timeout, 10 seconds) and writes the snapshot file.
constexpr base::Duration kExitLimit = std::chrono::seconds(30);

}  // namespace

base::Status Fault::Inject(Scenario scenario, const std::string& primary) {
  if (scenario == Scenario::kOldPrimaryReturns) {
    if (auto status = WriteAlone(primary); !status) return status;
  }
  begun_ = foreground_.Now();
  switch (scenario) {
    case Scenario::kKillPrimary:
      ended_.push_back(primary);
      return deployment_.Signal(primary, SIGKILL);
    case Scenario::kPausePrimary:
      return Stop(primary);
    case Scenario::kSwitchover:
      return Switchover();
    case Scenario::kOldPrimaryReturns:
      if (auto status = Stop(primary); !status) return status;
      return WakeReplicas(primary);
    case Scenario::kRestartEmptyPrimary:
      if (auto status = End(primary, SIGKILL); !status) return status;
      if (auto status = deployment_.RemoveData(primary); !status) return status;
      return Undo();
    case Scenario::kRestartPrimary:
      if (auto status = End(primary, SIGTERM); !status) return status;
      return Undo();
    case Scenario::kCutReplica:
      break;
  }
  CHECK(scenario != Scenario::kCutReplica);
  return {};
}

base::Status Fault::Stop(const std::string& name) {
  stopped_.push_back(name);
  return deployment_.Signal(name, SIGSTOP);
}

base::Status Fault::End(const std::string& name, int signal) {
  ended_.push_back(name);
  if (auto status = deployment_.Signal(name, signal); !status) return status;
  if (!foreground_.WaitUntil([&] { return !deployment_.Running(name); }, kExitLimit))
    return base::Error{name + " was told to end and runs still"};
  return {};
}

base::Status Fault::WriteAlone(const std::string& primary) {
  const Topology& topology = deployment_.topology();
  for (const ServerNode& server : topology.servers) {
    if (server.name == primary) continue;
    if (auto status = Stop(server.name); !status) return status;
  }
  // What is on its way to a stopped process would reach it all the same: the links have to go.
  const auto cut = DropReplicaLinks(foreground_, topology.EndpointOf(PortOf(topology, primary)));
  if (!cut) return cut.error();
  if (!foreground_.Pass(kAlone)) return base::Error{"interrupted"};
  return {};
}

base::Status Fault::WakeReplicas(const std::string& primary) {
  const std::vector<std::string> stopped = stopped_;
  for (const std::string& name : stopped) {
    if (name == primary) continue;
    if (auto status = deployment_.Signal(name, SIGCONT); !status) return status;
    std::erase(stopped_, name);
  }
  return {};
}

base::Status Fault::Switchover() {
  const Topology& topology = deployment_.topology();
  const auto reply = Ask(foreground_, topology.EndpointOf(topology.sentinels.front().port),
                         {"SENTINEL", "FAILOVER", topology.group}, kCommandTimeout);
  if (!reply) return base::Error{"SENTINEL FAILOVER: " + reply.error().message};
  if (reply->is_error()) return base::Error{"SENTINEL FAILOVER: " + reply->text};
  return {};
}

base::Status Fault::Undo() {
  base::Status undone;
  for (const std::string& name : std::exchange(stopped_, {})) {
    if (auto status = deployment_.Signal(name, SIGCONT); !status) undone = status;
  }
  for (const std::string& name : std::exchange(ended_, {})) {
    if (auto status = deployment_.Start(name); !status) undone = status;
  }
  return undone;
}

base::Result<int64_t> DropReplicaLinks(Foreground& foreground, const base::Endpoint& primary) {
  const auto cut = Ask(foreground, primary, {"CLIENT", "KILL", "TYPE", "replica"}, kCommandTimeout);
  if (!cut) return base::Error{"CLIENT KILL: " + cut.error().message};
  if (cut->is_error()) return base::Error{"CLIENT KILL: " + cut->text};
  return cut->integer;
}

}  // namespace quorate::ops
