// Where a replica stands in the stream it applies. Offsets may move only between commands and never
// inside MULTI: a link cut in a transaction asks again from before its MULTI, and sub-replicas are
// never fed half of one. So the bytes of an open transaction are collected here and released, as
// one piece, by its EXEC.
//
// Invariants
//   S1  pending() is empty unless inside a transaction.
//   S2  db() is what the last SELECT of the released bytes selected; a SELECT inside a
//       transaction counts with its EXEC.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "shared/base/buffer.h"

namespace quorate::replication::core {

class StreamTracker {
 public:
  enum class Verdict {
    kApply,   // run it; then Applied() says what may be released
    kGetAck,  // REPLCONF GETACK: acknowledge what was released before it; not to be run
    kSkip,    // REPLCONF of another kind: counts, is not run
  };

  static Verdict Classify(std::span<const std::string_view> args);

  // The command has been run (or skipped). Returns the bytes that are now applied for good: `raw`
  // itself outside transactions, the whole transaction at its EXEC, nothing inside one. Valid until
  // the next call.
  std::string_view Applied(std::span<const std::string_view> args, std::string_view raw);

  bool in_transaction() const { return in_transaction_; }
  std::string_view pending() const { return released_ ? std::string_view() : pending_.view(); }
  // The selected database at the released offset; -1 = none selected yet.
  int db() const { return db_; }

  // A link starts: after a snapshot with its repl-stream-db, after a partial resync with the
  // remembered db().
  void Restart(int db);

 private:
  bool in_transaction_ = false;
  bool released_ = false;  // pending_ was handed out and is dropped by the next call
  int db_ = -1;
  int transaction_db_ = -1;
  base::Buffer pending_;
};

}  // namespace quorate::replication::core
