#include "scripts/ops/verdict.h"

#include <algorithm>

namespace quorate::ops {
namespace {

std::string Milliseconds(base::Duration duration) {
  return std::to_string(base::ToMs(duration)) + " ms";
}

LostWrite Lost(const Write& write, base::Instant fault) {
  return {write.writer, write.sequence, write.kind, write.completed - fault};
}

// Two acknowledged increments with one number: the history in which the earlier was counted is
// gone. But one server gives a number twice only after it has lost its own: then its second history
// is the one that is gone, for its successor goes on from the first.
void ExamineIncrements(const History& history, int64_t counter, base::Instant fault,
                       WriteFindings& findings) {
  std::map<int64_t, const Write*> by_number;
  int64_t acknowledged = 0;
  for (const Write& write : history.writes()) {
    if (write.kind != WriteKind::kIncrement || write.outcome != WriteOutcome::kOk) continue;
    ++acknowledged;
    auto [found, is_new] = by_number.emplace(write.counter, &write);
    if (is_new) continue;
    ++findings.duplicates;
    const bool same_server = write.server != 0 && write.server == found->second->server;
    const bool earlier = write.completed < found->second->completed;
    const bool lost = earlier != same_server;
    findings.lost.push_back(Lost(lost ? write : *found->second, fault));
    if (!lost) found->second = &write;
  }
  findings.missing_increments = static_cast<size_t>(std::max<int64_t>(0, acknowledged - counter));
}

Finding NewPrimary(const RoundResult& round, size_t sentinels) {
  const std::string who =
      round.phases.new_primary ? round.phases.new_primary->ToString() : "nobody";
  return {"new-primary", round.phases.new_primary.has_value() && round.phases.switched == sentinels,
          who + " took over, " + std::to_string(round.phases.switched) + " of " +
              std::to_string(sentinels) + " sentinels say so"};
}

Finding Gap(const RoundResult& round, const Limits& limits) {
  const auto gap = WriteGap(round);
  if (!gap) return {"write-gap", false, "a writer could not write again"};
  return {"write-gap", *gap <= limits.write_gap,
          "writes stood still for " + Milliseconds(*gap) + ", at most " +
              Milliseconds(limits.write_gap) + " allowed"};
}

Finding RoleKept(const RoundResult& round) {
  const auto& who = round.phases.new_primary;
  return {"role-kept", !who, who ? who->ToString() + " took over" : "nobody took over"};
}

bool MayLoseWrites(Scenario scenario) {
  return scenario != Scenario::kSwitchover && MovesRole(scenario);
}

// Whether the promise covers the loss of a write that was acknowledged at `after_fault`.
bool MayBeLost(Scenario scenario, base::Duration after_fault, const Limits& limits) {
  return MayLoseWrites(scenario) && after_fault >= -limits.replication_lag;
}

Finding Losses(Scenario scenario, const RoundResult& round, const Limits& limits) {
  const auto& lost = round.writes.lost;
  const auto broken = std::ranges::count_if(lost, [&](const LostWrite& write) {
    return !MayBeLost(scenario, write.after_fault, limits);
  });
  const bool counted = MayLoseWrites(scenario) || round.writes.missing_increments == 0;
  std::string detail = std::to_string(lost.size()) + " acknowledged writes lost";
  if (!lost.empty()) detail += ", " + std::to_string(broken) + " of them against the promise";
  if (!counted)
    detail += ", " + std::to_string(round.writes.missing_increments) + " increments missing";
  return {"lost-writes", broken == 0 && counted, std::move(detail)};
}

Finding Phantoms(const RoundResult& round) {
  return {"phantom-writes", round.writes.phantoms == 0,
          std::to_string(round.writes.phantoms) + " refused writes are there all the same"};
}

Finding Restored(const RoundResult& round) {
  return {"restored", round.restored,
          round.restored ? "every process is back and follows the primary"
                         : "the deployment did not come back to full strength in time"};
}

Finding Record(const RecordFindings& record) {
  if (!record.problem.empty()) return {"rollback-record", false, record.problem};
  const std::string unanswered =
      record.unanswered == 0
          ? ""
          : ", and " + std::to_string(record.unanswered) + " that were never answered";
  if (record.lost != 0 && record.missing == 0 && record.foreign == 0) {
    return {"rollback-record", true,
            "it holds exactly the " + std::to_string(record.lost) + " acknowledged writes lost" +
                unanswered};
  }
  // Nothing lost means that the drill has shown nothing.
  return {"rollback-record", false,
          "of " + std::to_string(record.lost) + " acknowledged writes lost it lacks " +
              std::to_string(record.missing) + ", and " + std::to_string(record.foreign) +
              " writes in it were not lost"};
}

Finding InStep(const ReplicaCut& cut, const Limits& limits) {
  if (!cut.in_step) return {"in-step", false, cut.replica + " did not catch up in time"};
  return {"in-step", *cut.in_step <= limits.in_step,
          cut.replica + " was in step " + Milliseconds(*cut.in_step) +
              " after its return, at most " + Milliseconds(limits.in_step) + " allowed"};
}

Finding Resumed(const ReplicaCut& cut) {
  return {"partial-syncs", cut.links > 0 && cut.resumed >= cut.links,
          "of " + std::to_string(cut.links) + " links that were cut, " +
              std::to_string(cut.resumed) + " went on with the stream"};
}

Finding FullSyncs(const Resyncs& resyncs) {
  return {"full-syncs", resyncs.full == 0,
          std::to_string(resyncs.full) + " full and " + std::to_string(resyncs.partial) +
              " partial resyncs were served, full ones were not needed"};
}

Finding EqualData(const std::string& disagreement) {
  return {"equal-data", disagreement.empty(),
          disagreement.empty() ? "all servers have the same offset and digest" : disagreement};
}

}  // namespace

bool MovesRole(Scenario scenario) {
  return scenario != Scenario::kRestartPrimary && scenario != Scenario::kCutReplica;
}

std::string ToString(Scenario scenario) {
  switch (scenario) {
    case Scenario::kKillPrimary:
      return "kill-primary";
    case Scenario::kPausePrimary:
      return "pause-primary";
    case Scenario::kSwitchover:
      return "switchover";
    case Scenario::kOldPrimaryReturns:
      return "old-primary-returns";
    case Scenario::kRestartEmptyPrimary:
      return "restart-empty-primary";
    case Scenario::kRestartPrimary:
      return "restart-primary";
    case Scenario::kCutReplica:
      return "cut-replica";
  }
  return "";
}

WriteFindings ExamineWrites(const History& history, const FinalState& final, base::Instant fault) {
  WriteFindings findings;
  findings.acknowledged = history.Count(WriteOutcome::kOk);
  findings.failed = history.Count(WriteOutcome::kFailed);
  findings.unknown = history.Count(WriteOutcome::kUnknown) + history.Count(WriteOutcome::kPending);
  for (const Write& write : history.writes()) {
    if (write.kind != WriteKind::kSet) continue;
    const bool present = final.present.contains({write.writer, write.sequence});
    if (write.outcome == WriteOutcome::kOk && !present) findings.lost.push_back(Lost(write, fault));
    if (write.outcome == WriteOutcome::kFailed && present) ++findings.phantoms;
  }
  ExamineIncrements(history, final.counter, fault, findings);
  return findings;
}

std::map<int, std::optional<base::Duration>> WriteGaps(const History& history,
                                                       base::Instant fault) {
  std::map<int, std::optional<base::Duration>> gaps;
  std::map<int, base::Instant> last_ok;
  for (const Write& write : history.writes()) {
    auto& gap = gaps[write.writer];
    if (write.outcome != WriteOutcome::kOk) continue;
    const auto last = last_ok.find(write.writer);
    if (write.completed > fault) {
      const base::Instant from = last == last_ok.end() ? fault : last->second;
      gap = std::max(gap.value_or(base::Duration{}), write.completed - from);
    }
    last_ok[write.writer] = write.completed;
  }
  return gaps;
}

std::optional<base::Duration> TwoPrimaries(const History& history, base::Instant fault,
                                           uint16_t successor) {
  std::optional<base::Instant> first;
  base::Instant last_of_others = fault;
  for (const Write& write : history.writes()) {
    if (write.outcome != WriteOutcome::kOk || write.completed < fault) continue;
    if (write.server != successor) {
      last_of_others = std::max(last_of_others, write.completed);
    } else if (!first || write.completed < *first) {
      first = write.completed;
    }
  }
  if (!first) return std::nullopt;
  return std::max(base::Duration{}, last_of_others - *first);
}

std::optional<base::Duration> WriteGap(const RoundResult& round) {
  std::optional<base::Duration> largest;
  for (const auto& [writer, gap] : round.gaps) {
    if (!gap) return std::nullopt;
    largest = std::max(largest.value_or(base::Duration{}), *gap);
  }
  return largest;
}

std::vector<Finding> Judge(Scenario scenario, const RoundResult& round, const Limits& limits,
                           size_t sentinels) {
  std::vector<Finding> findings;
  if (MovesRole(scenario)) findings.push_back(NewPrimary(round, sentinels));
  if (scenario == Scenario::kCutReplica) findings.push_back(RoleKept(round));
  for (Finding& finding : std::vector{Gap(round, limits), Losses(scenario, round, limits),
                                      Phantoms(round), Restored(round)})
    findings.push_back(std::move(finding));
  if (round.record) findings.push_back(Record(*round.record));
  if (round.cut) {
    findings.push_back(InStep(*round.cut, limits));
    findings.push_back(Resumed(*round.cut));
  }
  if (round.resyncs) findings.push_back(FullSyncs(*round.resyncs));
  if (round.disagreement) findings.push_back(EqualData(*round.disagreement));
  return findings;
}

}  // namespace quorate::ops
