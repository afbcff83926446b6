#include "sentinel/core/failover.h"

#include <algorithm>
#include <string>
#include <utility>

#include "sentinel/core/discovery.h"
#include "sentinel/core/down_detection.h"
#include "sentinel/core/election.h"
#include "sentinel/core/fencing.h"
#include "sentinel/core/gossip.h"
#include "sentinel/core/group_config.h"
#include "sentinel/core/history.h"
#include "sentinel/core/links.h"
#include "sentinel/core/maintenance.h"
#include "sentinel/core/names.h"
#include "sentinel/core/reconfiguration.h"
#include "sentinel/core/replica_selection.h"
#include "sentinel/core/switchover.h"
#include "shared/base/check.h"
#include "shared/base/overloaded.h"

namespace quorate::sentinel::core {
namespace {

constexpr char kNoEpochLeft[] = "ERR No epoch is left to stand in";

Occasion OccasionOf(bool planned) {
  return planned ? Occasion::kSwitchover : Occasion::kPrimaryLost;
}

Replica* Heir(Group& group) {
  const auto position = group.replicas.find(*group.failover->heir);
  return position == group.replicas.end() ? nullptr : &position->second;
}

// An election whose outcome is that the primary stays.
void Confirm(Turn& turn, Group& group) {
  const base::Epoch epoch = group.failover->epoch;
  group.failover.reset();
  ProposeConfig(turn, group, {epoch, group.primary.address, OwnElection{}});
}

// Everybody says what it has.
void Sample(Turn& turn, Group& group) {
  EnterPhase(turn, group, SelectReplica{turn.now() + kFreshInfoWait, turn.now()});
  for (auto& [address, replica] : group.replicas)
    if (replica.command.up()) AskInfo(turn, group, replica);
  // A switchover compares the heir with the primary.
  if (group.failover->order && group.primary.command.up()) AskInfo(turn, group, group.primary);
}

void Elected(Turn& turn, Group& group) {
  turn.AnnouncePrimary(group, EventType::kElectedLeader);
  NoteVotes(turn, group);
  if (group.failover->order && group.failover->order->confirm) return Confirm(turn, group);
  turn.AnnouncePrimary(group, EventType::kStateSelectSlave);
  group.failed_elections = 0;
  // In a switchover the heir has yet to get the primary's last writes.
  if (!group.failover->order || !IsHealthy(group, turn.now())) RaiseFence(turn, group);
  Sample(turn, group);
}

void LoseElection(Turn& turn, Group& group, Tally how) {
  const bool try_again = group.failover->order && group.failover->elections < kForcedElections &&
                         how == Tally::kLost && MayTakePart(turn.state());
  const int elections = group.failover->elections;
  std::optional<Order> order;
  if (try_again) order = std::exchange(group.failover->order, std::nullopt);
  AbortFailover(turn, group, EventType::kAbortNotElected);
  BackOff(turn, group, how);
  if (!try_again) return;
  const ClientId client = order->client;
  Stand(turn, group, std::move(order));
  if (group.failover)
    group.failover->elections = elections + 1;
  else
    turn.Respond(client, ErrorReply{kNoEpochLeft});
}

// Evidence is needed until the promotion is sent, unless the operator ordered it (E4).
bool LostItsReason(const Group& group) {
  return !group.failover->order && (!group.odown_since || IsPaused(group));
}

void KeepWaitStart(Turn& turn, Group& group, const WaitStart& phase) {
  if (LostItsReason(group) || !MayTakePart(turn.state()))
    return AbortFailover(turn, group, EventType::kAbortNotElected);
  // First of all: what comes later may have lain in a buffer.
  if (IsDue(turn, phase.deadline)) {
    AbortFailover(turn, group, EventType::kAbortNotElected);
    return BackOffLong(turn, group);
  }
  const Tally tally = CountVotes(turn, group);
  if (tally == Tally::kWon) return Elected(turn, group);
  if (tally != Tally::kOpen) LoseElection(turn, group, tally);
}

bool AllInfoIsFresh(const Group& group, base::Instant asked_at) {
  const DataNode& primary = group.primary;
  if (group.failover->order && primary.command.up() && !primary.sdown_since &&
      primary.info_as_of < asked_at)
    return false;
  return std::all_of(group.replicas.begin(), group.replicas.end(), [asked_at](const auto& entry) {
    const Replica& replica = entry.second;
    return !replica.command.up() || replica.sdown_since || replica.info_as_of >= asked_at;
  });
}

// The best replica, or the one that was ordered if it is eligible.
std::optional<base::Endpoint> HeirFor(Turn& turn, const Group& group,
                                      const std::optional<base::Endpoint>& ordered,
                                      Occasion occasion) {
  if (!ordered) return SelectHeir(group, turn.timings(), turn.now(), occasion);
  for (const Candidate& candidate : RankReplicas(group, turn.timings(), turn.now(), occasion))
    if (candidate.address == ordered && candidate.eligibility == Eligibility::kEligible)
      return ordered;
  return std::nullopt;
}

void ChooseHeir(Turn& turn, Group& group) {
  Failover& failover = *group.failover;
  // A fence has cut the replicas' links: nobody would catch up with a primary that is back.
  failover.planned = failover.order && !failover.fenced_until && IsHealthy(group, turn.now());
  if (failover.order && failover.order->lossless && !failover.planned) {
    AbortFailover(turn, group, EventType::kAbortMasterTimeout);
    return BackOffLong(turn, group);
  }
  // Well when we were elected, and not any more: what it takes from now on would be at risk.
  if (!failover.planned && !failover.fenced_until) {
    RaiseFence(turn, group);
    return Sample(turn, group);
  }
  failover.heir = HeirFor(turn, group, failover.order ? failover.order->heir : std::nullopt,
                          OccasionOf(failover.planned));
  if (!failover.heir) {
    AbortFailover(turn, group, EventType::kAbortNoGoodSlave);
    return BackOffLong(turn, group);
  }
  NoteRisk(group);
  const Replica& heir = *Heir(group);
  turn.AnnounceReplica(group, heir, EventType::kSelectedSlave);
  turn.AnnounceReplica(group, heir, EventType::kStateSendSlaveofNoOne);
  if (failover.planned)
    StartPause(turn, group);
  else
    EnterPhase(turn, group, SendPromotion{turn.now()});
}

void KeepSelectReplica(Turn& turn, Group& group, const SelectReplica& phase) {
  if (LostItsReason(group)) return AbortFailover(turn, group, EventType::kAbortNotElected);
  if (AllInfoIsFresh(group, phase.asked_at) || IsDue(turn, phase.deadline)) ChooseHeir(turn, group);
}

// Gives up on an heir that cannot be promoted; true if it did.
bool GiveUpOnHeir(Turn& turn, Group& group, const Replica* heir) {
  const bool lost =
      !heir || heir->sdown_since || (!AwaitsPromotion(*group.failover) && FenceEnds(turn, group));
  if (!lost && !IsDue(turn, group.failover->timeout_from + group.options.failover_timeout))
    return false;
  AbortFailover(turn, group, EventType::kAbortSlaveTimeout);
  BackOffLong(turn, group);
  return true;
}

void KeepSendPromotion(Turn& turn, Group& group, const SendPromotion& phase) {
  if (!group.failover->promotion_sent && LostItsReason(group))
    return AbortFailover(turn, group, EventType::kAbortNotElected);
  Replica* heir = Heir(group);
  if (GiveUpOnHeir(turn, group, heir)) return;
  if (group.failover->planned && !KeepPaused(turn, group)) return;
  if (!heir->command.up() || !IsDue(turn, phase.not_before)) return;
  group.failover->promotion_sent = true;
  SendPromotionNow(turn, group, *heir, group.failover->epoch);
  AskInfo(turn, group, *heir);
  turn.AnnounceReplica(group, *heir, EventType::kStateWaitPromotion);
  EnterPhase(turn, group, WaitPromotion{heir->command.id, turn.now()});
}

void KeepWaitPromotion(Turn& turn, Group& group, const WaitPromotion& phase) {
  Replica* heir = Heir(group);
  if (GiveUpOnHeir(turn, group, heir)) return;
  if (group.failover->planned && !KeepPaused(turn, group)) return;
  if (heir->command.up() && heir->command.id != phase.sent_on &&
      heir->info_as_of > heir->command.opened_at && heir->reported_role == Role::kReplica)
    EnterPhase(turn, group, SendPromotion{turn.now()});
}

constexpr char kUnhealthyPrimary[] =
    "NOGOODPRIMARY The primary does not answer as a primary: a switchover needs it";

// What we know may be old: the next request finds it fresh.
void RefreshInfo(Turn& turn, Group& group) {
  group.primary.info_wanted = true;
  for (auto& [address, replica] : group.replicas) replica.info_wanted = true;
  turn.Touch(group.name);
}

// Precondition: the group has the replica.
std::string WhyNot(Turn& turn, const Group& group, const base::Endpoint& replica) {
  for (const Candidate& candidate :
       RankReplicas(group, turn.timings(), turn.now(), Occasion::kSwitchover))
    if (candidate.address == replica) return std::string(EligibilityName(candidate.eligibility));
  return "";
}

// Precondition: !MayTakePart.
std::string WhyNoPart(const State& state) {
  if (state.tilt_since) return "ERR Sentinel is in TILT mode, no failover is started";
  if (state.persist_failed) return "ERR The state cannot be saved, no failover is started";
  return "ERR Another sentinel uses our id, no failover is started";
}

void OnPromoted(Turn& turn, Group& group) {
  const base::Epoch epoch = group.failover->epoch;
  const base::Endpoint heir = *group.failover->heir;
  EnterPhase(turn, group, CommitConfig{});
  ProposeConfig(turn, group, {epoch, heir, OwnElection{}});
}

bool IsPromoting(const FailoverPhase& phase) {
  return std::holds_alternative<SendPromotion>(phase) ||
         std::holds_alternative<WaitPromotion>(phase);
}

bool ConfirmsPromotion(const WireReply& reply) {
  return reply.kind == WireReply::Kind::kArray && !reply.elements.empty() &&
         reply.elements.front().kind == WireReply::Kind::kStatus;
}

}  // namespace

void KeepFailover(Turn& turn, Group& group) {
  if (!group.failover) return;
  // A copy: the phase is replaced by what it leads to.
  const FailoverPhase phase = group.failover->phase;
  std::visit(base::Overloaded{
                 [&](const WaitStart& p) { KeepWaitStart(turn, group, p); },
                 [&](const SelectReplica& p) { KeepSelectReplica(turn, group, p); },
                 [&](const PauseWrites& p) { KeepPauseWrites(turn, group, p); },
                 [&](const SendPromotion& p) { KeepSendPromotion(turn, group, p); },
                 [&](const WaitPromotion& p) { KeepWaitPromotion(turn, group, p); },
                 [&](const CommitConfig&) { KeepPaused(turn, group); },
                 [&](const ReconfigureReplicas&) { KeepReconfiguration(turn, group); },
             },
             phase);
}

void StartForcedFailover(Turn& turn, const FailoverRequested& request) {
  State& state = turn.state();
  const auto position = state.groups.find(request.group);
  if (position == state.groups.end()) return turn.Respond(request.client, ErrorReply{kNoSuchGroup});
  Group& group = position->second;
  if (IsUnderWay(state, group))
    return turn.Respond(request.client, ErrorReply{"INPROG Failover already in progress"});
  if (!SelectHeir(group, turn.timings(), turn.now(), OccasionOf(IsHealthy(group, turn.now())))) {
    RefreshInfo(turn, group);
    return turn.Respond(request.client, ErrorReply{"NOGOODSLAVE No suitable replica to promote"});
  }
  if (!MayTakePart(state)) return turn.Respond(request.client, ErrorReply{WhyNoPart(state)});
  if (request.coordinated && !IsHealthy(group, turn.now()))
    return turn.Respond(request.client, ErrorReply{kUnhealthyPrimary});
  Stand(turn, group, Order{request.coordinated, std::nullopt, kCatchUpTime});
  if (!group.failover) return turn.Respond(request.client, ErrorReply{kNoEpochLeft});
  turn.Touch(group.name);
  turn.Respond(request.client, OkReply{});
}

void StartSwitchover(Turn& turn, const SwitchoverRequested& request) {
  State& state = turn.state();
  const auto refuse = [&](std::string error) {
    turn.Respond(request.client, ErrorReply{std::move(error)});
  };
  const auto position = state.groups.find(request.group);
  if (position == state.groups.end()) return refuse(kNoSuchGroup);
  Group& group = position->second;
  if (IsUnderWay(state, group)) return refuse("INPROG Failover already in progress");
  Order order{true, std::nullopt, request.timeout.value_or(kCatchUpTime), request.client};
  if (request.to) order.heir = KnownAs(state, group, *request.to);
  if (order.heir && group.replicas.count(*order.heir) == 0)
    return refuse("NOGOODSLAVE No such replica: " + request.to->ToString());
  if (!IsHealthy(group, turn.now())) return refuse(kUnhealthyPrimary);
  if (!HeirFor(turn, group, order.heir, Occasion::kSwitchover)) {
    RefreshInfo(turn, group);
    return refuse(std::string("NOGOODSLAVE ") +
                  (order.heir ? "The replica is not eligible: " + WhyNot(turn, group, *order.heir)
                              : "No suitable replica to promote"));
  }
  if (!MayTakePart(state)) return refuse(WhyNoPart(state));
  Stand(turn, group, std::move(order));
  if (!group.failover) return refuse(kNoEpochLeft);
  turn.Touch(group.name);
}

void AbortFailover(Turn& turn, Group& group, EventType why, std::string_view details) {
  CHECK(group.failover.has_value());
  turn.AnnouncePrimary(group, why, details);
  RecordAbort(turn, group, why);
  // The event without its sign: "failover-abort-slave-timeout".
  AnswerOrder(turn, group, ErrorReply{"ABORTED " + std::string(Row(why).name.substr(1))});
  AbandonFailover(turn, group);
}

void AnswerOrder(Turn& turn, Group& group, CommandReply reply) {
  if (!group.failover || !group.failover->order) return;
  turn.Respond(std::exchange(group.failover->order->client, ClientId::kNone), std::move(reply));
}

void AbandonFailover(Turn& turn, Group& group) {
  if (!group.failover) return;
  // A pause of writes ends by itself (switchover.h).
  if (!group.pending_config && !group.failover->promotion_sent && group.failover->fenced_until)
    LiftFence(turn, group);
  YieldFailover(turn, group);
}

void YieldFailover(Turn& turn, Group& group) {
  if (!group.failover) return;
  AnswerOrder(turn, group, ErrorReply{"ABORTED another configuration or a reset came first"});
  RecordGivenUp(turn, group);
  group.failover.reset();
  turn.Progress();
}

bool AwaitsPromotion(const Failover& failover) {
  return std::holds_alternative<WaitPromotion>(failover.phase) ||
         std::holds_alternative<CommitConfig>(failover.phase);
}

bool MayHavePromoted(const Failover& failover) {
  return failover.promotion_sent && !std::holds_alternative<ReconfigureReplicas>(failover.phase);
}

void OnPromotionReply(Turn& turn, Group& group, const DataNode& heir, base::Epoch epoch,
                      const WireReply& reply) {
  if (!group.failover || group.failover->epoch != epoch || group.failover->heir != heir.address ||
      !std::holds_alternative<WaitPromotion>(group.failover->phase))
    return;
  turn.Touch(group.name);
  if (ConfirmsPromotion(reply)) return OnPromoted(turn, group);
  if (const auto stale =
          reply.elements.empty() ? std::nullopt : ParseStaleEpoch(reply.elements.front())) {
    AdoptEpoch(turn, group, stale->epoch);
    AbortFailover(turn, group, EventType::kAbortNotElected, "#the heir knows of a later election");
    return BackOff(turn, group, Tally::kLost);
  }
  // Refused, it is no fact.
  if (reply.is_error() || !reply.elements.empty()) group.failover->promotion_sent = false;
  EnterPhase(turn, group, SendPromotion{turn.now() + kPromotionRetryPeriod});
}

void OnHeirInfo(Turn& turn, Group& group, const Replica& replica) {
  if (!group.failover || group.failover->heir != replica.address) return;
  const auto* phase = std::get_if<WaitPromotion>(&group.failover->phase);
  if (phase && replica.reported_role == Role::kPrimary && replica.info_as_of >= phase->sent_at)
    OnPromoted(turn, group);
}

void AnnouncePromotion(Turn& turn, Group& group) {
  CHECK(group.failover && group.failover->heir);
  if (const Replica* heir = Heir(group))
    turn.AnnounceReplica(group, *heir, EventType::kPromotedSlave);
  turn.AnnouncePrimary(group, EventType::kStateReconfSlaves);
  EnterPhase(turn, group, ReconfigureReplicas{});
  Record(turn, group, kOutcomePromoted);
}

void EnterPhase(Turn& turn, Group& group, FailoverPhase phase) {
  Failover& failover = *group.failover;
  NotePhaseEnd(failover, turn.now());
  if (!IsPromoting(failover.phase) || !IsPromoting(phase)) failover.timeout_from = turn.now();
  failover.phase = phase;
  turn.Progress();
}

}  // namespace quorate::sentinel::core
