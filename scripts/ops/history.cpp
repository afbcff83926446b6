#include "scripts/ops/history.h"

#include <algorithm>

#include "shared/base/check.h"

namespace quorate::ops {

History::Index History::Invoke(int writer, int64_t sequence, WriteKind kind, base::Instant now,
                               uint16_t server) {
  Write write;
  write.writer = writer;
  write.sequence = sequence;
  write.kind = kind;
  write.invoked = now;
  write.server = server;
  writes_.push_back(std::move(write));
  return writes_.size() - 1;
}

Write& History::Complete(Index write, WriteOutcome outcome, base::Instant now) {
  CHECK(write < writes_.size());
  CHECK(writes_[write].outcome == WriteOutcome::kPending);
  writes_[write].outcome = outcome;
  writes_[write].completed = now;
  return writes_[write];
}

void History::Ok(Index write, base::Instant now, int64_t counter) {
  Complete(write, WriteOutcome::kOk, now).counter = counter;
}

void History::Failed(Index write, base::Instant now, std::string error) {
  Complete(write, WriteOutcome::kFailed, now).error = std::move(error);
}

void History::Unknown(Index write, base::Instant now, std::string reason) {
  Complete(write, WriteOutcome::kUnknown, now).error = std::move(reason);
}

size_t History::Count(WriteOutcome outcome) const {
  return static_cast<size_t>(std::ranges::count(writes_, outcome, &Write::outcome));
}

std::string KeyOf(int writer, int64_t sequence) {
  return "drill:" + std::to_string(writer) + ":" + std::to_string(sequence);
}

std::string ValueOf(int writer, int64_t sequence) {
  return "written-by-" + std::to_string(writer) + "-as-" + std::to_string(sequence);
}

}  // namespace quorate::ops
