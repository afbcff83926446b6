#include "sentinel/core/history.h"
#include "sentinel/core/down_detection.h"
#include "sentinel/core/electorate.h"

#include <algorithm>
#include <iterator>
#include <string>
#include <utility>

#include "sentinel/core/replica_selection.h"
#include "shared/base/overloaded.h"

namespace quorate::sentinel::core {
namespace {

constexpr std::string_view kCauses[] = {"silence",   "death", "wrong-role", "reboot",
                                        "data-lost", "order", "unknown"};

// Sending the promotion and waiting for its answer are one for whoever reads it.
std::string_view PhaseName(const FailoverPhase& phase) {
  return std::visit(base::Overloaded{[](const WaitStart&) { return "election"; },
                                     [](const SelectReplica&) { return "selection"; },
                                     [](const PauseWrites&) { return "pause-of-writes"; },
                                     [](const SendPromotion&) { return "promotion"; },
                                     [](const WaitPromotion&) { return "promotion"; },
                                     [](const CommitConfig&) { return "commit"; },
                                     [](const ReconfigureReplicas&) { return "reconfiguration"; }},
                    phase);
}

std::string Ms(base::Duration time) { return std::to_string(base::ToMs(time)) + " ms"; }

std::string Testimony(const Group& group, base::Instant now) {
  const DataNode& primary = group.primary;
  switch (group.down_cause) {
    case Cause::kSilence:
      return primary.command.has_answered
                 ? "no valid answer for " + Ms(now - primary.command.last_valid_reply)
                 : "no valid answer since this sentinel has known it";
    case Cause::kDeath:
      return "connection broken, then refused " + std::to_string(primary.command.refusals) +
             " times";
    case Cause::kWrongRole:
      return "it says that it is a replica";
    case Cause::kReboot:
      return "restarted, and has not answered validly since";
    case Cause::kDataLost:
      return "it came back with less data than its replicas have";
    case Cause::kOrder:
    case Cause::kUnknown:
      break;
  }
  return {};
}

std::string Witnesses(const State& state, const Group& group, base::Instant now) {
  std::string text = "seen down by " + state.myid.ToString();
  for (const auto& [id, peer] : group.peers)
    if (HeardDown(peer, now)) text += ", " + id.ToString();
  return text;
}

}  // namespace

std::string_view CauseName(Cause cause) { return kCauses[static_cast<size_t>(cause)]; }

std::optional<Cause> ParseCause(std::string_view name) {
  const auto* found = std::ranges::find(kCauses, name);
  if (found == std::end(kCauses)) return std::nullopt;
  return static_cast<Cause>(found - std::begin(kCauses));
}

void BeginRecord(Turn& turn, Group& group) {
  FailoverRecord& record = group.failover->record;
  record.group = group.name;
  record.epoch = group.failover->epoch;
  record.led = true;
  record.leader = turn.state().myid;
  record.from = group.failover->old_primary;
  record.votes_needed = VotesNeeded(group);
  if (group.failover->order) {
    record.cause = Cause::kOrder;
    return;
  }
  record.cause = group.down_cause;
  record.evidence = {Testimony(group, turn.now()), Witnesses(turn.state(), group, turn.now())};
}

void NotePhaseEnd(Failover& failover, base::Instant now) {
  const base::Duration took = now - std::exchange(failover.phase_entered_at, now);
  const std::string_view name = PhaseName(failover.phase);
  std::vector<PhaseSpan>& phases = failover.record.phases;
  const auto same = std::ranges::find(phases, name, &PhaseSpan::name);
  if (same == phases.end())
    phases.push_back({std::string(name), took});
  else
    same->took += took;
}

void NoteVotes(Turn& turn, Group& group) {
  const State& state = turn.state();
  std::vector<base::RunId>& votes = group.failover->record.votes;
  votes = {state.myid};
  for (const auto& [id, peer] : group.peers)
    if (peer.vote == Vote{group.failover->epoch, state.myid}) votes.push_back(id);
}

void NoteRisk(Group& group) {
  FailoverRecord& record = group.failover->record;
  record.to = group.failover->heir;
  if (group.failover->planned) {
    record.bytes_at_risk = 0;
    return;
  }
  record.bytes_at_risk.reset();
  const auto heir = group.replicas.find(*group.failover->heir);
  if (heir == group.replicas.end() || !group.primary.primary_offset ||
      !SharesStream(group, heir->second))
    return;
  record.bytes_at_risk =
      std::max<int64_t>(0, group.primary.primary_offset->bytes() - heir->second.offset.bytes());
}

void Record(Turn& turn, Group& group, std::string_view outcome) {
  FailoverRecord& record = group.failover->record;
  record.outcome = outcome;
  if (outcome != kOutcomeDone) record.took = turn.now() - group.failover->started_at;
  turn.Do(RecordFailover{record});
}

void RecordAbort(Turn& turn, Group& group, EventType why) {
  const Failover& failover = *group.failover;
  if (failover.order ? failover.order->confirm : std::holds_alternative<WaitStart>(failover.phase))
    return;
  NotePhaseEnd(*group.failover, turn.now());
  Record(turn, group, Row(why).name.substr(1));
}

void RecordGivenUp(Turn& turn, Group& group) {
  const Failover& failover = *group.failover;
  if (!failover.record.outcome.empty()) return;  // an abort has said so
  const bool begun = !std::holds_alternative<WaitStart>(failover.phase) &&
                     !std::holds_alternative<ReconfigureReplicas>(failover.phase);
  if (!begun && !(failover.order && !failover.order->confirm &&
                  std::holds_alternative<WaitStart>(failover.phase)))
    return;
  NotePhaseEnd(*group.failover, turn.now());
  Record(turn, group, kOutcomeGivenUp);
}

void RecordObserved(Turn& turn, const Group& group, const PendingConfig& config, Cause cause) {
  FailoverRecord record;
  record.group = group.name;
  record.epoch = config.epoch;
  record.cause = cause;
  record.outcome = kOutcomeObserved;
  // Whoever leads says so first.
  if (const auto* heard = std::get_if<HeardFrom>(&config.source)) record.leader = heard->sentinel;
  record.from = group.primary.address;
  record.to = config.primary;
  turn.Do(RecordFailover{std::move(record)});
}

void NoteDiscarded(Turn& turn, const Group& group, DataNode& node, const InfoFacts& facts) {
  const bool first = !node.rollback_record.has_value();
  const std::string known = node.rollback_record.value_or("");
  node.rollback_record = facts.rollback_record;
  // What it had when we met it is of some earlier time.
  if (first || facts.rollback_record.empty() || facts.rollback_record == known) return;
  turn.Do(RecordDiscarded{
      group.name,
      group.config_epoch,
      {node.address, facts.rollback_record, facts.rollback_commands, facts.rollback_bytes}});
}

}  // namespace quorate::sentinel::core
