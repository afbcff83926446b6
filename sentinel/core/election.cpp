#include "sentinel/core/election.h"

#include <algorithm>
#include <iterator>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "sentinel/core/down_detection.h"
#include "sentinel/core/electorate.h"
#include "sentinel/core/failover.h"
#include "sentinel/core/gossip.h"
#include "sentinel/core/history.h"
#include "sentinel/core/maintenance.h"
#include "sentinel/core/names.h"
#include "sentinel/core/veto.h"

namespace quorate::sentinel::core {
namespace {

// Votes are asked for by address: groups with the same primary are one voter.
std::vector<Group*> GroupsOf(State& state, const base::Endpoint& primary) {
  std::vector<Group*> found;
  for (auto& [name, group] : state.groups)
    if (IsSameAddress(state, group.primary.address, primary)) found.push_back(&group);
  return found;
}

// Why this process neither votes nor stands at all.
std::optional<VoteRefusal> WhyApart(const State& state) {
  if (state.tilt_since) return VoteRefusal::kStalled;
  if (state.persist_failed) return VoteRefusal::kDisk;
  if (state.duplicate_heard_at) return VoteRefusal::kDuplicate;
  return std::nullopt;
}

// What no candidate of that epoch may get, whatever has happened to the primary.
std::optional<VoteRefusal> WhyNever(const State& state, const Group& group, base::Epoch epoch) {
  if (epoch <= group.vote.epoch || epoch <= group.config_epoch || epoch <= state.retired_vote_floor)
    return VoteRefusal::kSpent;
  if (group.pending_config || (group.failover && MayHavePromoted(*group.failover)))
    return VoteRefusal::kPromoting;
  return std::nullopt;
}

// Why a primary is not to be replaced that nobody ordered to be.
std::optional<VoteRefusal> WhyKept(const Group& group, base::Instant now) {
  if (IsPaused(group)) return VoteRefusal::kPaused;
  if (IsHealthy(group, now)) return VoteRefusal::kHealthy;
  return std::nullopt;
}

// Of groups with the same primary any can tell that an epoch is spent, and each may hold the
// primary for lost by its own down-after.
std::optional<VoteRefusal> WhyNoVote(const State& state, const std::vector<Group*>& groups,
                                     base::Instant now, base::Epoch epoch, Candidacy candidacy) {
  if (const auto apart = WhyApart(state)) return apart;
  for (const Group* group : groups)
    if (const auto never = WhyNever(state, *group, epoch)) return never;
  if (candidacy == Candidacy::kOrdered) return std::nullopt;
  std::optional<VoteRefusal> kept;
  for (const Group* group : groups) {
    const auto why = WhyKept(*group, now);
    if (!why) return std::nullopt;
    if (!kept) kept = why;
  }
  return kept;
}

// Of the largest electorate that a peer has told in this candidacy: who was added a moment ago and
// has met only some of the others must not make a smaller majority do (E5).
size_t ToldMajority(const Group& group) {
  size_t largest = 0;
  for (const auto& [id, peer] : group.peers)
    if (peer.replied_to == group.failover->epoch)
      largest = std::max<size_t>(largest, peer.electorate_told);
  return largest == 0 ? 0 : largest / 2 + 1;
}

base::Duration RandomUpTo(Turn& turn, base::Duration limit) {
  return base::Duration(turn.random().Between(0, limit.count()));
}

// What one of them has voted is spent in all.
void SpendInSiblings(Turn& turn, const Group& group) {
  for (Group* other : GroupsOf(turn.state(), group.primary.address)) {
    if (other->vote.epoch >= group.vote.epoch) continue;
    other->vote = group.vote;
    other->vote_version = group.vote_version;
  }
}

void CastVote(Turn& turn, Group& group, base::Epoch epoch, const base::RunId& candidate) {
  group.vote = Vote{epoch, candidate};
  group.voted_at = turn.now();
  group.vote_version = turn.Persist();
  SpendInSiblings(turn, group);
  turn.Announce(group, EventType::kVoteForLeader,
                candidate.ToString() + " " + std::to_string(epoch.number()));
}

bool IsKnown(const State& state, const Group& group, const std::string& candidate) {
  const auto id = base::RunId::Parse(candidate);
  return id && (*id == state.myid || group.peers.count(*id) != 0);
}

// The electorate that it tells counts a candidate whom we have not met: it is one more, or in the
// place of one.
MasterDownReply Refused(const State& state, const Group& group, const MasterDownQuery& query,
                        bool down, std::optional<VoteRefusal> why) {
  MasterDownReply reply{down, "*", 0};
  if (!query.candidacy) return reply;
  reply.refusal = why ? VoteRefusalName(*why) : "";
  reply.electorate = Voters(group) + (IsKnown(state, group, query.candidate) ? 0 : 1);
  return reply;
}

// The vote as it stands, to be answered once it is durable. A write that failed is tried again.
void RespondWithVote(Turn& turn, Group& group, const MasterDownQuery& query, bool down,
                     std::optional<VoteRefusal> why) {
  MasterDownReply reply = Refused(turn.state(), group, query, down, why);
  if (!group.vote.leader) return turn.Respond(query.client, reply);
  reply.leader = group.vote.leader->ToString();
  reply.leader_epoch = group.vote.epoch.number();
  if (!turn.IsDurable(group.vote_version) && turn.state().finished_version >= group.vote_version)
    group.vote_version = turn.Persist();
  turn.RespondWhenDurable({group.vote_version, query.client, reply,
                           Refused(turn.state(), group, query, down, VoteRefusal::kDisk)});
}

// Someone stands in a higher epoch: what we have begun and cannot be a fact yet is given up.
void GiveWay(Turn& turn, Group& group) {
  if (!group.failover) return;
  if (std::holds_alternative<ReconfigureReplicas>(group.failover->phase))
    return YieldFailover(turn, group);
  AbortFailover(turn, group, EventType::kAbortNotElected);
}

constexpr std::string_view kRefusals[] = {"stalled", "disk",      "duplicate", "busy",
                                          "spent",   "promoting", "paused",    "healthy"};

}  // namespace

std::string_view VoteRefusalName(VoteRefusal refusal) {
  return kRefusals[static_cast<size_t>(refusal)];
}

std::optional<VoteRefusal> ParseVoteRefusal(std::string_view name) {
  const auto* found = std::ranges::find(kRefusals, name);
  if (found == std::end(kRefusals)) return std::nullopt;
  return static_cast<VoteRefusal>(found - std::begin(kRefusals));
}

void AnswerMasterDown(Turn& turn, const MasterDownQuery& query) {
  State& state = turn.state();
  const std::vector<Group*> groups = GroupsOf(state, query.primary);
  if (groups.empty()) return turn.Respond(query.client, MasterDownReply{});
  Group* group = groups.front();
  const bool down = !state.tilt_since && std::ranges::any_of(groups, [](const Group* one) {
    return one->primary.sdown_since.has_value();
  });
  const auto candidate = base::RunId::Parse(query.candidate);
  for (Group* one : groups) OnAskedByPeer(turn, *one);
  if (!candidate || candidate->IsZero())
    return turn.Respond(query.client, MasterDownReply{down, "*", 0});

  if (!turn.MayHold())
    return turn.Respond(query.client, Refused(state, *group, query, down, VoteRefusal::kBusy));
  const base::Epoch epoch(query.epoch);
  const Candidacy candidacy = query.candidacy.value_or(Candidacy::kLost);
  std::optional<VoteRefusal> refusal = AdoptEpoch(turn, *group, epoch)
                                           ? WhyNoVote(state, groups, turn.now(), epoch, candidacy)
                                           : VoteRefusal::kSpent;
  for (Group* one : groups) {
    if (epoch <= state.current_epoch) one->heard_epoch = std::max(one->heard_epoch, epoch);
    if (candidacy == Candidacy::kOrdered && refusal != VoteRefusal::kSpent)
      one->ordered_epoch = std::max(one->ordered_epoch, epoch);
  }
  if (!refusal) {
    for (Group* one : groups) GiveWay(turn, *one);
    CastVote(turn, *group, epoch, *candidate);
    for (Group* one : groups) {
      if (*candidate != state.myid) BackOffLong(turn, *one);
      turn.Touch(one->name);
    }
  } else if (group->vote == Vote{epoch, candidate}) {
    refusal.reset();  // it has it already
  }
  RespondWithVote(turn, *group, query, down, refusal);
}

bool MayTakePart(const State& state) { return !WhyApart(state); }

bool IsUnderWay(State& state, const Group& group) {
  return group.failover || group.pending_config ||
         std::ranges::any_of(GroupsOf(state, group.primary.address), [](const Group* other) {
           return other->failover || other->pending_config;
         });
}

void KeepCandidacy(Turn& turn, Group& group) {
  State& state = turn.state();
  if (!group.odown_since || group.failover || group.pending_config || !MayTakePart(state)) return;
  if (IsPaused(group)) return;
  if (UsableSentinels(state, group) < VotesNeeded(group)) return;
  if (!IsDue(turn, group.may_stand_at)) return;
  if (IsUnderWay(state, group)) return turn.WakeAt(turn.now() + kElectionRetryMin);
  if (MayProceed(turn, group)) Stand(turn, group);
}

void DesynchronizeCandidacy(Turn& turn, Group& group) {
  if (group.peers.empty()) return;
  group.may_stand_at =
      std::max(group.may_stand_at, turn.now() + RandomUpTo(turn, kCandidacyJitter));
}

void Stand(Turn& turn, Group& group, std::optional<Order> order) {
  State& state = turn.state();
  if (state.current_epoch.number() >= kMaxEpoch) return;
  state.current_epoch = state.current_epoch.Next();
  Failover failover;
  failover.epoch = state.current_epoch;
  failover.order = std::move(order);
  failover.started_at = turn.now();
  failover.phase_entered_at = turn.now();
  failover.timeout_from = turn.now();
  failover.old_primary = group.primary.address;
  failover.phase = WaitStart{
      turn.now() + std::min(turn.timings().election_timeout, group.options.failover_timeout)};
  group.failover = std::move(failover);
  if (group.failover->order) group.ordered_epoch = state.current_epoch;
  group.heard_epoch = state.current_epoch;
  BeginRecord(turn, group);
  turn.Announce(group, EventType::kNewEpoch, std::to_string(state.current_epoch.number()));
  turn.AnnouncePrimary(group, group.failover->order && group.failover->order->confirm
                                  ? EventType::kTryConfirm
                                  : EventType::kTryFailover);
  CastVote(turn, group, state.current_epoch, state.myid);
  HurryAsking(group);
  turn.Progress();
}

void RecordVote(Turn& turn, Group& group, Peer& peer, const Vote& vote) {
  if (!AdoptEpoch(turn, group, vote.epoch)) return;
  group.heard_epoch = std::max(group.heard_epoch, vote.epoch);
  if (!peer.vote || peer.vote->epoch <= vote.epoch) peer.vote = vote;
}

Tally CountVotes(Turn& turn, const Group& group) {
  const base::Epoch epoch = group.failover->epoch;
  const size_t needed = std::max(VotesNeeded(group), ToldMajority(group));
  std::map<base::RunId, size_t> votes;
  size_t outstanding = 0;
  const bool own_durable = turn.IsDurable(group.vote_version);
  // A candidate that cannot write its own vote does not lead, whatever the others say.
  if (!own_durable && turn.state().finished_version >= group.vote_version) return Tally::kLost;
  if (own_durable)
    ++votes[turn.state().myid];
  else
    ++outstanding;
  for (const auto& [id, peer] : group.peers) {
    if (peer.vote && peer.vote->epoch == epoch && peer.vote->leader)
      ++votes[*peer.vote->leader];
    else if (turn.state().peer_links.at(id).proven && peer.replied_to != epoch)
      ++outstanding;
  }
  const size_t ours = votes[turn.state().myid];
  if (ours >= needed && own_durable) return Tally::kWon;
  for (const auto& [leader, count] : votes)
    if (count >= needed && leader != turn.state().myid) return Tally::kLostToAnother;
  return ours + outstanding < needed ? Tally::kLost : Tally::kOpen;
}

void BackOff(Turn& turn, Group& group, Tally how) {
  if (how == Tally::kLostToAnother) return BackOffLong(turn, group);
  const int doublings = std::min(group.failed_elections, kElectionRetryMaxDoublings);
  ++group.failed_elections;
  const int64_t wait = turn.random().Between(kElectionRetryMin.count(), kElectionRetryMax.count());
  group.may_stand_at =
      std::max(group.may_stand_at, turn.now() + base::Duration(wait) * (1 << doublings));
}

void BackOffLong(Turn& turn, Group& group) {
  const base::Duration grace =
      std::min<base::Duration>(2 * group.options.failover_timeout, kLeaderGrace);
  group.may_stand_at =
      std::max(group.may_stand_at, turn.now() + grace + RandomUpTo(turn, kMaxDesync));
}

}  // namespace quorate::sentinel::core
