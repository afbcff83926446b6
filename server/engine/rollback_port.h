// What the engine's commands ask of the rollback records: QUORATE ROLLBACK and the figures that
// INFO shows. server/persistence implements it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "shared/base/result.h"

namespace quorate::server::engine {

// As INFO's Persistence section shows it.
struct RollbackStatus {
  uint64_t records = 0;  // kept on disk, and their bytes
  uint64_t bytes = 0;
  uint64_t written = 0;  // by this process
  bool last_write_ok = true;
  std::string last_id;         // the newest record; empty: none
  uint64_t last_commands = 0;  // in it
  uint64_t last_bytes = 0;

  bool replaying = false;
  std::string replay_id;  // the last one begun; empty: none. What it did, so far
  uint64_t replay_commands = 0;
  uint64_t replay_errors = 0;
  uint64_t replay_skipped = 0;
};

// What a record's summary says.
struct RollbackEntry {
  std::string id;
  uint64_t commands = 0;
  uint64_t keys = 0;
  uint64_t bytes = 0;
  uint64_t dataset_bytes = 0;  // of the snapshot beside it
  uint64_t missing_bytes = 0;
  bool estimated = false;
  int64_t written_after_ms = -1;  // Unix times; -1: unknown
  int64_t written_before_ms = -1;
  int64_t recorded_ms = 0;
  std::string took_over;
};

class RollbackPort {
 public:
  virtual ~RollbackPort() = default;
  virtual RollbackStatus status() const = 0;
  // Oldest first.
  virtual std::vector<RollbackEntry> List() const = 0;
  // Its first commands, SELECT, MULTI and EXEC included: at most `count`, and no more than lie in
  // the file's first 256 KB. Errors here and below have their code.
  using Commands = std::vector<std::vector<std::string>>;
  virtual base::Result<Commands> Show(std::string_view id, size_t count) = 0;
  // Begins to run its commands as a client's, between the turns of the loop. `if_unchanged`: only
  // those whose keys hold what they held when the record was made.
  virtual base::Status Replay(std::string_view id, bool if_unchanged) = 0;
};

}  // namespace quorate::server::engine
