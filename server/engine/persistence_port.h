// What the engine's commands ask of the snapshot files: SAVE, BGSAVE, and the figures that LASTSAVE
// and INFO show. server/persistence implements it.
#pragma once

#include <cstdint>
#include <optional>

#include "shared/base/result.h"

namespace quorate::server::engine {

// What INFO's Persistence section shows beside the engine's own figures (loading, unsaved_changes,
// snapshots_fail, last_save_seconds). Times of -1 mean none.
struct PersistenceStatus {
  int64_t loading_start_seconds = 0;
  uint64_t loading_total_bytes = 0;
  uint64_t loading_loaded_bytes = 0;
  int64_t loading_seconds = 0;           // so far
  uint64_t loading_rdb_used_memory = 0;  // of the server that wrote the file

  bool saving = false;  // a snapshot is in the making, for a file or for replicas
  uint64_t saving_keys_done = 0;
  uint64_t saving_keys_total = 0;
  uint64_t saving_bytes_waiting = 0;  // held beside the keyspace for it
  uint64_t saving_bytes_peak = 0;
  uint64_t last_save_bytes_peak = 0;  // of the last file
  int64_t last_background_seconds = -1;
  int64_t current_background_seconds = -1;
  uint64_t saves = 0;
  // A restart could not go on from the snapshot file to what the on-disk backlog has, or soon
  // could not.
  bool disk_wants_snapshot = false;
  uint64_t last_load_keys_expired = 0;
  uint64_t last_load_keys_loaded = 0;
};

class PersistencePort {
 public:
  virtual ~PersistencePort() = default;

  // SAVE: returns when the file is in place. The message has its code.
  virtual base::Status Save() = 0;
  enum class Background { kStarted, kScheduled };
  // BGSAVE. `in_transaction`: the state is between two commands of one unit, so it begins later.
  virtual base::Result<Background> SaveInBackground(bool in_transaction) = 0;
  // FLUSHALL: a file in the making would bring back what is gone; with save points what is left is
  // written before anybody is answered.
  virtual void OnFlushedAll() = 0;
  virtual PersistenceStatus status() const = 0;
};

}  // namespace quorate::server::engine
