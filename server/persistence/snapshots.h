// Where every snapshot of this server's data begins: in the background as a SnapshotJob, one cut at
// a time, or at once where the caller has to wait anyway (SAVE, shutdown, DEBUG RELOAD).
//
// Lifetime: outlives the jobs it began. Thread rule: the loop thread.
#pragma once

#include <functional>
#include <memory>
#include <string_view>
#include <vector>

#include "replication/snapshot/record.h"
#include "server/engine/engine.h"
#include "server/persistence/snapshot_job.h"
#include "shared/base/result.h"
#include "shared/io/io.h"

namespace quorate::server::persistence {

class Snapshots {
 public:
  Snapshots(io::Io& io, engine::Engine& engine) : io_(io), engine_(engine) {}

  // A cut is being swept: no other one can be made.
  bool busy() const { return Sweeping() != nullptr; }
  // The job whose cut that is; null if there is none.
  std::shared_ptr<SnapshotJob> Sweeping() const {
    std::shared_ptr<SnapshotJob> job = LastJob();
    if (job != nullptr && !job->sweeping()) job.reset();
    return job;
  }

  struct Request {
    replication::snapshot::Meta meta;  // the history's part; the rest is filled in
    bool exclude_data = false;
    std::function<base::Status(std::string_view)> write = {};
    std::function<void()> on_progress;
  };
  // Precondition: !busy().
  std::shared_ptr<SnapshotJob> Begin(Request request);
  // Encodes everything before it returns. `write` gets the bytes in order; its error ends it.
  base::Status WriteNow(const replication::snapshot::Meta& meta,
                        const std::function<base::Status(std::string_view)>& write);

  // Memory that snapshots in the making take beside the keyspace.
  size_t HeldBytes() const;

  // Whatever is taken out of the databases passes here before it is freed.
  void Retain(std::vector<store::Keyspace::Content>& contents) {
    if (const std::shared_ptr<SnapshotJob> job = LastJob()) job->Retain(contents);
  }

 private:
  std::shared_ptr<SnapshotJob> LastJob() const {
    return jobs_.empty() ? nullptr : jobs_.back().lock();
  }
  replication::snapshot::Meta Completed(replication::snapshot::Meta meta) const;
  replication::snapshot::WriterOptions options() const;
  RecordForm form() const;

  io::Io& io_;
  engine::Engine& engine_;
  // In the order of their beginning; those before the last have been swept.
  std::vector<std::weak_ptr<SnapshotJob>> jobs_;
};

}  // namespace quorate::server::persistence
