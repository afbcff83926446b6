#include "sentinel/core/group_config.h"

#include <algorithm>
#include <string>
#include <utility>

#include "sentinel/core/discovery.h"
#include "sentinel/core/failover.h"
#include "sentinel/core/fencing.h"
#include "sentinel/core/flapping.h"
#include "sentinel/core/gossip.h"
#include "sentinel/core/history.h"
#include "sentinel/core/links.h"
#include "sentinel/core/names.h"

namespace quorate::sentinel::core {
namespace {

void RunReconfigScript(Turn& turn, const Group& group, const base::Endpoint& from,
                       const base::Endpoint& to, bool leader) {
  const std::string& script = group.options.client_reconfig_script;
  if (script.empty()) return;
  turn.Do(RunScript{{script, group.name, leader ? "leader" : "observer", "start", from.host,
                     std::to_string(from.port), to.host, std::to_string(to.port)}});
}

// Makes `to` the primary and the old one a replica. Both keep their connections. There is room for
// one more replica than a group may have otherwise: the old primary.
void SwapPrimary(Turn& turn, Group& group, const base::Endpoint& to) {
  DataNode heir = NewDataNode(to, turn.now());
  const auto position = group.replicas.find(to);
  if (position != group.replicas.end()) {
    heir = std::move(static_cast<DataNode&>(position->second));
    group.replicas.erase(position);
    // Who made it the primary has heard it. That we have not may be our own cut, which is over when
    // we hear of it: with the old silence we would depose at once whom the others have just
    // elected.
    if (std::exchange(heir.sdown_since, std::nullopt)) DropDataLinks(turn, heir);
    ForgetSilence(heir.command, turn.now());
    ExpectHeartbeats(heir);
  } else {
    heir.reported_role = Role::kPrimary;
  }
  NoteReplaced(group, group.primary, turn.now());
  Replica old;
  static_cast<DataNode&>(old) = std::exchange(group.primary, std::move(heir));
  old.was_primary = true;
  old.replaced_process = old.run_id;
  old.sdown_since.reset();  // announced again, as that of a replica
  old.rebooted_at.reset();
  old.info_wanted = true;
  old.role_reported_at = turn.now();
  old.primary_changed_at = turn.now();
  if (MakeRoom(turn, group) || group.replicas.size() == kMaxReplicasPerGroup)
    group.replicas.emplace(old.address, std::move(old));
  else
    DropDataLinks(turn, old);
  group.primary.role_reported_at = turn.now();
  group.primary.info_wanted = true;
}

// What was known about the old primary says nothing about the new one.
void ForgetEvidence(Turn& turn, Group& group) {
  group.odown_since.reset();
  group.failed_elections = 0;
  group.may_stand_at = turn.now();
  for (auto& [id, peer] : group.peers) {
    peer.answer.reset();
    peer.asked_at.reset();
  }
  for (auto& [address, replica] : group.replicas) {
    replica.reconfiguration = NotReconfigured{};
    replica.info_wanted = true;
  }
}

void PutIntoEffect(Turn& turn, Group& group, const PendingConfig& config) {
  group.config_epoch = config.epoch;
  group.conflict.reset();
  HurryHello(group);
  turn.Progress();
  const base::Endpoint from = group.primary.address;
  const bool led = std::holds_alternative<OwnElection>(config.source);
  if (!led && group.failover && group.failover->epoch <= config.epoch) YieldFailover(turn, group);
  if (config.primary == from) return;

  const bool ordered = group.ordered_epoch == config.epoch;
  const bool lost = group.primary.sdown_since.has_value();
  // RESET may have forgotten the failover; the promotion is a fact all the same.
  if (led && group.failover) {
    AnnouncePromotion(turn, group);
  } else {
    YieldFailover(turn, group);
    if (const auto* heard = std::get_if<HeardFrom>(&config.source)) {
      const auto peer = group.peers.find(heard->sentinel);
      if (peer != group.peers.end())
        turn.AnnouncePeer(group, peer->second, EventType::kConfigUpdateFrom);
    }
    RecordObserved(turn, group, config, ordered ? Cause::kOrder : Cause::kUnknown);
  }
  const base::Endpoint shown_from = Shown(turn.state(), from);
  const base::Endpoint shown_to = Shown(turn.state(), config.primary);
  RunReconfigScript(turn, group, shown_from, shown_to, led);
  turn.Announce(group, EventType::kSwitchMaster, DescribeSwitch(group.name, shown_from, shown_to));
  SwapPrimary(turn, group, config.primary);
  group.config_changed_at = turn.now();
  ForgetEvidence(turn, group);
  for (const auto& [address, replica] : group.replicas)
    if (!replica.doubted_since) turn.AnnounceReplica(group, replica, EventType::kSlave);
  turn.Persist();
  // Who did not see it lost may only have been away, and cannot tell.
  if (!ordered && (led || lost)) NoteUnorderedFailover(turn, group);
}

void NoteConflict(Turn& turn, Group& group, const ProposedConfig& proposed) {
  if (proposed.epoch == base::Epoch() || proposed.primary == group.primary.address ||
      group.conflict == proposed.primary)
    return;
  group.conflict = proposed.primary;
  const base::Endpoint shown = Shown(turn.state(), proposed.primary);
  turn.AnnouncePrimary(group, EventType::kConfigConflict,
                       "#epoch " + std::to_string(proposed.epoch.number()) +
                           " is also said to be of " + shown.ToString());
}

}  // namespace

void ProposeConfig(Turn& turn, Group& group, const ProposedConfig& proposed) {
  if (proposed.epoch == group.config_epoch) NoteConflict(turn, group, proposed);
  if (proposed.epoch <= group.config_epoch) return;
  group.heard_epoch = std::max(group.heard_epoch, proposed.epoch);
  if (group.pending_config && proposed.epoch <= group.pending_config->epoch) return;
  group.pending_config =
      PendingConfig{proposed.epoch, proposed.primary, proposed.source, turn.Persist()};
  turn.Progress();
}

void KeepConfig(Turn& turn, Group& group) {
  if (!group.pending_config || turn.state().finished_version < group.pending_config->version)
    return;
  const PendingConfig config = *std::exchange(group.pending_config, std::nullopt);
  PutIntoEffect(turn, group, config);
}

}  // namespace quorate::sentinel::core
