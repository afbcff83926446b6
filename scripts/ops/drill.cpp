#include "scripts/ops/drill.h"

#include <filesystem>
#include <utility>

#include "scripts/ops/observation.h"

namespace quorate::ops {
namespace {

std::string Label(const std::string& program, const std::string& version) {
  return std::filesystem::path(program).filename().string() + " " + version;
}

}  // namespace

base::Duration DefaultWriteGap(Scenario scenario, const Topology& topology) {
  const base::Duration beyond = std::chrono::seconds(2);
  const bool detected = scenario != Scenario::kSwitchover && scenario != Scenario::kCutReplica;
  return detected ? topology.down_after + beyond : beyond;
}

base::Result<DrillReport> RunDrill(Foreground& foreground, Deployment& deployment,
                                   const DrillOptions& options,
                                   const std::function<void(const std::string&)>& on_progress) {
  DrillReport report;
  report.scenario = options.scenario;
  report.topology = deployment.topology();
  report.writers = options.writers;
  report.replicas = options.replicas;
  const auto before = AwaitReady(foreground, deployment, kReadyLimit);
  if (!before)
    return base::Error{"the deployment is not fit for a drill: " + before.error().message};
  report.server = Label(deployment.programs().server, before->servers.front().version);
  report.sentinel = Label(deployment.programs().sentinel, before->sentinels.front().version);
  for (int i = 1; i <= options.rounds; ++i) {
    auto round = RunRound(foreground, deployment, options);
    if (!round) return base::Error{"round " + std::to_string(i) + ": " + round.error().message};
    on_progress("round " + std::to_string(i) + " of " + std::to_string(options.rounds) + ": " +
                Summary(options.scenario, *round));
    report.rounds.push_back(std::move(*round));
  }
  return report;
}

}  // namespace quorate::ops
