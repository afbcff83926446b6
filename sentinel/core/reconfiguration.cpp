#include "sentinel/core/reconfiguration.h"

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "sentinel/core/discovery.h"
#include "sentinel/core/electorate.h"
#include "sentinel/core/failover.h"
#include "sentinel/core/fencing.h"
#include "sentinel/core/history.h"
#include "sentinel/core/links.h"
#include "sentinel/core/names.h"
#include "sentinel/core/switchover.h"

namespace quorate::sentinel::core {
namespace {

// The role change, its persistence in the server's configuration and the end of its clients'
// connections are one.
void SendTransaction(Turn& turn, const Group& group, DataNode& node, std::string host,
                     std::string port, base::Epoch epoch, RequestPurpose purpose) {
  SendToNode(turn, group, node, {"MULTI"});
  if (node.fencible)
    SendToNode(
        turn, group, node,
        {"QUORATE", "REPLICAOF", std::move(host), std::move(port), std::to_string(epoch.number())});
  else
    SendToNode(turn, group, node, {"SLAVEOF", std::move(host), std::move(port)});
  SendToNode(turn, group, node, {"CONFIG", "REWRITE"});
  SendToNode(turn, group, node, {"CLIENT", "KILL", "TYPE", "normal"});
  SendToNode(turn, group, node, {"CLIENT", "KILL", "TYPE", "pubsub"});
  SendToNode(turn, group, node, {"EXEC"}, std::move(purpose));
}

// Makes it follow the primary.
void SendFollow(Turn& turn, const Group& group, DataNode& node) {
  const base::Endpoint& to = group.primary.address;
  const base::Endpoint shown = Shown(turn.state(), to);
  SendTransaction(turn, group, node, shown.host, std::to_string(shown.port), group.config_epoch,
                  ForOrder{});
}

bool IsDone(const Replica& replica) {
  return std::holds_alternative<ReconfDone>(replica.reconfiguration);
}

void SendReconfiguration(Turn& turn, Group& group, Replica& replica) {
  SendFollow(turn, group, replica);
  AskInfo(turn, group, replica);
  replica.reconfiguration = ReconfSent{turn.now()};
  turn.AnnounceReplica(group, replica, EventType::kSlaveReconfSent);
  if (group.failover->old_primary != replica.address) return;
  LiftPause(turn, group);
  AnswerOrder(turn, group, OkReply{});
}

void GiveUpOnSent(Turn& turn, Group& group, Replica& replica) {
  const auto* sent = std::get_if<ReconfSent>(&replica.reconfiguration);
  if (!sent || !IsDue(turn, sent->at + turn.timings().replica_reconf_timeout)) return;
  turn.AnnounceReplica(group, replica, EventType::kSlaveReconfSentTimeout);
  replica.reconfiguration = ReconfDone{};
}

// Out of time: everyone who has not been told is told, without waiting for anyone.
void SendBestEffort(Turn& turn, Group& group) {
  for (auto& [address, replica] : group.replicas) {
    if (IsDone(replica) || IsBeingReconfigured(replica) || replica.doubted_since ||
        MayBeForeign(turn, group, replica) || !replica.command.up())
      continue;
    SendFollow(turn, group, replica);
    turn.AnnounceReplica(group, replica, EventType::kSlaveReconfSentBestEffort);
  }
}

void End(Turn& turn, Group& group) {
  turn.AnnouncePrimary(group, EventType::kFailoverEnd);
  LiftPause(turn, group);
  AnswerOrder(turn, group, OkReply{});
  NotePhaseEnd(*group.failover, turn.now());
  Record(turn, group, kOutcomeDone);
  for (auto& [address, replica] : group.replicas) replica.reconfiguration = NotReconfigured{};
  group.failover.reset();
  turn.Progress();
}

bool PrimaryLooksSane(Turn& turn, const Group& group) {
  const DataNode& primary = group.primary;
  return primary.reported_role == Role::kPrimary && !primary.sdown_since && !group.odown_since &&
         primary.info_at && turn.now() - *primary.info_at < 2 * turn.timings().info_period;
}

// Most of the sentinels have spoken since `since` and none had a newer configuration, or we would
// have adopted it.
bool MajorityHeardSince(const Group& group, base::Instant since) {
  const auto heard =
      std::count_if(group.peers.begin(), group.peers.end(), [since](const auto& entry) {
        return entry.second.last_hello && *entry.second.last_hello > since;
      });
  return static_cast<size_t>(heard) + 1 >= Electorate(group) / 2 + 1;
}

bool HasBeenUpFor(Turn& turn, const DataNode& node, base::Duration time) {
  return !node.sdown_since && node.command.up() && turn.now() - node.command.opened_at >= time;
}

// A node that claims to be primary is left alone for a while: a newer configuration may be on its
// way to us, or it is another group's. One that was replaced and has come back need not wait so
// long, once a majority of the sentinels has confirmed ours. One that was there all the time is
// first left to the leader.
bool MayDemote(Turn& turn, const Group& group, const Replica& replica) {
  const base::Instant since = std::max(replica.role_reported_at, replica.command.opened_at);
  const bool left_to_leader = replica.command.opened_at <= group.config_changed_at &&
                              turn.now() < group.config_changed_at + kLeaderDemotes;
  if (replica.was_primary && !left_to_leader && !MayBeForeign(turn, group, replica) &&
      MajorityHeardSince(group, since))
    return true;
  const base::Duration grace = kRoleChangeGracePeriods * turn.timings().publish_period;
  return turn.now() - replica.role_reported_at >= grace && HasBeenUpFor(turn, replica, grace);
}

bool FollowsAnother(const Group& group, const Replica& replica) {
  return replica.reported_role == Role::kReplica && replica.primary &&
         *replica.primary != group.primary.address;
}

bool FollowsConfigured(const Group& group, const Replica& replica) {
  return replica.reported_role == Role::kReplica && replica.primary == group.primary.address;
}

// The primary follows a node of the group that has said since that it is a replica, too, and no
// node that we can ask has the role. One that we cannot ask may have it.
bool LacksPrimary(const Group& group) {
  const DataNode& primary = group.primary;
  if (!primary.primary) return false;
  const auto followed = group.replicas.find(*primary.primary);
  if (followed == group.replicas.end() || !followed->second.command.up() ||
      followed->second.info_as_of <= primary.role_reported_at)
    return false;
  return std::none_of(group.replicas.begin(), group.replicas.end(), [](const auto& entry) {
    const Replica& replica = entry.second;
    return replica.command.up() && replica.reported_role == Role::kPrimary;
  });
}

// A replica of another node is left alone for failover-timeout: that other may be the new primary,
// or the leader may be about to re-point it. One that came back well after the failover and follows
// a node that was replaced, or is down, need not wait so long.
bool MayRepoint(Turn& turn, const Group& group, const Replica& replica) {
  const auto followed = group.replicas.find(*replica.primary);
  const base::Instant opened_at = replica.command.opened_at;
  if (followed != group.replicas.end() &&
      (followed->second.was_primary || followed->second.sdown_since) &&
      opened_at > group.config_changed_at + 2 * turn.timings().publish_period &&
      MajorityHeardSince(group, std::max(replica.primary_changed_at, opened_at)))
    return true;
  const base::Duration wait = group.options.failover_timeout;
  return turn.now() - replica.primary_changed_at >= wait && HasBeenUpFor(turn, replica, wait);
}

void Repair(Turn& turn, Group& group, Replica& replica) {
  if (group.failover || group.pending_config || replica.doubted_since || !replica.command.up() ||
      replica.sdown_since || IsForeign(turn, replica) || RefusesOurEpoch(group, replica) ||
      !PrimaryLooksSane(turn, group))
    return;
  if (replica.repaired_at && turn.now() - *replica.repaired_at < kInfoFastPeriod) return;
  if (replica.reported_role == Role::kPrimary) {
    if (!MayDemote(turn, group, replica)) return;
    SendFollow(turn, group, replica);
    turn.AnnounceReplica(group, replica, EventType::kConvertToSlave);
  } else if (FollowsAnother(group, replica)) {
    if (!MayRepoint(turn, group, replica)) return;
    SendFollow(turn, group, replica);
    turn.AnnounceReplica(group, replica, EventType::kFixSlaveConfig);
  } else {
    return;
  }
  replica.repaired_at = turn.now();
  replica.info_wanted = true;
}

}  // namespace

bool IsBeingReconfigured(const Replica& replica) {
  return std::holds_alternative<ReconfSent>(replica.reconfiguration) ||
         std::holds_alternative<ReconfInProgress>(replica.reconfiguration);
}

void KeepReconfiguration(Turn& turn, Group& group) {
  const Failover& failover = *group.failover;
  for (auto& [address, replica] : group.replicas) GiveUpOnSent(turn, group, replica);
  const auto old = group.replicas.find(failover.old_primary);
  const bool may_let_go = MayLetClientsGo(turn, group);
  if (may_let_go && old != group.replicas.end() && old->second.command.up() &&
      !old->second.sdown_since && !IsBeingReconfigured(old->second) && !IsDone(old->second) &&
      !MayBeForeign(turn, group, old->second))
    SendReconfiguration(turn, group, old->second);

  size_t in_progress = 0;
  for (const auto& [address, replica] : group.replicas)
    if (IsBeingReconfigured(replica) && address != failover.old_primary) ++in_progress;
  bool all_done = true;
  for (auto& [address, replica] : group.replicas) {
    if (IsDone(replica) || replica.sdown_since || replica.doubted_since || IsForeign(turn, replica))
      continue;
    if (replica.was_primary && !replica.command.up()) continue;  // what died is not waited for
    if (!IsBeingReconfigured(replica) && FollowsConfigured(group, replica)) {
      replica.reconfiguration = ReconfDone{};
      continue;
    }
    all_done = false;
    if (address == failover.old_primary && !may_let_go) continue;
    if (MayBeForeign(turn, group, replica)) continue;
    if (IsBeingReconfigured(replica) || !replica.command.up() ||
        in_progress >= group.options.parallel_syncs)
      continue;
    SendReconfiguration(turn, group, replica);
    ++in_progress;
  }
  if (all_done) return End(turn, group);
  if (!IsDue(turn, failover.timeout_from + group.options.failover_timeout)) return;
  turn.AnnouncePrimary(group, EventType::kFailoverEndForTimeout);
  SendBestEffort(turn, group);
  End(turn, group);
}

void OnReplicaInfo(Turn& turn, Group& group, Replica& replica) {
  if (!IsBeingReconfigured(replica)) return Repair(turn, group, replica);
  if (replica.reported_role != Role::kReplica || replica.primary != group.primary.address) return;
  if (std::holds_alternative<ReconfSent>(replica.reconfiguration)) {
    replica.reconfiguration = ReconfInProgress{};
    turn.AnnounceReplica(group, replica, EventType::kSlaveReconfInProgress);
  }
  if (!replica.primary_link_up) return;
  replica.reconfiguration = ReconfDone{};
  turn.AnnounceReplica(group, replica, EventType::kSlaveReconfDone);
}

void OnPrimaryInfo(Turn& turn, Group& group) {
  DataNode& primary = group.primary;
  if (group.failover || group.pending_config || primary.reported_role != Role::kReplica ||
      !primary.command.up() || primary.sdown_since || RefusesOurEpoch(group, primary) ||
      !LacksPrimary(group))
    return;
  const base::Duration grace = kRoleChangeGracePeriods * turn.timings().publish_period;
  if (turn.now() - primary.role_reported_at < grace || !HasBeenUpFor(turn, primary, grace) ||
      !MajorityHeardSince(group, std::max(primary.role_reported_at, primary.command.opened_at)))
    return;
  if (group.role_restored_at && turn.now() - *group.role_restored_at < kInfoFastPeriod) return;
  SendTransaction(turn, group, primary, "NO", "ONE", group.config_epoch, ForOrder{});
  turn.AnnouncePrimary(group, EventType::kFixMasterConfig);
  group.role_restored_at = turn.now();
  primary.info_wanted = true;
}

void SendPromotionNow(Turn& turn, const Group& group, DataNode& heir, base::Epoch epoch) {
  SendTransaction(turn, group, heir, "NO", "ONE", epoch, ForPromotion{epoch});
}

}  // namespace quorate::sentinel::core
