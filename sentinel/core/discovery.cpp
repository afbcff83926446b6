#include "sentinel/core/discovery.h"

#include <algorithm>
#include <tuple>
#include <utility>

#include "sentinel/core/fencing.h"
#include "sentinel/core/hello.h"
#include "sentinel/core/history.h"
#include "sentinel/core/links.h"
#include "sentinel/core/names.h"
#include "sentinel/core/reconfiguration.h"
#include "sentinel/core/replica_selection.h"

namespace quorate::sentinel::core {
namespace {

base::Duration PrimaryInfoPeriod(const Turn& turn, const Group& group) {
  // Who follows a new primary is to be known before it fails, too.
  const base::Instant since = std::max(group.config_changed_at, group.primary.new_process_at);
  const bool unsettled = group.primary.reported_role != Role::kPrimary || group.failover ||
                         turn.now() < since + turn.timings().info_period;
  return unsettled ? std::min(kInfoFastPeriod, turn.timings().info_period)
                   : turn.timings().info_period;
}

base::Duration ReplicaInfoPeriod(const Turn& turn, const Group& group, const Replica& replica) {
  if (IsBeingReconfigured(replica)) return kInfoReconfPeriod;
  const base::Instant new_process_at = group.primary.new_process_at;
  if (new_process_at != base::Instant{} && turn.now() < new_process_at + kNewProcessWatch)
    return kDeathInfoPeriod;
  const bool unsettled = group.odown_since || group.failover || !replica.primary_link_up ||
                         replica.reported_role != Role::kReplica || !SharesStream(group, replica);
  return unsettled ? std::min(kInfoFastPeriod, turn.timings().info_period)
                   : turn.timings().info_period;
}

void KeepNodeInfo(Turn& turn, const Group& group, DataNode& node, base::Duration period) {
  if (!node.command.up() || node.info_pending || !HasRoom(node.command)) return;
  if (node.info_wanted || IsDue(turn, node.info_asked_at + period)) AskInfo(turn, group, node);
}

void RecordLineage(DataNode& node, const InfoFacts& facts) {
  if (!facts.replication_id) return;
  node.replication_id = facts.replication_id;
  node.second_replication_id = facts.second_replication_id;
  node.primary_offset = facts.primary_offset;
}

void RecordRunId(Turn& turn, Group& group, DataNode& node, Replica* replica,
                 const InfoFacts& facts) {
  if (!facts.run_id || facts.run_id->IsZero() || node.run_id == facts.run_id) return;
  if (std::exchange(node.run_id, facts.run_id)) {
    node.new_process_at = turn.now();
    if (replica) {
      turn.AnnounceReplica(group, *replica, EventType::kReboot);
    } else {
      turn.AnnouncePrimary(group, EventType::kReboot);
      if (group.options.reboot_down_after > base::Duration::zero()) node.rebooted_at = turn.now();
    }
  }
}

// The same process under two addresses: the entry that answers stays, unless it is a second name of
// the primary.
bool DropAliases(Turn& turn, Group& group, const DataNode& node, const Replica* replica) {
  if (!node.run_id || !replica) return true;
  const auto drop = [&](std::map<base::Endpoint, Replica>::iterator position) {
    DropDataLinks(turn, position->second);
    group.replicas.erase(position);
    turn.PersistSoon();
  };
  if (group.primary.run_id == node.run_id && group.primary.command.up()) {
    drop(group.replicas.find(replica->address));
    return false;
  }
  for (auto position = group.replicas.begin(); position != group.replicas.end(); ++position) {
    Replica& other = position->second;
    if (&other == replica || other.run_id != node.run_id || other.command.up()) continue;
    drop(position);
    break;
  }
  return true;
}

// A doubted replica belongs to the group if it follows a node of it, or has taken the role: that
// one has to be demoted.
bool BelongsTo(const State& state, const Group& group, const InfoFacts& facts) {
  if (facts.role == Role::kPrimary) return true;
  if (facts.role != Role::kReplica || !facts.primary) return false;
  const base::Endpoint followed = KnownAs(state, group, *facts.primary);
  return followed == group.primary.address || group.replicas.count(followed) != 0;
}

// In which order replicas give their place to others: doubted ones, then who is down the longest; a
// replaced primary last, since it is to be demoted if it comes back. Who is not down does not.
auto Dispensability(const Replica& replica) {
  return std::tuple(!replica.doubted_since, replica.was_primary, replica.sdown_since);
}

void RecordReplicaFacts(Turn& turn, const Group& group, Replica& replica, const InfoFacts& facts) {
  if (facts.primary) {
    KeepName(turn, facts.primary->host);
    const base::Endpoint primary = KnownAs(turn.state(), group, *facts.primary);
    if (replica.primary != primary) {
      replica.primary = primary;
      replica.primary_changed_at = turn.now();
    }
  }
  if (facts.primary_link_up) {
    replica.primary_link_up = *facts.primary_link_up;
    replica.primary_link_down = facts.primary_link_down.value_or(base::Duration::zero());
  }
  if (facts.sync_in_progress) replica.sync_in_progress = *facts.sync_in_progress;
  if (facts.priority) replica.priority = *facts.priority;
  if (facts.replica_offset) replica.offset = *facts.replica_offset;
  if (facts.announced) replica.announced = *facts.announced;
  replica.sync_refused = facts.sync_refused;
}

// One of its histories, which it tells, is one of that node's.
bool HasLineageOf(const DataNode& node, const DataNode& other) {
  const auto is_of_other = [&](const std::optional<base::ReplicationId>& id) {
    return id && (id == other.replication_id || id == other.second_replication_id);
  };
  return is_of_other(node.replication_id) || is_of_other(node.second_replication_id);
}

void RecordRole(Turn& turn, Group& group, DataNode& node, Replica* replica, Role role) {
  if (node.reported_role == role) return;
  node.reported_role = role;
  node.role_reported_at = turn.now();
  const std::string_view news =
      role == Role::kPrimary ? "new reported role is master" : "new reported role is slave";
  if (replica) {
    if (role == Role::kReplica) replica->primary_changed_at = turn.now();
    turn.AnnounceReplica(
        group, *replica,
        role == Role::kReplica ? EventType::kRoleChange : EventType::kRoleChangeWrong, news);
  } else {
    turn.AnnouncePrimary(
        group, role == Role::kPrimary ? EventType::kRoleChange : EventType::kRoleChangeWrong, news);
  }
}

}  // namespace

void KeepInfo(Turn& turn, Group& group) {
  KeepNodeInfo(turn, group, group.primary, PrimaryInfoPeriod(turn, group));
  for (auto& [address, replica] : group.replicas)
    KeepNodeInfo(turn, group, replica, ReplicaInfoPeriod(turn, group, replica));
}

void AskInfo(Turn& turn, const Group& group, DataNode& node) {
  node.info_pending = true;
  node.info_wanted = false;
  node.info_asked_at = turn.now();
  SendToNode(turn, group, node, {"INFO"}, ForInfo{turn.now()});
}

bool RecordInfo(Turn& turn, Group& group, DataNode& node, Replica* replica, std::string text,
                base::Instant asked_at) {
  const InfoFacts facts = ParseInfo(text);
  node.info_text = std::move(text);
  node.info_at = turn.now();
  node.info_as_of = asked_at;
  RecordRunId(turn, group, node, replica, facts);
  if (!DropAliases(turn, group, node, replica)) return false;
  RecordLineage(node, facts);
  NoteDiscarded(turn, group, node, facts);
  if (replica && BelongsTo(turn.state(), group, facts)) VerifyReplica(turn, group, *replica);
  if (facts.role) RecordRole(turn, group, node, replica, *facts.role);
  node.fencible = facts.fencible;
  node.primary_lease = facts.primary_lease;
  if (facts.role == Role::kReplica) NoteSaysReplica(group, node);
  if (replica) {
    if (node.reported_role == Role::kReplica) {
      replica->was_primary = false;
      RecordReplicaFacts(turn, group, *replica, facts);
    }
  } else if (node.reported_role == Role::kReplica) {
    if (facts.primary) {
      KeepName(turn, facts.primary->host);
      node.primary = KnownAs(turn.state(), group, *facts.primary);
    }
  } else {
    for (const base::Endpoint& address : facts.replicas)
      AddReplica(turn, group, KnownAs(turn.state(), group, address));
  }
  return true;
}

void NoteClaim(Turn& turn, const Group& group, Replica& replica, std::string_view line) {
  if (replica.reported_role != Role::kPrimary) return;
  const std::optional<Hello> hello = ParseHello(line);
  if (!hello || hello->group == group.name ||
      !IsSameAddress(turn.state(), hello->primary, replica.address))
    return;
  if (!IsForeign(turn, replica)) turn.AnnounceReplica(group, replica, EventType::kForeignPrimary);
  replica.claimed_at = turn.now();
}

bool IsForeign(const Turn& turn, const Replica& replica) {
  return replica.reported_role == Role::kPrimary && replica.claimed_at &&
         turn.now() - *replica.claimed_at < kHellosUntilSilent * turn.timings().publish_period;
}

bool MakeRoom(Turn& turn, Group& group) {
  if (group.replicas.size() < kMaxReplicasPerGroup) return true;
  auto worst = group.replicas.end();
  for (auto position = group.replicas.begin(); position != group.replicas.end(); ++position) {
    const Replica& replica = position->second;
    if (!replica.doubted_since && !replica.sdown_since) continue;
    if (group.failover &&
        (group.failover->heir == replica.address || group.failover->old_primary == replica.address))
      continue;
    if (worst == group.replicas.end() || Dispensability(replica) < Dispensability(worst->second))
      worst = position;
  }
  if (worst == group.replicas.end()) return false;
  DropDataLinks(turn, worst->second);
  group.replicas.erase(worst);
  return true;
}

bool MayBeForeign(Turn& turn, const Group& group, const Replica& replica) {
  if (replica.reported_role != Role::kPrimary) return false;
  if (IsForeign(turn, replica)) return true;
  // Who answers there now?
  if (replica.info_as_of < replica.command.opened_at) return true;
  const bool same_process = replica.run_id && replica.run_id == replica.replaced_process;
  if (replica.was_primary && (same_process || HasLineageOf(replica, group.primary))) return false;
  const base::Instant since = std::max(replica.role_reported_at, replica.command.opened_at);
  return !IsDue(turn, since + 2 * turn.timings().publish_period);
}

Replica NewReplica(const base::Endpoint& address, base::Instant now) {
  Replica replica;
  static_cast<DataNode&>(replica) = NewDataNode(address, now);
  replica.reported_role = Role::kReplica;
  replica.primary_changed_at = now;
  return replica;
}

void VerifyReplica(Turn& turn, const Group& group, Replica& replica) {
  if (!std::exchange(replica.doubted_since, std::nullopt)) return;
  turn.AnnounceReplica(group, replica, EventType::kSlave);
  turn.PersistSoon();
  turn.Progress();
}

void AddReplica(Turn& turn, Group& group, const base::Endpoint& address) {
  const auto known = group.replicas.find(address);
  if (known != group.replicas.end()) VerifyReplica(turn, group, known->second);
  if (address == group.primary.address || known != group.replicas.end() ||
      !MayName(turn.state(), address) || !MakeRoom(turn, group))
    return;
  const auto position = group.replicas.emplace(address, NewReplica(address, turn.now())).first;
  turn.AnnounceReplica(group, position->second, EventType::kSlave);
  turn.PersistSoon();
  turn.Progress();
}

}  // namespace quorate::sentinel::core
