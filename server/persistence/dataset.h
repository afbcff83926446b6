// The keyspace as replication sees it: something that can be written out as a snapshot, and
// replaced by one that was staged beside it. A snapshot is the state at the instant of
// BeginSnapshot; today it is encoded there and then, in one sweep, and handed out in slices.
#pragma once

#include <memory>

#include "replication/runtime/ports.h"
#include "server/engine/engine.h"
#include "server/store/databases.h"

namespace quorate::server::persistence {

class Dataset final : public replication::runtime::Dataset {
 public:
  explicit Dataset(engine::Engine& engine) : engine_(engine) {}

  std::unique_ptr<replication::runtime::SnapshotProducer> BeginSnapshot(
      const replication::runtime::SnapshotRequest& request) override;
  replication::snapshot::ReaderOptions reader_options() const override;
  std::unique_ptr<replication::runtime::Staging> BeginStaging() override;
  void CommitStaging(std::unique_ptr<replication::runtime::Staging> staging) override;

  // Encodes everything and replaces it by what that decodes to; on failure nothing changed.
  base::Status Reload();

 private:
  engine::Engine& engine_;
};

// What a string takes in a snapshot.
size_t SerializedBytes(std::string_view value);

}  // namespace quorate::server::persistence
