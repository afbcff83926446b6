// The keyspace as replication sees it: something that can be sent as a snapshot, and replaced by
// one that was staged beside it.
#pragma once

#include <functional>
#include <memory>
#include <optional>

#include "replication/runtime/ports.h"
#include "server/engine/engine.h"
#include "server/persistence/snapshots.h"
#include "server/persistence/staged_databases.h"
#include "server/store/databases.h"

namespace quorate::server::persistence {

class Dataset final : public replication::runtime::Dataset {
 public:
  Dataset(engine::Engine& engine, Snapshots& snapshots) : engine_(engine), snapshots_(snapshots) {}

  bool CanBeginSnapshot() const override { return !snapshots_.busy(); }
  std::unique_ptr<replication::runtime::SnapshotProducer> BeginSnapshot(
      const replication::runtime::SnapshotRequest& request,
      std::function<void()> on_ready) override;
  replication::snapshot::ReaderOptions reader_options() const override;
  // repl-diskless-load decides what clients are answered until the staging is committed or dropped.
  std::unique_ptr<replication::runtime::Staging> BeginStaging(bool same_history) override;
  // No file here holds what a primary has sent: each key is an unsaved change, and so is having
  // none.
  void CommitStaging(std::unique_ptr<replication::runtime::Staging> staging) override;
  void DiscardStaging(std::unique_ptr<replication::runtime::Staging> staging) override;

  bool Empty() const override;

  // As BeginStaging and CommitStaging, for a file that is read at start: it changes nothing.
  std::unique_ptr<StagedDatabases> BeginLoading(std::optional<base::WallTime> drop_expired);
  void CommitLoading(std::unique_ptr<StagedDatabases> staged);

  // Encodes everything and replaces it by what that decodes to; on failure nothing changed.
  base::Status Reload();

 private:
  engine::Engine& engine_;
  Snapshots& snapshots_;
};

// What a string takes in a snapshot.
size_t SerializedBytes(std::string_view value);

}  // namespace quorate::server::persistence
