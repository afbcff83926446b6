#include "sentinel/core/down_detection.h"

#include <algorithm>
#include <string>

#include "sentinel/core/election.h"
#include "sentinel/core/gossip.h"
#include "sentinel/core/links.h"
#include "sentinel/core/names.h"
#include "sentinel/core/replica_selection.h"

namespace quorate::sentinel::core {
namespace {

base::Instant SilentSince(const Turn& turn, const CommandLink& link, base::Duration down_after) {
  if (!link.unanswered_since) return link.last_valid_reply;
  // Whoever answers, answers in every ping period: the silence began with the last answer. It is
  // not counted for longer than one before the ping, as none may have been sent meanwhile.
  return std::max(link.last_valid_reply, *link.unanswered_since - PingPeriod(turn, down_after));
}

// Rule (a): nothing valid was heard for down_after, though something was owed; otherwise the turn
// comes back when it may be so.
bool IsSilent(Turn& turn, const CommandLink& link, base::Duration down_after) {
  // With a link that is up and nothing outstanding there is no silence: the next ping has not been
  // sent yet.
  if (!link.unanswered_since && link.up()) return false;
  return IsDue(turn, SilentSince(turn, link, down_after) + down_after);
}

// True if the condition that began at `since` has lasted for `limit`; otherwise the turn comes back
// when it will have.
bool HasLasted(Turn& turn, base::Instant since, base::Duration limit) {
  return IsDue(turn, since + limit);
}

// Rule (b).
bool ClaimsWrongRole(Turn& turn, const Group& group) {
  return group.primary.reported_role == Role::kReplica &&
         HasLasted(turn, group.primary.role_reported_at,
                   group.options.down_after + 2 * turn.timings().info_period);
}

// Rule (c).
bool RebootsTooLong(Turn& turn, const Group& group) {
  return group.primary.rebooted_at && group.options.reboot_down_after > base::Duration::zero() &&
         HasLasted(turn, *group.primary.rebooted_at, group.options.reboot_down_after);
}

// The replicas' word on rule (d): none of those we can ask still has a link to the primary, and if
// there are any, one has said so since the break.
bool ReplicasConfirmDeath(const Group& group, base::Instant broken_at) {
  size_t confirmations = 0;
  size_t reachable = 0;
  for (const auto& [address, replica] : group.replicas) {
    if (!replica.command.up() || replica.reported_role != Role::kReplica || replica.doubted_since)
      continue;
    ++reachable;
    if (replica.info_as_of < broken_at) continue;
    if (replica.primary_link_up) return false;
    ++confirmations;
  }
  return reachable == 0 || confirmations > 0;
}

// Rule (d).
bool HasDied(Turn& turn, Group& group) {
  const CommandLink& link = group.primary.command;
  if (group.options.failure_detection != FailureDetection::kFast || !link.broken_at ||
      link.refusals == 0)
    return false;
  if (link.refusals < kDeathRefusals || !IsDue(turn, *link.broken_at + kCrashDebounce))
    return false;
  if (ReplicasConfirmDeath(group, *link.broken_at)) return true;
  for (auto& [address, replica] : group.replicas)
    if (replica.info_asked_at + kDeathInfoPeriod <= turn.now()) replica.info_wanted = true;
  turn.WakeAt(turn.now() + kDeathInfoPeriod);
  return false;
}

// Rule (e). A replica that has been without the primary for long is no heir, and must not keep a
// primary that cannot be replaced looking down.
bool HasLostData(const Group& group) {
  if (group.primary.reported_role != Role::kPrimary) return false;
  return std::any_of(group.replicas.begin(), group.replicas.end(), [&](const auto& entry) {
    const Replica& replica = entry.second;
    return replica.sync_refused && replica.command.up() && !replica.sdown_since &&
           replica.reported_role == Role::kReplica && replica.priority != 0 &&
           replica.primary == group.primary.address &&
           replica.primary_link_down <= kMaxLinkDownAfters * group.options.down_after;
  });
}

// Absent: it is not.
std::optional<Cause> WhyDown(Turn& turn, Group& group) {
  // Each rule is asked, so that each sets its deadline.
  const bool silent = IsSilent(turn, group.primary.command, group.options.down_after);
  const bool wrong_role = ClaimsWrongRole(turn, group);
  const bool rebooting = RebootsTooLong(turn, group);
  const bool data_lost = HasLostData(group);
  if (data_lost && !group.data_lost) turn.AnnouncePrimary(group, EventType::kDataLost);
  group.data_lost = data_lost;
  if (silent) return Cause::kSilence;
  if (wrong_role) return Cause::kWrongRole;
  if (rebooting) return Cause::kReboot;
  if (data_lost) return Cause::kDataLost;
  return HasDied(turn, group) ? std::optional(Cause::kDeath) : std::nullopt;
}

// Keeps `since` in line with `down`; true if that changed.
bool Update(Turn& turn, std::optional<base::Instant>& since, bool down) {
  if (since.has_value() == down) return false;
  if (down)
    since = turn.now();
  else
    since.reset();
  turn.Progress();
  return true;
}

void KeepSubjective(Turn& turn, Group& group) {
  const auto event = [](bool down) { return down ? EventType::kSdown : EventType::kSdownEnd; };
  const std::optional<Cause> cause = WhyDown(turn, group);
  const bool primary_down = cause.has_value();
  if (Update(turn, group.primary.sdown_since, primary_down)) {
    turn.AnnouncePrimary(group, event(primary_down));
    group.primary.script_kill_sent = false;
    if (primary_down) {
      group.down_cause = *cause;
      HurryAsking(group);
    }
  }
  for (auto& [address, replica] : group.replicas) {
    const bool down = IsSilent(turn, replica.command, group.options.down_after);
    if (!Update(turn, replica.sdown_since, down)) continue;
    replica.script_kill_sent = false;
    if (!replica.doubted_since) turn.AnnounceReplica(group, replica, event(down));
  }
  for (auto& [id, peer] : group.peers) {
    const bool down = IsSilent(turn, turn.state().peer_links.at(id), group.options.down_after);
    if (Update(turn, peer.sdown_since, down)) turn.AnnouncePeer(group, peer, event(down));
  }
}

void KeepObjective(Turn& turn, Group& group) {
  const size_t witnesses = DownWitnesses(group, turn.now());
  for (const auto& [id, peer] : group.peers)
    if (HeardDown(peer, turn.now())) turn.WakeAt(peer.answer->at + kAnswerValidity);
  const bool down = group.primary.sdown_since && witnesses >= group.options.quorum;
  if (!Update(turn, group.odown_since, down)) return;
  if (down) {
    turn.AnnouncePrimary(
        group, EventType::kOdown,
        "#quorum " + std::to_string(witnesses) + "/" + std::to_string(group.options.quorum));
    DesynchronizeCandidacy(turn, group);
  } else {
    turn.AnnouncePrimary(group, EventType::kOdownEnd);
  }
}

// The epoch of our candidacy while votes are being collected.
std::optional<base::Epoch> CandidacyEpoch(const Group& group) {
  if (!group.failover || !std::holds_alternative<WaitStart>(group.failover->phase))
    return std::nullopt;
  return group.failover->epoch;
}

void Ask(Turn& turn, const Group& group, Peer& peer, PeerLink& link) {
  // In TILT nobody is asked for a vote (E6).
  const std::optional<base::Epoch> candidacy =
      turn.state().tilt_since ? std::nullopt : CandidacyEpoch(group);
  const base::Endpoint primary = Shown(turn.state(), group.primary.address);
  peer.asked_at = turn.now();
  std::vector<std::string> argv = {
      "SENTINEL",
      "is-master-down-by-addr",
      primary.host,
      std::to_string(primary.port),
      std::to_string(candidacy.value_or(turn.state().current_epoch).number()),
      candidacy ? turn.state().myid.ToString() : "*"};
  if (candidacy && link.ours == true) argv.emplace_back(group.failover->order ? "ORDERED" : "LOST");
  SendRequest(turn, link, std::move(argv),
              ForMasterDown{group.name, group.primary.address, candidacy, turn.now()});
}

}  // namespace

bool IsHealthy(const Group& group, base::Instant now) {
  const DataNode& primary = group.primary;
  return !primary.sdown_since && !primary.rebooted_at && primary.reported_role == Role::kPrimary &&
         HasAnsweredWithin(primary.command, now, group.options.down_after / 2);
}

bool HeardDown(const Peer& peer, base::Instant now) {
  return peer.answer && peer.answer->down && now < peer.answer->at + kAnswerValidity;
}

size_t DownWitnesses(const Group& group, base::Instant now) {
  const auto peers =
      std::count_if(group.peers.begin(), group.peers.end(),
                    [now](const auto& entry) { return HeardDown(entry.second, now); });
  return static_cast<size_t>(peers) + (group.primary.sdown_since ? 1 : 0);
}

void KeepDownDetection(Turn& turn, Group& group) {
  KeepSubjective(turn, group);
  KeepObjective(turn, group);
}

void KeepAsking(Turn& turn, Group& group) {
  if (!group.primary.sdown_since && !CandidacyEpoch(group)) return;
  for (auto& [id, peer] : group.peers) {
    PeerLink& link = turn.state().peer_links.at(id);
    if (!link.proven || !HasRoom(link)) continue;
    if (peer.asked_at && !IsDue(turn, *peer.asked_at + turn.timings().ask_period)) continue;
    Ask(turn, group, peer, link);
    turn.WakeAt(turn.now() + turn.timings().ask_period);
  }
}

void HurryAsking(Group& group) {
  for (auto& [id, peer] : group.peers) peer.asked_at.reset();
}

void OnAskedByPeer(Turn& turn, Group& group) {
  if (!group.primary.sdown_since || group.odown_since || group.failover ||
      turn.now() < group.last_hinted_ask + kHintedAskSpacing)
    return;
  group.last_hinted_ask = turn.now();
  for (auto& [id, peer] : group.peers)
    if (!peer.answer || !peer.answer->down) peer.asked_at.reset();
  turn.Touch(group.name);
}

void OnMasterDownReply(Turn& turn, const base::RunId& from, const ForMasterDown& question,
                       const WireReply& reply) {
  const auto position = turn.state().groups.find(question.group);
  if (position == turn.state().groups.end()) return;
  Group& group = position->second;
  const auto known = group.peers.find(from);
  if (known == group.peers.end() || question.primary != group.primary.address) return;
  using Kind = WireReply::Kind;
  const auto& fields = reply.elements;
  if (reply.kind != Kind::kArray || fields.size() < 3 || fields[0].kind != Kind::kInteger ||
      !fields[1].is_text() || fields[2].kind != Kind::kInteger || fields[2].integer < 0)
    return;
  Peer& peer = known->second;
  peer.answer = PeerAnswer{fields[0].integer == 1, question.asked_at};
  turn.Touch(group.name);
  const base::Epoch epoch(static_cast<uint64_t>(fields[2].integer));
  const auto leader = base::RunId::Parse(fields[1].text);
  if (leader) RecordVote(turn, group, peer, Vote{epoch, leader});
  if (!question.candidacy) return;
  if (fields.size() > 4 && fields[4].kind == Kind::kInteger && fields[4].integer > 0)
    peer.electorate_told =
        static_cast<uint32_t>(std::min<int64_t>(fields[4].integer, kMaxPeersPerGroup + 1));
  peer.replied_to = std::max(peer.replied_to.value_or(base::Epoch()), *question.candidacy);
  const auto refusal =
      fields.size() > 3 && fields[3].is_text() ? ParseVoteRefusal(fields[3].text) : std::nullopt;
  // Who voted for another has said so by its vote.
  if (refusal && refusal != VoteRefusal::kSpent && question.candidacy == CandidacyEpoch(group))
    turn.AnnouncePeer(group, peer, EventType::kVoteRefused,
                      "#" + std::string(VoteRefusalName(*refusal)));
}

void NotePingReply(Turn& turn, const Group& group, DataNode& node, const WireReply& reply) {
  if (!reply.is_error()) node.rebooted_at.reset();
  if (!reply.is_error() || !reply.text.starts_with("BUSY")) return;
  if (!node.sdown_since || node.script_kill_sent || !node.command.up()) return;
  node.script_kill_sent = true;
  SendToNode(turn, group, node, {"SCRIPT", "KILL"});
}

}  // namespace quorate::sentinel::core
