#include "sentinel/core/switchover.h"

#include <algorithm>
#include <iterator>
#include <string>
#include <string_view>

#include "sentinel/core/discovery.h"
#include "sentinel/core/election.h"
#include "sentinel/core/failover.h"
#include "sentinel/core/history.h"
#include "sentinel/core/links.h"
#include "sentinel/core/replica_selection.h"
#include "shared/base/numbers.h"

namespace quorate::sentinel::core {
namespace {

// The node whose writes are paused: still the primary, or already a replica of the heir.
DataNode* OldPrimary(Group& group) {
  const base::Endpoint& address = group.failover->old_primary;
  if (group.primary.address == address) return &group.primary;
  const auto position = group.replicas.find(address);
  return position == group.replicas.end() ? nullptr : &position->second;
}

// The first one, or a renewal.
void SendPause(Turn& turn, Group& group, DataNode& primary) {
  const base::Instant until = turn.now() + kSwitchoverPause;
  SendToNode(turn, group, primary,
             {"CLIENT", "PAUSE", std::to_string(base::ToMs(kSwitchoverPause)), "WRITE"},
             ForPause{group.failover->epoch, until});
  std::optional<WritePause>& pause = group.failover->pause;
  pause = WritePause{pause ? pause->until : until, until};
  turn.WakeAt(until - kSwitchoverPause / 2);
}

void Abort(Turn& turn, Group& group, EventType why, std::string_view details = {}) {
  AbortFailover(turn, group, why, details);
  BackOffLong(turn, group);
}

// How servers before Redis 6.2 answer CLIENT PAUSE ms WRITE, by age: no such subcommand, no such
// argument, or "Unknown subcommand or wrong number of arguments for 'pause'".
bool MeansNoSuchPause(const std::string& error) {
  constexpr std::string_view kTexts[] = {"err unknown subcommand", "err syntax error",
                                         "err wrong number of arguments"};
  const std::string lower = base::ToLower(error);
  return std::any_of(std::begin(kTexts), std::end(kTexts), [&lower](std::string_view text) {
    return lower.compare(0, text.size(), text) == 0;
  });
}

// Writes go on at the primary, now or soon: promoting another could lose some.
void OnPauseRefused(Turn& turn, Group& group, const std::string& error) {
  Abort(turn, group, EventType::kAbortPauseRefused, Quoted(error));
}

bool HasCaughtUp(const Group& group, const Replica& heir, const PauseWrites& phase) {
  return phase.target && heir.primary_link_up && heir.info_as_of >= *phase.paused_at &&
         heir.primary == group.primary.address && SharesStream(group, heir) &&
         heir.offset >= *phase.target;
}

// Learns the primary's offset from an INFO that was asked for after the pause.
void NoteTarget(const Group& group, PauseWrites& phase) {
  if (!phase.target && group.primary.info_as_of >= *phase.paused_at)
    phase.target = group.primary.primary_offset;
}

}  // namespace

void StartPause(Turn& turn, Group& group) {
  const base::Duration catch_up = group.failover->order->catch_up;
  EnterPhase(turn, group, PauseWrites{turn.now() + catch_up, {}, {}, turn.now()});
  SendPause(turn, group, group.primary);
}

void KeepPauseWrites(Turn& turn, Group& group, const PauseWrites& now) {
  PauseWrites phase = now;
  const auto heir = group.replicas.find(*group.failover->heir);
  if (heir == group.replicas.end() || !heir->second.command.up())
    return Abort(turn, group, EventType::kAbortSlaveTimeout);
  if (!group.primary.command.up() || group.primary.sdown_since)
    return Abort(turn, group, EventType::kAbortMasterTimeout);
  if (IsDue(turn, phase.deadline))
    return Abort(turn, group,
                 phase.target ? EventType::kAbortSlaveTimeout : EventType::kAbortMasterTimeout);
  if (!KeepPaused(turn, group) || !phase.paused_at) return;
  NoteTarget(group, phase);
  if (HasCaughtUp(group, heir->second, phase))
    return EnterPhase(turn, group, SendPromotion{turn.now()});
  if (IsDue(turn, phase.next_poll)) {
    phase.next_poll = turn.now() + kCatchUpPollPeriod;
    turn.WakeAt(phase.next_poll);
    if (!phase.target && !group.primary.info_pending) AskInfo(turn, group, group.primary);
    if (!heir->second.info_pending) AskInfo(turn, group, heir->second);
  }
  group.failover->phase = phase;
}

void OnPauseReply(Turn& turn, Group& group, const ForPause& pause, const WireReply& reply) {
  if (!group.failover || group.failover->epoch != pause.epoch) return;
  turn.Touch(group.name);
  auto* phase = std::get_if<PauseWrites>(&group.failover->phase);
  if (!phase || phase->paused_at) {  // a renewal
    if (!reply.is_error()) {
      if (group.failover->pause) group.failover->pause->until = pause.until;
    } else if (phase || std::holds_alternative<SendPromotion>(group.failover->phase)) {
      OnPauseRefused(turn, group, reply.text);
    }
    return;
  }
  if (reply.is_error()) {
    group.failover->pause.reset();  // what was not paused is not lifted
    if (!MeansNoSuchPause(reply.text) || group.failover->order->lossless)
      return OnPauseRefused(turn, group, reply.text);
    group.failover->planned = false;
    NoteRisk(group);
    EnterPhase(turn, group, SendPromotion{turn.now()});
    return;
  }
  phase->paused_at = turn.now();
  // Questions that are under way may have been answered before the pause.
  AskInfo(turn, group, group.primary);
  const auto heir = group.replicas.find(*group.failover->heir);
  if (heir != group.replicas.end() && heir->second.command.up()) AskInfo(turn, group, heir->second);
  phase->next_poll = turn.now() + kCatchUpPollPeriod;
}

bool KeepPaused(Turn& turn, Group& group) {
  if (!group.failover->pause) return true;
  // Another may lead by now, and pause and promote as we do.
  if (group.heard_epoch > group.failover->epoch && !group.failover->promotion_sent) {
    Abort(turn, group, EventType::kAbortNotElected, "#another stands in a later epoch");
    return false;
  }
  const WritePause& pause = *group.failover->pause;
  // Lapsed: writes may have been taken since, that the heir does not have.
  if (IsDue(turn, pause.until) && !AwaitsPromotion(*group.failover)) {
    Abort(turn, group, EventType::kAbortMasterTimeout);
    return false;
  }
  if (!IsDue(turn, pause.asked_until - kSwitchoverPause / 2)) return true;
  DataNode* primary = OldPrimary(group);
  if (primary && primary->command.up()) {
    SendPause(turn, group, *primary);
    return true;
  }
  if (AwaitsPromotion(*group.failover)) return true;  // too late to turn back
  Abort(turn, group, EventType::kAbortMasterTimeout);
  return false;
}

bool MayLetClientsGo(Turn& turn, const Group& group) {
  const Failover& failover = *group.failover;
  if (!failover.pause) return true;
  const bool adopted = std::all_of(group.peers.begin(), group.peers.end(), [&](const auto& entry) {
    const Peer& peer = entry.second;
    return peer.config_epoch >= group.config_epoch || peer.sdown_since ||
           !turn.state().peer_links.at(peer.id).up();
  });
  return adopted || IsDue(turn, failover.timeout_from + kAdoptionWait);
}

void LiftPause(Turn& turn, Group& group) {
  if (!group.failover || !group.failover->pause) return;
  group.failover->pause.reset();
  DataNode* primary = OldPrimary(group);
  if (primary && primary->command.up()) SendToNode(turn, group, *primary, {"CLIENT", "UNPAUSE"});
}

}  // namespace quorate::sentinel::core
