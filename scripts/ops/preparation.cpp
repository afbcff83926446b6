#include "scripts/ops/preparation.h"

#include <filesystem>
#include <utility>

namespace quorate::ops {
namespace {

namespace fs = std::filesystem;

constexpr const char* kDiskBacklog = "repl-backlog-disk-size";
constexpr const char* kDiskBacklogBytes = "268435456";
constexpr const char* kMemoryBacklogBytes = "65536";
constexpr const char* kSavePoints = "3600 1";  // none is reached within a drill

}  // namespace

Preparation::Preparation(Foreground& foreground, const Deployment& deployment)
    : deployment_(deployment), settings_(foreground) {}

Preparation::~Preparation() { RemoveSnapshotFile(); }

base::Status Preparation::Make(Scenario scenario, const std::string& primary) {
  const Topology& topology = deployment_.topology();
  if (scenario == Scenario::kCutReplica)
    return PrepareCut(topology.EndpointOf(PortOf(topology, primary)));
  if (scenario != Scenario::kRestartPrimary) return {};
  const std::string file = deployment_.directory() + "/" + primary + "/dump.rdb";
  if (!fs::exists(file)) snapshot_file_ = file;
  return PrepareRestart();
}

base::Status Preparation::PrepareCut(const base::Endpoint& primary) {
  if (auto status = settings_.TurnOn(primary, kDiskBacklog, "0", kDiskBacklogBytes); !status)
    return status;
  return settings_.Set(primary, "repl-backlog-size", kMemoryBacklogBytes);
}

base::Status Preparation::PrepareRestart() {
  const Topology& topology = deployment_.topology();
  for (const ServerNode& server : topology.servers) {
    const base::Endpoint endpoint = topology.EndpointOf(server.port);
    if (auto status = settings_.TurnOn(endpoint, kDiskBacklog, "0", kDiskBacklogBytes); !status)
      return status;
    if (auto status = settings_.TurnOn(endpoint, "save", "", kSavePoints); !status) return status;
  }
  return settings_.Rewrite();
}

void Preparation::RemoveSnapshotFile() {
  if (snapshot_file_.empty()) return;
  std::error_code ignored;  // it is no harm to a deployment that saves nothing else
  fs::remove(std::exchange(snapshot_file_, {}), ignored);
}

base::Status Preparation::Undo() {
  auto status = settings_.Restore();
  RemoveSnapshotFile();
  return status;
}

}  // namespace quorate::ops
