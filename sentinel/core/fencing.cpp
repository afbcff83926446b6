#include "sentinel/core/fencing.h"

#include <algorithm>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "sentinel/core/election.h"
#include "sentinel/core/failover.h"
#include "sentinel/core/gossip.h"
#include "sentinel/core/group_config.h"
#include "sentinel/core/links.h"
#include "sentinel/core/views.h"
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

// No lease of the primary before can rest on us any more; otherwise the turn comes back.
bool FormerLeaseIsOver(Turn& turn, const Group& group) {
  if (!group.former_lease) return true;
  const base::Duration lease = std::max(group.former_lease->lease, group.primary.primary_lease);
  return IsDue(turn, group.former_lease->answered_at + lease + lease / kLeaseMarginParts);
}

void EndFormerLease(Group& group, const DataNode& node) {
  if (!group.former_lease || group.former_lease->primary != node.address) return;
  group.former_lease.reset();
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
  const bool heard_of = epoch <= turn.state().current_epoch;
  const bool first = IsConfigured(group, node) && group.config_epoch == base::Epoch();
  if (!heard_of && (!first || !AdoptEpoch(turn, group, epoch))) return false;
  ProposeConfig(turn, group, {epoch, node.address, std::nullopt});
  return true;
}

void KeepEpochOf(Turn& turn, Group& group, const DataNode& node) {
  if (!RefusesOurEpoch(group, node) || group.failover || group.pending_config) return;
  if (!IsDue(turn, node.refusal->since + kRefusalPatience * turn.timings().publish_period)) return;
  if (TakeWord(turn, group, node)) return;
  if (!IsHealthy(group, turn.now()) || !MayTakePart(turn.state()) ||
      !IsDue(turn, group.may_stand_at) || !AdoptEpoch(turn, group, node.refusal->epoch))
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
    if (!replica.doubted_since) SendFence(turn, group, replica, epoch, time);
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

void KeepHeartbeat(Turn& turn, Group& group, DataNode& node) {
  if (!node.fencible || !node.command.up() || !HasRoom(node.command)) return;
  const bool configured = IsConfigured(group, node);
  if (!configured && node.reported_role != Role::kPrimary) return;
  // The heir of a promotion that is being made durable is a primary by right.
  if (group.pending_config || (group.failover && group.failover->heir == node.address)) return;
  if (configured && !FormerLeaseIsOver(turn, group)) return;
  if (!IsDue(turn, node.heartbeat_at + HeartbeatPeriod(turn, group, node))) return;
  std::vector<std::string> argv = {"QUORATE",
                                   "HEARTBEAT",
                                   turn.state().myid.ToString(),
                                   std::to_string(group.config_epoch.number()),
                                   std::to_string(LeaseElectorate(turn.state(), group)),
                                   configured ? "PRIMARY" : "REPLICA"};
  if (node.stamp && configured) argv.push_back(std::to_string(*node.stamp));
  SendToNode(turn, group, node, std::move(argv), ForHeartbeat{configured});
  node.heartbeat_at = turn.now();
  turn.WakeAt(turn.now() + HeartbeatPeriod(turn, group, node));
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
    if (!replica.doubted_since) KeepEpochOf(turn, group, replica);
}

void RaiseFence(Turn& turn, Group& group, base::Epoch epoch) {
  SendFences(turn, group, epoch, std::min(group.options.failover_timeout, kFenceTime));
}

void LiftFence(Turn& turn, Group& group, base::Epoch epoch) {
  SendFences(turn, group, epoch, base::Duration::zero());
}

void NoteReplaced(Group& group, DataNode& replaced) {
  const FormerLease lease{replaced.address, replaced.stamp_at.value_or(group.config_changed_at),
                          replaced.primary_lease};
  // With two changes in a row what rests on us may be of one before.
  const auto end = [](const FormerLease& former) { return former.answered_at + former.lease; };
  if (!group.former_lease || end(*group.former_lease) < end(lease)) group.former_lease = lease;
  replaced.heartbeat_at = {};  // it is to hear at once that it is a replica now
  NoteOldPrimary(group, replaced);
}

void ExpectHeartbeats(DataNode& primary) {
  // A stamp of an earlier time as the primary begins no lease.
  primary.stamp.reset();
  primary.heartbeat_at = {};
}

void NoteOldPrimary(Group& group, const DataNode& node) {
  const bool gone = !node.command.up() && node.command.refusals > 0;
  if (gone || node.reported_role == Role::kReplica) EndFormerLease(group, node);
}

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
