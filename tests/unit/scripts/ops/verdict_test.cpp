#include "scripts/ops/verdict.h"

#include <doctest/doctest.h>

namespace quorate::ops {
namespace {

using std::chrono::milliseconds;

base::Instant At(int ms) { return base::Instant(milliseconds(ms)); }
const base::Instant kFault = At(10'000);
const Limits kLimits{milliseconds(2000), milliseconds(1000)};

void WriteOk(History& history, int writer, int64_t sequence, int ms) {
  history.Ok(history.Invoke(writer, sequence, WriteKind::kSet, At(ms - 1)), At(ms));
}

void IncrementOk(History& history, int64_t sequence, int ms, int64_t counter) {
  history.Ok(history.Invoke(0, sequence, WriteKind::kIncrement, At(ms - 1)), At(ms), counter);
}

RoundResult GoodRound() {
  RoundResult round;
  round.phases.new_primary = base::Endpoint{"127.0.0.1", 6380};
  round.phases.switched = 3;
  round.gaps = {{0, milliseconds(1200)}, {1, milliseconds(1300)}};
  round.restored = true;
  return round;
}

// Of a scenario that need not move the role.
RoundResult QuietRound() {
  RoundResult round = GoodRound();
  round.phases = {};
  round.resyncs = Resyncs{.full = 0, .partial = 1};
  round.disagreement = "";
  return round;
}

RoundResult GoodCut() {
  RoundResult round = QuietRound();
  round.cut = ReplicaCut{.replica = "b",
                         .away = milliseconds(2100),
                         .missed_bytes = 400'000,
                         .in_step = milliseconds(30),
                         .links = 1,
                         .resumed = 1};
  return round;
}

bool Passes(Scenario scenario, const RoundResult& round, const std::string& name) {
  for (const Finding& finding : Judge(scenario, round, kLimits, 3)) {
    if (finding.name == name) return finding.passed;
  }
  FAIL("no finding named ", name);
  return false;
}

}  // namespace

TEST_CASE("verdict: an acknowledged write that is absent is lost, an unknown one is not") {
  History history;
  WriteOk(history, 0, 1, 9'000);
  WriteOk(history, 0, 2, 9'990);
  history.Unknown(history.Invoke(0, 3, WriteKind::kSet, At(9'999)), At(10'200), "timed out");
  history.Invoke(0, 4, WriteKind::kSet, At(10'300));
  const WriteFindings findings = ExamineWrites(history, {{{0, 1}}, 0}, kFault);
  REQUIRE(findings.lost.size() == 1);
  CHECK(findings.lost[0].sequence == 2);
  CHECK(findings.lost[0].after_fault == milliseconds(-10));
  CHECK(findings.acknowledged == 2);
  CHECK(findings.unknown == 2);
}

TEST_CASE("verdict: a refused write that is there is a phantom") {
  History history;
  history.Failed(history.Invoke(0, 1, WriteKind::kSet, At(1)), At(2), "READONLY");
  CHECK(ExamineWrites(history, {{{0, 1}}, 0}, kFault).phantoms == 1);
  CHECK(ExamineWrites(history, {}, kFault).phantoms == 0);
}

TEST_CASE("verdict: a number given out twice is a lost increment, namely the earlier one") {
  History history;
  IncrementOk(history, 1, 9'900, 1);
  IncrementOk(history, 2, 9'950, 2);
  IncrementOk(history, 3, 11'500, 2);
  const WriteFindings findings = ExamineWrites(history, {{}, 2}, kFault);
  CHECK(findings.duplicates == 1);
  REQUIRE(findings.lost.size() == 1);
  CHECK(findings.lost[0].sequence == 2);
  CHECK(findings.missing_increments == 1);
}

TEST_CASE("verdict: a number given out twice by one server is lost the second time") {
  // It came back empty and counted anew, until its successor went on from what it had had before.
  const auto increment = [](History& history, int64_t sequence, int64_t ms, uint16_t server,
                            int64_t number) {
    const auto write = history.Invoke(0, sequence, WriteKind::kIncrement, At(ms - 1), server);
    history.Ok(write, At(ms), number);
  };
  History history;
  increment(history, 1, 8'000, 7001, 1);
  increment(history, 2, 8'010, 7001, 2);
  increment(history, 3, 10'050, 7001, 1);
  increment(history, 4, 10'200, 7002, 3);
  const WriteFindings findings = ExamineWrites(history, {{}, 3}, kFault);
  REQUIRE(findings.lost.size() == 1);
  CHECK(findings.lost[0].sequence == 3);
  CHECK(findings.lost[0].after_fault == milliseconds(50));
}

TEST_CASE("verdict: the gap is the longest pause of one writer that ends after the fault") {
  History history;
  WriteOk(history, 0, 1, 1'000);
  WriteOk(history, 0, 2, 9'900);  // a longer pause, before the fault
  WriteOk(history, 1, 1, 9'990);
  WriteOk(history, 0, 3, 11'100);
  WriteOk(history, 1, 2, 11'000);
  WriteOk(history, 0, 4, 11'200);
  const auto gaps = WriteGaps(history, kFault);
  CHECK(gaps.at(0) == milliseconds(1200));
  CHECK(gaps.at(1) == milliseconds(1010));
}

TEST_CASE("verdict: a writer that never wrote again has no gap, and the round fails") {
  History history;
  WriteOk(history, 0, 1, 9'990);
  RoundResult round = GoodRound();
  round.gaps = WriteGaps(history, kFault);
  CHECK_FALSE(round.gaps.at(0).has_value());
  CHECK_FALSE(WriteGap(round).has_value());
  CHECK_FALSE(Passes(Scenario::kKillPrimary, round, "write-gap"));
}

TEST_CASE(
    "verdict: two primaries overlap from the successor's first to the other's last "
    "acknowledgement") {
  History history;
  const auto ok = [&](uint16_t server, int ms) {
    history.Ok(history.Invoke(0, ms, WriteKind::kSet, At(ms - 1), server), At(ms));
  };
  ok(1, 9'000);
  CHECK_FALSE(TwoPrimaries(history, kFault, 2).has_value());
  ok(2, 10'500);
  CHECK(TwoPrimaries(history, kFault, 2) == milliseconds(0));
  ok(1, 10'900);
  CHECK(TwoPrimaries(history, kFault, 2) == milliseconds(400));
}

TEST_CASE("verdict: a good round passes every finding of every scenario") {
  for (const Scenario scenario :
       {Scenario::kKillPrimary, Scenario::kPausePrimary, Scenario::kSwitchover}) {
    for (const Finding& finding : Judge(scenario, GoodRound(), kLimits, 3))
      CHECK_MESSAGE(finding.passed, finding.name);
  }
}

TEST_CASE(
    "verdict: a dead primary may take its last second of writes along, a switchover nothing") {
  RoundResult round = GoodRound();
  round.writes.lost = {{0, 1, WriteKind::kSet, milliseconds(-900)}};
  CHECK(Passes(Scenario::kKillPrimary, round, "lost-writes"));
  CHECK_FALSE(Passes(Scenario::kSwitchover, round, "lost-writes"));
  round.writes.lost = {{0, 1, WriteKind::kSet, milliseconds(-1100)}};
  CHECK_FALSE(Passes(Scenario::kKillPrimary, round, "lost-writes"));
}

TEST_CASE("verdict: a slow, phantom-ridden, half-published or unrestored round fails") {
  RoundResult round = GoodRound();
  round.gaps[1] = milliseconds(2001);
  CHECK_FALSE(Passes(Scenario::kKillPrimary, round, "write-gap"));
  round = GoodRound();
  round.writes.phantoms = 1;
  CHECK_FALSE(Passes(Scenario::kKillPrimary, round, "phantom-writes"));
  round = GoodRound();
  round.phases.switched = 2;
  CHECK_FALSE(Passes(Scenario::kKillPrimary, round, "new-primary"));
  round = GoodRound();
  round.restored = false;
  CHECK_FALSE(Passes(Scenario::kKillPrimary, round, "restored"));
}

TEST_CASE("verdict: the record of an old primary holds exactly what was lost, and something was") {
  RoundResult round = GoodRound();
  round.record = RecordFindings{.lost = 3, .unanswered = 1};
  CHECK(Passes(Scenario::kOldPrimaryReturns, round, "rollback-record"));
  round.record = RecordFindings{.lost = 3, .missing = 1};
  CHECK(!Passes(Scenario::kOldPrimaryReturns, round, "rollback-record"));
  round.record = RecordFindings{.lost = 3, .foreign = 1};
  CHECK(!Passes(Scenario::kOldPrimaryReturns, round, "rollback-record"));
  round.record = RecordFindings{};
  CHECK(!Passes(Scenario::kOldPrimaryReturns, round, "rollback-record"));
  round.record = RecordFindings{.lost = 3, .problem = "no such command"};
  CHECK(!Passes(Scenario::kOldPrimaryReturns, round, "rollback-record"));
}

TEST_CASE("verdict: a good cut passes every finding, and each of its promises can be broken") {
  for (const Finding& finding : Judge(Scenario::kCutReplica, GoodCut(), kLimits, 3))
    CHECK_MESSAGE(finding.passed, finding.name);
  const auto fails = [](const std::string& finding, const auto& spoil) {
    RoundResult round = GoodCut();
    spoil(round);
    CHECK_FALSE(Passes(Scenario::kCutReplica, round, finding));
  };
  fails("role-kept", [](RoundResult& r) {
    r.phases.new_primary = base::Endpoint{"127.0.0.1", 6380};
  });
  fails("in-step", [](RoundResult& r) { r.cut->in_step = kLimits.in_step + milliseconds(1); });
  fails("in-step", [](RoundResult& r) { r.cut->in_step = std::nullopt; });
  fails("partial-syncs", [](RoundResult& r) { r.cut->links = 2; });
  fails("partial-syncs", [](RoundResult& r) { r.cut->links = r.cut->resumed = 0; });
  fails("full-syncs", [](RoundResult& r) { r.resyncs->full = 1; });
  fails("equal-data", [](RoundResult& r) { r.disagreement = "a and b differ"; });
  fails("lost-writes", [](RoundResult& r) { r.writes.missing_increments = 1; });
}

TEST_CASE(
    "verdict: a clean restart may move the role or not, but loses nothing and needs no full") {
  RoundResult moved = QuietRound();
  moved.phases = GoodRound().phases;
  for (const RoundResult& round : {QuietRound(), moved}) {
    for (const Finding& finding : Judge(Scenario::kRestartPrimary, round, kLimits, 3))
      CHECK_MESSAGE(finding.passed, finding.name);
  }
  RoundResult round = QuietRound();
  round.writes.lost = {{0, 1, WriteKind::kSet, milliseconds(10)}};
  CHECK_FALSE(Passes(Scenario::kRestartPrimary, round, "lost-writes"));
  round = QuietRound();
  round.resyncs->full = 1;
  CHECK_FALSE(Passes(Scenario::kRestartPrimary, round, "full-syncs"));
  round = QuietRound();
  round.disagreement = "a and b differ";
  CHECK_FALSE(Passes(Scenario::kRestartPrimary, round, "equal-data"));
}

}  // namespace quorate::ops
