#include "sentinel/core/fencing.h"

#include <algorithm>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "sentinel/core/discovery.h"
#include "sentinel/core/down_detection.h"
#include "sentinel/core/election.h"
#include "sentinel/core/electorate.h"
#include "sentinel/core/failover.h"
#include "sentinel/core/gossip.h"
#include "sentinel/core/group_config.h"
#include "sentinel/core/links.h"
#include "sentinel/core/maintenance.h"
#include "shared/base/numbers.h"

namespace quorate::sentinel::core {
namespace {

// A lease is renewed so often while it lasts: a late heartbeat or two must not cost it.
constexpr int kHeartbeatsPerLease = 4;
// Clocks of two machines need not run at the same speed: a lease is taken for longer than it is by
// this part of it.
constexpr int kLeaseMarginParts = 4;

bool IsConfigured(const Group& group, const DataNode& node) { return &node == &group.primary; }

base::Duration HeartbeatPeriod(Turn& turn, const Group& group, const DataNode& node) {
  const base::Duration ping = PingPeriod(turn, group.options.down_after);
  if (!IsConfigured(group, node) || node.primary_lease == base::Duration::zero()) return ping;
  return std::max(std::min(ping, node.primary_lease / kHeartbeatsPerLease), kMinPingPeriod);
}

// When it is over, for sure.
base::Instant EndOf(const FormerLease& former, const Group& group) {
  // The servers of a group have the same; who has not told it yet may be the one in question.
  base::Duration lease = std::max(former.lease, group.primary.primary_lease);
  for (const auto& [address, replica] : group.replicas)
    lease = std::max(lease, replica.primary_lease);
  return former.answered_at + lease + lease / kLeaseMarginParts;
}

// No lease of a primary before can rest on us any more; otherwise the turn comes back.
bool FormerLeasesAreOver(Turn& turn, const Group& group) {
  return std::ranges::all_of(group.former_leases, [&](const FormerLease& former) {
    return IsDue(turn, EndOf(former, group));
  });
}

void EndFormerLease(Group& group, const DataNode& node) {
  const auto ended = std::erase_if(group.former_leases, [&](const FormerLease& former) {
    return former.primary == node.address;
  });
  if (ended > 0 && group.former_leases.empty()) group.primary.heartbeat_at = {};
}

// Whose majority the primary's lease needs; 0 = there is no lease, as stock sentinels give none.
uint32_t LeaseElectorate(const State& state, const Group& group) {
  const bool stock = std::ranges::any_of(group.peers, [&](const auto& entry) {
    return state.peer_links.at(entry.first).ours == false;
  });
  return stock ? 0 : static_cast<uint32_t>(Electorate(group));
}

void NoteRefusal(Turn& turn, DataNode& node, const std::optional<StaleEpoch>& stale) {
  if (!stale)
    node.refusal.reset();
  else if (!node.refusal || node.refusal->epoch != stale->epoch)
    node.refusal = EpochRefusal{stale->epoch, stale->primary, turn.now()};
}

// False: its word is nothing to go by.
bool TakeWord(Turn& turn, Group& group, const DataNode& node) {
  const base::Epoch epoch = node.refusal->epoch;
  if (!node.refusal->primary) return false;
  const bool heard_of = epoch <= group.heard_epoch;
  const bool first = IsConfigured(group, node) && group.config_epoch == base::Epoch();
  if (!heard_of && (!first || !AdoptEpoch(turn, group, epoch))) return false;
  ProposeConfig(turn, group, {epoch, node.address, ServerSaid{}});
  return true;
}

// What we know of our primary since the election that the node's word is from.
enum class SinceThen { kSameProcess, kAnother, kUnknown };
SinceThen PrimarySince(const Group& group, base::Epoch epoch) {
  if (group.vote.epoch != epoch || group.voted_at == base::Instant{}) return SinceThen::kUnknown;
  return group.primary.new_process_at <= group.voted_at ? SinceThen::kSameProcess
                                                        : SinceThen::kAnother;
}

// Z3: the node's word is not to be taken, or not yet; then the turn comes back.
bool PrimaryComesFirst(Turn& turn, const Group& group, const DataNode& node, bool& wait) {
  if (IsConfigured(group, node) || !IsHealthy(group, turn.now())) return false;
  switch (PrimarySince(group, node.refusal->epoch)) {
    case SinceThen::kSameProcess:
      return true;
    case SinceThen::kAnother:
      return false;
    case SinceThen::kUnknown:
      wait =
          !IsDue(turn, node.refusal->since + 3 * kRefusalPatience * turn.timings().publish_period);
      return wait;
  }
  return false;
}

void KeepEpochOf(Turn& turn, Group& group, const DataNode& node) {
  if (!RefusesOurEpoch(group, node) || group.failover || group.pending_config) return;
  if (!IsConfigured(group, node) && IsPaused(group)) return;
  if (!IsDue(turn, node.refusal->since + kRefusalPatience * turn.timings().publish_period)) return;
  bool wait = false;
  if (!PrimaryComesFirst(turn, group, node, wait) && TakeWord(turn, group, node)) return;
  if (wait || !IsHealthy(group, turn.now()) || !MayTakePart(turn.state()) ||
      IsUnderWay(turn.state(), group) || !IsDue(turn, group.may_stand_at) ||
      !AdoptEpoch(turn, group, node.refusal->epoch))
    return;
  Order confirmation;
  confirmation.confirm = true;
  Stand(turn, group, std::move(confirmation));
}

void SendFence(Turn& turn, const Group& group, DataNode& node, base::Epoch epoch,
               base::Duration time) {
  if (!node.fencible || !node.command.up()) return;
  SendToNode(
      turn, group, node,
      {"QUORATE", "FENCE", std::to_string(epoch.number()), std::to_string(base::ToMs(time))});
}

void SendFences(Turn& turn, Group& group, base::Epoch epoch, base::Duration time) {
  SendFence(turn, group, group.primary, epoch, time);
  for (auto& [address, replica] : group.replicas)
    if (!replica.doubted_since && !MayBeForeign(turn, group, replica))
      SendFence(turn, group, replica, epoch, time);
}

void KeepHeartbeat(Turn& turn, Group& group, DataNode& node) {
  if (!node.fencible || !node.command.up() || !HasRoom(node.command)) return;
  const bool configured = IsConfigured(group, node);
  if (!configured && node.reported_role != Role::kPrimary) return;
  // The heir of a promotion that is being made durable is a primary by right.
  if (group.pending_config || (group.failover && group.failover->heir == node.address)) return;
  if (!IsDue(turn, node.heartbeat_at + HeartbeatPeriod(turn, group, node))) return;
  std::vector<std::string> argv = {"QUORATE",
                                   "HEARTBEAT",
                                   turn.state().myid.ToString(),
                                   std::to_string(group.config_epoch.number()),
                                   std::to_string(LeaseElectorate(turn.state(), group)),
                                   configured ? "PRIMARY" : "REPLICA"};
  if (node.stamp && configured && FormerLeasesAreOver(turn, group))
    argv.push_back(std::to_string(*node.stamp));
  SendToNode(turn, group, node, std::move(argv), ForHeartbeat{configured});
  node.heartbeat_at = turn.now();
  turn.WakeAt(turn.now() + HeartbeatPeriod(turn, group, node));
}

}  // namespace

std::optional<StaleEpoch> ParseStaleEpoch(const WireReply& reply) {
  constexpr std::string_view kCode = "STALEEPOCH ";
  if (!reply.is_error() || !std::string_view(reply.text).starts_with(kCode)) return std::nullopt;
  const std::string_view rest = std::string_view(reply.text).substr(kCode.size());
  const size_t end = std::min(rest.find(' '), rest.size());
  const std::optional<uint64_t> epoch = base::ParseUint64(rest.substr(0, end));
  if (!epoch || *epoch > kMaxEpoch) return std::nullopt;
  return StaleEpoch{base::Epoch(*epoch), rest.substr(end).starts_with(" primary")};
}

void KeepPrimaryHeartbeat(Turn& turn, Group& group) { KeepHeartbeat(turn, group, group.primary); }

void KeepReplicaHeartbeat(Turn& turn, Group& group, Replica& replica) {
  if (!MayBeForeign(turn, group, replica)) KeepHeartbeat(turn, group, replica);
}

void OnHeartbeatReply(Turn& turn, Group& group, DataNode& node, const ForHeartbeat& heartbeat,
                      const WireReply& reply) {
  NoteRefusal(turn, node, ParseStaleEpoch(reply));
  if (reply.kind != WireReply::Kind::kInteger || reply.integer < 0) return;
  if (!heartbeat.primary) return EndFormerLease(group, node);
  // With the first stamp a lease can begin: it need not wait for the next turn.
  if (!node.stamp && IsConfigured(group, node)) node.heartbeat_at = {};
  node.stamp = reply.integer;
  node.stamp_at = turn.now();
}

void OnOrderReply(Turn& turn, DataNode& node, const WireReply& reply) {
  if (reply.kind != WireReply::Kind::kArray || reply.elements.empty()) return;
  NoteRefusal(turn, node, ParseStaleEpoch(reply.elements.front()));
}

bool RefusesOurEpoch(const Group& group, const DataNode& node) {
  return node.refusal && node.refusal->epoch > group.config_epoch;
}

void KeepEpoch(Turn& turn, Group& group) {
  KeepEpochOf(turn, group, group.primary);
  for (const auto& [address, replica] : group.replicas)
    if (!replica.doubted_since && !IsForeign(turn, replica)) KeepEpochOf(turn, group, replica);
}

void RaiseFence(Turn& turn, Group& group) {
  const base::Duration time = std::min(group.options.failover_timeout, kFenceTime);
  group.failover->fenced_until = turn.now() + time;
  SendFences(turn, group, group.failover->epoch, time);
}

void KeepFence(Turn& turn, const Group& group, DataNode& node) {
  if (!group.failover || !group.failover->fenced_until || AwaitsPromotion(*group.failover)) return;
  const base::Duration left = *group.failover->fenced_until - turn.now();
  if (left >= std::chrono::milliseconds(1))
    SendFence(turn, group, node, group.failover->epoch, left);
}

bool FenceEnds(Turn& turn, const Group& group) {
  if (!group.failover->fenced_until) return false;
  const base::Duration time = std::min(group.options.failover_timeout, kFenceTime);
  return IsDue(turn, *group.failover->fenced_until - time / 4);
}

void LiftFence(Turn& turn, Group& group) {
  SendFences(turn, group, group.failover->epoch, base::Duration::zero());
}

void NoteReplaced(Group& group, DataNode& replaced, base::Instant now) {
  std::erase_if(group.former_leases,
                [&](const FormerLease& former) { return EndOf(former, group) <= now; });
  // One that has never answered us is covered by what ForgetAnswers has noted.
  if (replaced.stamp_at)
    group.former_leases.push_back({replaced.address, *replaced.stamp_at, replaced.primary_lease});
  replaced.heartbeat_at = {};  // it is to hear at once that it is a replica now
  NoteLinkLost(group, replaced);
}

void ForgetAnswers(Group& group, base::Instant now) {
  // The newest covers those before, however often we are RESET.
  std::erase_if(group.former_leases, [](const FormerLease& former) { return !former.primary; });
  group.former_leases.push_back({std::nullopt, now, {}});
}

void ExpectHeartbeats(DataNode& primary) {
  // A stamp of an earlier time as the primary begins no lease.
  primary.stamp.reset();
  primary.heartbeat_at = {};
}

void NoteLinkLost(Group& group, const DataNode& node) {
  const CommandLink& link = node.command;
  if (!link.up() && link.broken_at && link.refusals >= kDeathRefusals) EndFormerLease(group, node);
}

void NoteSaysReplica(Group& group, const DataNode& node) { EndFormerLease(group, node); }

void OnPeerInfo(Turn& turn, PeerLink& link, const WireReply& reply) {
  if (!reply.is_text()) return;
  const bool ours = reply.text.find("quorate_version:") != std::string::npos;
  if (std::exchange(link.ours, ours) == ours || ours) return;
  for (auto& [name, group] : turn.state().groups) {
    if (group.peers.count(link.peer) == 0) continue;
    group.primary.heartbeat_at = {};  // the lease, if any, ends
    turn.Touch(name);
  }
}

}  // namespace quorate::sentinel::core
