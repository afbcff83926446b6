// Snapshot files: SAVE, BGSAVE, the save points, what the on-disk backlog needs to be of use, and
// the last save before an exit. At most one file is in the making. A background save is a
// SnapshotJob whose bytes a worker writes; syncing and renaming are the worker's as well.
//
//   Idle --SaveInBackground--> Writing --complete--> Syncing --> Publishing --> Idle
//
// Invariants
//   F1  The file under its own name is always a whole snapshot, the old one or the new one.
//   F2  unsaved_changes falls only by what a published file holds.
//   F3  A file is cut between two units of effects, so its replication offset is exact.
//   F4  Nothing of a save that was given up is published.
//
// Thread rule: the loop thread.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "replication/core/disk_index.h"
#include "replication/snapshot/record.h"
#include "server/engine/engine.h"
#include "server/engine/persistence_port.h"
#include "server/persistence/save_file.h"
#include "server/persistence/snapshots.h"
#include "shared/base/result.h"
#include "shared/base/time.h"
#include "shared/io/io.h"
#include "shared/log/logger.h"

namespace quorate::server::persistence {

// The history that a snapshot taken now is a prefix of; nothing if there is none.
replication::snapshot::Meta HistoryOf(const engine::ReplicationPort& replication);

class Saver final : public engine::PersistencePort {
 public:
  // After a failure the save points wait this long.
  static constexpr base::Duration kRetryPause = std::chrono::seconds(5);
  // After a file, the on-disk backlog gets no other for so many times as long as it took, however
  // much is written.
  static constexpr int kDiskRest = 9;

  Saver(io::Io& io, engine::Engine& engine, Snapshots& snapshots, log::Logger& logger);
  // Gives up what is in the making.
  ~Saver() override;

  base::Status Save() override;
  base::Result<Background> SaveInBackground(bool in_transaction) override;
  void OnFlushedAll() override;
  engine::PersistenceStatus status() const override;

  // Looks at the save points and at the on-disk backlog, and begins what was postponed.
  void Cron();
  // The file under the configured name was loaded, as the history that it names, if it does.
  void OnFileLoaded(const replication::snapshot::Meta& meta) { file_ = DescribeFile(meta); }
  // Another name or directory is configured: whatever is there is of another dataset.
  void OnFileMoved();
  // No command runs, and nobody has been answered yet: writes what a FLUSHALL has left. In the
  // middle of its own unit the offset would still be the one before it, and a replica that goes on
  // from there would keep its keys for ever.
  void EndTurn() { WriteIfFlushed(); }
  // SHUTDOWN: whatever is in the making gives way.
  base::Status SaveAtExit();
  // What the loader shows while it works, and what remains of it afterwards.
  engine::PersistenceStatus& shown() { return shown_; }

 private:
  base::Status Begin();
  void OnProgress();
  void Finish(const base::Status& status);
  void GiveUp();
  static replication::core::SnapshotFile DescribeFile(const replication::snapshot::Meta& meta);
  void NoteSaved(int64_t changes);
  // The on-disk backlog needs a file, and those before did not take too much of the time.
  bool WantedByDisk() const;
  base::Result<std::shared_ptr<SaveFile>> CreateFile();
  base::Status WriteFile();
  base::Status WriteFileOrWarn();
  void WriteIfFlushed();

  io::Io& io_;
  engine::Engine& engine_;
  Snapshots& snapshots_;
  log::Logger& logger_;
  engine::PersistenceStatus shown_;
  uint64_t file_number_ = 0;  // of the last one begun
  bool scheduled_ = false;    // a BGSAVE that could not begin yet
  bool flushed_ = false;      // and not written since
  replication::core::SnapshotFile file_;
  base::Instant rest_until_{};  // of what the on-disk backlog wants
  base::Instant last_try_{};

  struct InProgress {
    std::shared_ptr<SaveFile> file;
    std::shared_ptr<SnapshotJob> job;
    uint64_t number = 0;
    int64_t changes = 0;  // that the file will hold
    replication::snapshot::Meta meta;
    bool publishing = false;
    bool moved = false;  // the file is not the configured one any more
  };
  std::unique_ptr<InProgress> in_progress_;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

}  // namespace quorate::server::persistence
