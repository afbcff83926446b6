// The rollback records of this server: writes them, keeps as many as rollback-max-files and
// rollback-max-size allow (the newest always), and tells what there is.
//
// A record is two files in the folder `rollback` of the working directory, rollback_form.h says
// what is in them. The summary is durable before the commands are, so commands have a summary,
// whatever dies when. A third one, of what its keys are now, follows when the new data is there.
//
// Where the commands do not tell all that is lost (the stream lacks a part, or there is none, or
// the dataset has nothing to do with the one that replaces it), the whole dataset goes before them
// as a snapshot file, <id>.rdb, unless that would be larger than rollback-max-size. A record without
// a dataset that it should have counts as failed, as one that could not be written does.
//
// Thread rule: the loop thread.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "replication/runtime/ports.h"
#include "server/engine/engine.h"
#include "server/engine/rollback_port.h"
#include "server/persistence/rollback_base.h"
#include "server/persistence/rollback_form.h"
#include "server/persistence/rollback_replay.h"
#include "server/persistence/snapshots.h"
#include "shared/command/registry.h"
#include "shared/io/io.h"
#include "shared/log/logger.h"

namespace quorate::server::persistence {

class RollbackRecords final : public replication::runtime::RollbackRecorder,
                              public engine::RollbackPort {
 public:
  // `commands` is read in workers, and only read; it is no table that requests may rename.
  RollbackRecords(io::Io& io, engine::Engine& engine, Snapshots& snapshots,
                  std::shared_ptr<const command::Registry> commands, log::Logger& logger);
  ~RollbackRecords() override;

  // Looks what records the working directory has; at start, and after it was changed.
  void Load();

  void Record(replication::runtime::DiscardedStream discarded,
              std::function<void(base::Status)> done) override;
  engine::RollbackStatus status() const override;
  std::vector<engine::RollbackEntry> List() const override;
  base::Result<Commands> Show(std::string_view id, size_t count) override;
  base::Status Replay(std::string_view id, bool if_unchanged) override;

 private:
  struct Job;
  struct KeyNotes {
    std::string id;
    std::vector<RollbackBase::Key> keys;
    size_t done = 0;
    RollbackBase base;
  };

  // Of a snapshot file in the folder: one without a record is told of, an unfinished one removed.
  void LookAtDataset(const std::string& name);
  bool WantsDataset(const Job& job) const;
  void WriteDataset(const std::shared_ptr<Job>& job);
  void OnDatasetProgress(Job& made);
  // The record goes on without it, if it must; who asked is told.
  void EndDataset(const std::shared_ptr<Job>& job, const base::Status& status);
  void Write(const std::shared_ptr<Job>& job);
  void Finish(Job& job, const base::Status& status);
  void Keep(const RollbackSummary& summary);
  void Discard(const RollbackSummary& summary);
  uint64_t Bytes() const;
  // Writes down what the keys of a record are now, some at a time.
  void NoteKeys(const RollbackRecord& record);
  void NoteSomeKeys();
  // What NoteKeys wrote.
  base::Result<RollbackBase> ReadKeys(std::string_view id) const;
  // Error: there is no such record, or its file cannot be opened.
  base::Result<std::unique_ptr<io::ReadableFile>> Open(std::string_view id) const;
  void OnReplayed(const base::Status& status);

  io::Io& io_;
  engine::Engine& engine_;
  Snapshots& snapshots_;
  const std::shared_ptr<const command::Registry> commands_;
  log::Logger& logger_;
  std::vector<RollbackSummary> records_;  // oldest first
  uint64_t written_ = 0;
  bool last_write_ok_ = true;
  uint64_t datasets_begun_ = 0;
  const std::unique_ptr<io::Timer> snapshot_timer_;  // until no other snapshot is in the making
  std::shared_ptr<Job> waiting_;                     // for that
  std::vector<std::shared_ptr<Job>> in_snapshot_;
  std::unique_ptr<RollbackReplay> replay_;  // in progress
  std::string replay_id_;
  uint64_t replay_commands_ = 0;  // of the last one, when it has ended
  uint64_t replay_errors_ = 0;
  uint64_t replay_skipped_ = 0;
  KeyNotes notes_;  // in progress
  const std::unique_ptr<io::Timer> notes_timer_;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

}  // namespace quorate::server::persistence
