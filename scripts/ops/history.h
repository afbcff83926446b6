// What the drill's writers did: every write with its invocation and its outcome in monotonic time,
// in the order of invocation. Append-only. A write without an answer is *unknown*, never *failed*:
// it may be there or not.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "shared/base/time.h"

namespace quorate::ops {

// Two kinds of write. kSet stores a value of its own under a key of its own: it is there at the end
// or it is lost. kIncrement adds one to a counter that all writers share: no two acknowledged ones
// may have got the same number.
enum class WriteKind { kSet, kIncrement };

enum class WriteOutcome {
  kPending,  // invoked, nothing heard yet; at the end of a drill the same as unknown
  kOk,
  kFailed,   // the server said no: it must not be there
  kUnknown,  // timeout or a lost connection
};

struct Write {
  int writer = 0;
  int64_t sequence = 0;  // counts up per writer, over both kinds
  WriteKind kind = WriteKind::kSet;
  WriteOutcome outcome = WriteOutcome::kPending;
  base::Instant invoked;
  base::Instant completed;  // valid unless pending
  uint16_t server = 0;      // the port of the server that was asked
  int64_t counter = 0;      // kIncrement and kOk: the number that the server answered
  std::string error;        // kFailed: the server's text; kUnknown: what happened to the connection
};

class History {
 public:
  // The handle of a write in this history.
  using Index = size_t;

  Index Invoke(int writer, int64_t sequence, WriteKind kind, base::Instant now,
               uint16_t server = 0);
  // Precondition: the write is pending.
  void Ok(Index write, base::Instant now, int64_t counter = 0);
  void Failed(Index write, base::Instant now, std::string error);
  void Unknown(Index write, base::Instant now, std::string reason);

  const std::vector<Write>& writes() const { return writes_; }
  size_t Count(WriteOutcome outcome) const;

 private:
  Write& Complete(Index write, WriteOutcome outcome, base::Instant now);

  std::vector<Write> writes_;
};

// The key and the value of a kSet write; the key of the counter.
std::string KeyOf(int writer, int64_t sequence);
std::string ValueOf(int writer, int64_t sequence);
inline constexpr const char* kCounterKey = "drill:counter";

}  // namespace quorate::ops
