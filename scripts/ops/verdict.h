// What a drill's history proves: compares what writers were told with what is there at the end, and
// what was measured with what is promised. Pure.
//
// The promise for plain writes: a planned switchover, a clean restart and a fault of a replica lose
// nothing; a primary that dies or is cut off may take the writes with it that it acknowledged
// within the replication lag before the fault, or after it while it was cut off.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "scripts/ops/history.h"
#include "scripts/ops/phases.h"
#include "shared/base/time.h"

namespace quorate::ops {

// kOldPrimaryReturns: the primary writes on without its replicas, stands still for so long that
// another takes over, and comes back.
// kRestartEmptyPrimary: the primary is killed and started again at once, without its files.
// kRestartPrimary: the primary ends cleanly (SIGTERM) and is started again at once, with its files.
// kCutReplica: a replica is away for longer than its primary's backlog in memory holds.
enum class Scenario {
  kKillPrimary,
  kPausePrimary,
  kSwitchover,
  kOldPrimaryReturns,
  kRestartEmptyPrimary,
  kRestartPrimary,
  kCutReplica
};
inline constexpr Scenario kScenarios[] = {
    Scenario::kKillPrimary,       Scenario::kPausePrimary,        Scenario::kSwitchover,
    Scenario::kOldPrimaryReturns, Scenario::kRestartEmptyPrimary, Scenario::kRestartPrimary,
    Scenario::kCutReplica};

// "kill-primary", "pause-primary", "switchover", "old-primary-returns", "restart-empty-primary",
// "restart-primary", "cut-replica".
std::string ToString(Scenario scenario);
// Whether the sentinels have to name another primary. Where they may (kRestartPrimary) or must not
// (kCutReplica), nothing may be lost and nobody needs a snapshot to follow on: there the verdict is
// about resyncs and equal data too.
bool MovesRole(Scenario scenario);

// What the surviving primary held when the writers had stopped.
struct FinalState {
  std::set<std::pair<int, int64_t>>
      present;  // (writer, sequence) of kSet writes whose value is the one written
  int64_t counter = 0;
};

// A write that was acknowledged and is not there.
struct LostWrite {
  int writer = 0;
  int64_t sequence = 0;
  WriteKind kind = WriteKind::kSet;
  base::Duration after_fault{};  // when it was acknowledged; negative: before
};

struct WriteFindings {
  size_t acknowledged = 0;
  size_t failed = 0;
  size_t unknown = 0;
  std::vector<LostWrite> lost;  // sets that are absent, increments whose number was given out again
  size_t duplicates = 0;        // increments that got a number that another had got already
  size_t phantoms = 0;          // sets that failed and are there all the same
  size_t missing_increments = 0;  // acknowledged increments beyond what the counter shows
};

WriteFindings ExamineWrites(const History& history, const FinalState& final, base::Instant fault);

// How the old primary's rollback records compare with what was lost; record_check.h fills it in.
struct RecordFindings {
  size_t lost = 0;        // acknowledged writes
  size_t missing = 0;     // of these, in no record
  size_t unanswered = 0;  // recorded writes that nobody was promised
  size_t foreign = 0;     // recorded, and neither lost nor unanswered
  std::string problem{};  // why the records could not be read; empty: they were
};

// A replica's absence and return; replica_cut.h measures it.
struct ReplicaCut {
  std::string replica;       // name in the topology
  base::Duration away{};     // from its stop until it woke up
  int64_t missed_bytes = 0;  // of the stream meanwhile
  // From its waking up until it had all that its primary had; nothing: not in time.
  std::optional<base::Duration> in_step{};
  int64_t links = 0;    // of all replicas of that primary, cut at the beginning
  int64_t resumed = 0;  // partial resyncs that the primary has served since
};

// What all servers together have served during a round.
struct Resyncs {
  int64_t full = 0;
  int64_t partial = 0;
};

// The longest time between two successive acknowledgements of one writer, of those that end after
// the fault. A writer that had none after the fault has no gap: it never recovered.
std::map<int, std::optional<base::Duration>> WriteGaps(const History& history, base::Instant fault);

// How long two servers acknowledged writes at the same time: from the first acknowledgement of
// `successor` after the fault to the last of any other server. Zero if there was no such time;
// nothing if the successor acknowledged none.
std::optional<base::Duration> TwoPrimaries(const History& history, base::Instant fault,
                                           uint16_t successor);

struct Limits {
  base::Duration write_gap;
  base::Duration replication_lag =
      std::chrono::seconds(1);  // how old before the fault a lost write may be
  base::Duration in_step = std::chrono::seconds(10);  // since a replica's return
};

struct Finding {
  std::string name;  // stable, for programs: "write-gap"
  bool passed = false;
  std::string detail;  // for people
};

struct RoundResult {
  Phases phases;
  WriteFindings writes;
  std::map<int, std::optional<base::Duration>> gaps;  // by writer
  std::optional<base::Duration> two_primaries;
  std::optional<RecordFindings> record;  // kOldPrimaryReturns
  std::optional<ReplicaCut> cut;         // kCutReplica
  // Unless MovesRole(scenario):
  std::optional<Resyncs> resyncs;
  std::optional<std::string> disagreement;  // between the servers' data; empty: none
  bool restored = false;                    // every process is back and follows the primary
};

// The largest of the gaps; nothing if a writer never recovered, or there is no writer.
std::optional<base::Duration> WriteGap(const RoundResult& round);

// One finding for every promise that applies to the scenario; the round passes if all do.
std::vector<Finding> Judge(Scenario scenario, const RoundResult& round, const Limits& limits,
                           size_t sentinels);

}  // namespace quorate::ops
