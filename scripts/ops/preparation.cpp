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

Preparation::~Preparation() { RemoveSnapshotFiles(); }

base::Status Preparation::Make(Scenario scenario, const std::string& primary) {
  if (scenario == Scenario::kCutReplica) return PrepareCut(primary);
  if (scenario == Scenario::kRestartPrimary) return PrepareRestart();
  return {};
}

base::Status Preparation::PrepareCut(const std::string& primary) {
  if (auto status = TurnOnDiskBacklog(primary); !status) return status;
  const Topology& topology = deployment_.topology();
  return settings_.Set(topology.EndpointOf(PortOf(topology, primary)), "repl-backlog-size",
                       kMemoryBacklogBytes);
}

base::Status Preparation::PrepareRestart() {
  const Topology& topology = deployment_.topology();
  for (const ServerNode& server : topology.servers) {
    if (auto status = TurnOnDiskBacklog(server.name); !status) return status;
    const auto before = settings_.TurnOn(topology.EndpointOf(server.port), "save", "", kSavePoints);
    if (!before) return before.error();
  }
  return settings_.Rewrite();
}

base::Status Preparation::TurnOnDiskBacklog(const std::string& server) {
  const Topology& topology = deployment_.topology();
  const std::string file = deployment_.directory() + "/" + server + "/dump.rdb";
  const bool had_file = fs::exists(file);
  const auto before = settings_.TurnOn(topology.EndpointOf(PortOf(topology, server)), kDiskBacklog,
                                       "0", kDiskBacklogBytes);
  if (!before) return before.error();
  if (!had_file && *before != TemporarySettings::Before::kOn) snapshot_files_.push_back(file);
  return {};
}

void Preparation::RemoveSnapshotFiles() {
  // One that cannot be removed does no harm: it is a snapshot of what its server had.
  std::error_code ignored;
  for (const std::string& file : std::exchange(snapshot_files_, {})) fs::remove(file, ignored);
}

base::Status Preparation::Undo() {
  auto status = settings_.Restore();
  RemoveSnapshotFiles();
  return status;
}

}  // namespace quorate::ops
