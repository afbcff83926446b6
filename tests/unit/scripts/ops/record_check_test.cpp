#include "scripts/ops/record_check.h"

#include <doctest/doctest.h>

namespace quorate::ops {
namespace {

using std::chrono::milliseconds;

base::Instant At(int ms) { return base::Instant(milliseconds(ms)); }
const base::Instant kFault = At(10'000);

// Writer 0 was promised sets 1 and 2 and increments 3 and 4; nobody knows of set 5 and increment 6.
// Of that, set 1 lives, and so does increment 3, whose number is the only one.
struct Round {
  Round() {
    Set(1);
    Set(2);
    Increment(3, 1);
    Increment(4, 2);
    Unknown(5, WriteKind::kSet);
    Unknown(6, WriteKind::kIncrement);
    Increment(7, 2);  // of the new primary
    final.present = {{0, 1}};
    final.counter = 2;
  }
  void Set(int64_t sequence) {
    history.Ok(history.Invoke(0, sequence, WriteKind::kSet, At(9'000)), At(9'001));
  }
  void Increment(int64_t sequence, int64_t counter) {
    const int ms = static_cast<int>(9'000 + sequence);
    history.Ok(history.Invoke(0, sequence, WriteKind::kIncrement, At(ms)), At(ms), counter);
  }
  void Unknown(int64_t sequence, WriteKind kind) {
    history.Unknown(history.Invoke(0, sequence, kind, At(9'500)), At(9'700), "timed out");
  }
  RecordFindings Examine(const std::vector<RecordedCommand>& commands) const {
    return ExamineRecord(history, final, ExamineWrites(history, final, kFault).lost, commands);
  }

  History history;
  FinalState final;
};

RecordedCommand SetOf(int64_t sequence) {
  return {"SET", KeyOf(0, sequence), ValueOf(0, sequence)};
}
const RecordedCommand kIncrement = {"INCR", kCounterKey};

}  // namespace

TEST_CASE("record check: exactly the lost writes") {
  const RecordFindings findings = Round().Examine({{"SELECT", "0"}, SetOf(2), kIncrement});
  CHECK(findings.lost == 2);
  CHECK(findings.missing == 0);
  CHECK(findings.unanswered == 0);
  CHECK(findings.foreign == 0);
}

TEST_CASE("record check: what is not recorded is missing, each write once") {
  CHECK(Round().Examine({}).missing == 2);
  CHECK(Round().Examine({SetOf(2)}).missing == 1);
  CHECK(Round().Examine({kIncrement}).missing == 1);
  // Under its key, but not its value.
  const RecordFindings findings = Round().Examine({{"SET", KeyOf(0, 2), "other"}, kIncrement});
  CHECK(findings.missing == 1);
  CHECK(findings.foreign == 1);
}

TEST_CASE("record check: writes without an answer may be recorded") {
  const RecordFindings findings = Round().Examine({SetOf(2), SetOf(5), kIncrement, kIncrement});
  CHECK(findings.missing == 0);
  CHECK(findings.unanswered == 2);
  CHECK(findings.foreign == 0);
}

TEST_CASE("record check: what was not lost does not belong there") {
  CHECK(Round().Examine({SetOf(2), kIncrement, SetOf(1)}).foreign == 1);
  CHECK(Round().Examine({SetOf(2), SetOf(2), kIncrement}).foreign == 1);
  CHECK(Round().Examine({SetOf(2), kIncrement, kIncrement, kIncrement}).foreign == 1);
  CHECK(Round().Examine({SetOf(2), kIncrement, {"DEL", KeyOf(0, 1)}}).foreign == 1);
}

TEST_CASE("record check: a file is read whole or not at all") {
  std::vector<RecordedCommand> commands;
  const std::string file = "*2\r\n$6\r\nSELECT\r\n$1\r\n0\r\n*2\r\n$4\r\nINCR\r\n$1\r\na\r\n";
  CHECK(AppendRecorded(file, commands).ok());
  CHECK(commands == std::vector<RecordedCommand>{{"SELECT", "0"}, {"INCR", "a"}});
  CHECK(!AppendRecorded(file.substr(0, file.size() - 1), commands).ok());
  CHECK(!AppendRecorded("*x\r\n", commands).ok());
}

}  // namespace quorate::ops
