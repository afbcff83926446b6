#include "sentinel/core/sentinel.h"

#include <algorithm>
#include <type_traits>
#include <utility>
#include <vector>

#include "sentinel/core/administration.h"
#include "sentinel/core/deadlines.h"
#include "sentinel/core/discovery.h"
#include "sentinel/core/down_detection.h"
#include "sentinel/core/duplicate_id.h"
#include "sentinel/core/election.h"
#include "sentinel/core/electorate.h"
#include "sentinel/core/failover.h"
#include "sentinel/core/fencing.h"
#include "sentinel/core/gossip.h"
#include "sentinel/core/group_config.h"
#include "sentinel/core/invariants.h"
#include "sentinel/core/links.h"
#include "sentinel/core/maintenance.h"
#include "sentinel/core/names.h"
#include "sentinel/core/reconfiguration.h"
#include "sentinel/core/shared_settings.h"
#include "sentinel/core/strangers.h"
#include "sentinel/core/switchover.h"
#include "sentinel/core/tilt.h"
#include "sentinel/core/turn.h"
#include "sentinel/core/veto.h"
#include "sentinel/core/views.h"
#include "shared/base/check.h"
#include "shared/base/overloaded.h"
#include "shared/base/random.h"

namespace quorate::sentinel::core {
namespace {

// Rules that set each other off settle in a few rounds; more would be two rules undoing each other.
constexpr int kMaxRounds = 32;

template <typename I>
constexpr bool kAnswersWhenDurable =
    std::is_same_v<I, MonitorRequested> || std::is_same_v<I, RemoveRequested> ||
    std::is_same_v<I, SetRequested> || std::is_same_v<I, ForgetRequested> ||
    std::is_same_v<I, FlushRequested> || std::is_same_v<I, SettingsChanged>;

// A data node and the group it was found in.
struct FoundNode {
  Group* group = nullptr;
  DataNode* node = nullptr;
  Replica* replica = nullptr;  // null for the primary
};

// A pong, or the answer to a hello, of a node that is well and has answered before tells nothing
// new.
bool ConfirmsOnly(const FoundNode& found, const RequestPurpose& purpose, const WireReply& reply) {
  const bool routine =
      std::holds_alternative<ForPing>(purpose) || std::holds_alternative<ForNothing>(purpose);
  return routine && !reply.is_error() && found.node->command.has_answered &&
         HasRoom(found.node->command) && IsAtRest(*found.group);
}

bool Owns(const DataNode& node, LinkId link) {
  return node.command.id == link || node.pubsub.id == link;
}

FoundNode FindNode(Group& group, LinkId link) {
  if (Owns(group.primary, link)) return {&group, &group.primary, nullptr};
  for (auto& [address, replica] : group.replicas)
    if (Owns(replica, link)) return {&group, &replica, &replica};
  return {};
}

// Returns when it must be looked at again.
base::Instant AdvanceGroup(Turn& turn, Group& group) {
  for (int round = 0;; ++round) {
    CHECK(round < kMaxRounds);
    turn.BeginAdvance();
    KeepConfig(turn, group);
    KeepElectorate(turn, group);
    ForgetDoubted(turn, group);
    KeepMaintenance(turn, group);
    KeepDataLinks(turn, group, group.primary);
    KeepPrimaryHeartbeat(turn, group);
    for (auto& [address, replica] : group.replicas) {
      KeepDataLinks(turn, group, replica);
      KeepReplicaHeartbeat(turn, group, replica);
    }
    if (!turn.state().tilt_since) {
      KeepDownDetection(turn, group);
      KeepCandidacy(turn, group);
      KeepEpoch(turn, group);
      KeepFailover(turn, group);
    }
    KeepAsking(turn, group);
    KeepInfo(turn, group);
    KeepHello(turn, group);
    KeepSharedSettings(turn, group);
    if (!turn.progressed()) return turn.wake();
  }
}

}  // namespace

class Sentinel::Machine {
 public:
  Machine(Settings settings, const DurableState& durable, uint64_t seed)
      : durable_at_start_(MadeConsistent(durable)), random_(seed) {
    state_.settings = std::move(settings);
    state_.myid = durable_at_start_.myid;
    state_.current_epoch = durable_at_start_.current_epoch;
    state_.retired = durable_at_start_.retired;
    state_.retired_vote_floor = durable_at_start_.retired_vote_floor;
  }

  Actions Step(base::Instant now, const Input& input) {
    CHECK(now >= last_step_);
    last_step_ = now;
    Turn turn(now, state_, random_, held_);
    NoticeStall(turn, next_deadline_);
    NoticeEndOfDuplicate(turn);
    KeepStrangers(turn);
    std::visit([&](const auto& i) { Take(turn, i); }, input);
    Advance(turn);
    return turn.TakeActions();
  }

  std::optional<base::Instant> NextDeadline() const {
    if (next_deadline_ == base::Instant::max()) return std::nullopt;
    return next_deadline_;
  }

  const State& state() const { return state_; }
  size_t held() const { return held_.size(); }

 private:
  // Requests whose answer waits for the disk are refused while too many wait already.
  template <typename I>
  void Take(Turn& turn, const I& input) {
    if constexpr (kAnswersWhenDurable<I>) {
      if (!turn.MayHold())
        return turn.Respond(
            input.client, ErrorReply{"ERR Too many requests wait for the disk. Try again later."});
    }
    On(turn, input);
  }

  // ---- the process and its clock ----

  void On(Turn& turn, const Start&) {
    bool complete = !state_.myid.IsZero();
    if (!complete) state_.myid = base::RunId::Generate(random_);
    for (const DurableGroup& durable : durable_at_start_.groups) {
      const Group& group =
          state_.groups.emplace(durable.name, RestoreGroup(durable, turn.now())).first->second;
      turn.AnnouncePrimary(group, EventType::kMonitor,
                           "quorum " + std::to_string(group.options.quorum));
    }
    RefreshPeerLinks(turn);
    if (!complete) turn.Persist();
    turn.TouchAll();
    durable_at_start_ = {};
  }

  void On(Turn&, const Tick&) {}

  void On(Turn& turn, const Persisted& result) {
    state_.finished_version = std::max(state_.finished_version, result.version);
    if (result.ok) state_.durable_version = std::max(state_.durable_version, result.version);
    state_.persist_failed = !result.ok;
    if (!result.ok) state_.persist_retry_at = turn.now() + kPersistRetryPeriod;
    ReleaseHeld(turn, result.version);
    for (auto& [name, group] : state_.groups)
      if (group.failover || group.pending_config || group.odown_since) turn.Touch(name);
  }

  void ReleaseHeld(Turn& turn, uint64_t version) {
    std::vector<HeldReply> waiting;
    for (HeldReply& reply : std::exchange(held_, {})) {
      if (reply.version > version)
        waiting.push_back(std::move(reply));
      else
        turn.Respond(reply.client,
                     std::move(turn.IsDurable(reply.version) ? reply.if_durable : reply.if_failed));
    }
    held_ = std::move(waiting);
  }

  // ---- links ----

  void On(Turn& turn, const LinkUp& up) {
    if (PeerLink* peer = FindPeerLink(up.link)) {
      OnPeerLinkUp(turn, *peer, up.local_host);
      ForgetTold(*peer);
      TouchGroupsOf(turn, *peer);
      return;
    }
    if (const auto stranger = FindStranger(up.link))
      return OnStrangerUp(turn, *stranger, up.local_host);
    const FoundNode found = Find(up.link);
    if (!found.node) return;
    turn.Touch(found.group->name);
    OnDataLinkUp(turn, *found.group, *found.node, up.link, up.local_host);
    if (!found.replica || !MayBeForeign(turn, *found.group, *found.replica))
      KeepFence(turn, *found.group, *found.node);
  }

  void On(Turn& turn, const LinkDown& down) {
    if (PeerLink* peer = FindPeerLink(down.link)) {
      OnLinkDown(turn, *peer, down.failure);
      peer->proven = false;
      TouchGroupsOf(turn, *peer);
      return;
    }
    if (const auto stranger = FindStranger(down.link))
      return OnStrangerDown(turn, *stranger, down.failure);
    const FoundNode found = Find(down.link);
    if (!found.node) return;
    turn.Touch(found.group->name);
    const bool command = found.node->command.id == down.link;
    AnnounceLinkDown(turn, found, command, down.failure);
    OnLinkDown(turn, command ? static_cast<Link&>(found.node->command) : found.node->pubsub,
               down.failure);
    if (command) {
      found.node->info_pending = false;
      NoteLinkLost(*found.group, *found.node);
    }
  }

  void AnnounceLinkDown(Turn& turn, const FoundNode& found, bool command, LinkFailure failure) {
    const EventType type =
        command ? EventType::kCommandLinkReconnection : EventType::kPubsubLinkReconnection;
    const std::string reason = "#" + std::string(LinkFailureName(failure));
    if (found.replica)
      turn.AnnounceReplica(*found.group, *found.replica, type, reason);
    else
      turn.AnnouncePrimary(*found.group, type, reason);
  }

  void On(Turn& turn, const Replied& replied) {
    if (PeerLink* peer = FindPeerLink(replied.link)) {
      const auto purpose = TakePurpose(turn, *peer, replied.request);
      if (!purpose) return;
      peer->next_deadline = turn.now();
      if (std::holds_alternative<ForPing>(*purpose)) OnPingReply(turn, *peer, replied.reply);
      if (std::holds_alternative<ForMyid>(*purpose)) {
        OnPeerMyid(turn, *peer, replied.reply);
        TouchGroupsOf(turn, *peer);
      }
      if (std::holds_alternative<ForInfo>(*purpose)) {
        OnPeerInfo(turn, *peer, replied.reply);
        TouchGroupsOf(turn, *peer);
      }
      if (const auto* question = std::get_if<ForMasterDown>(&*purpose))
        OnMasterDownReply(turn, peer->peer, *question, replied.reply);
      return;
    }
    if (const auto stranger = FindStranger(replied.link))
      return OnStrangerReply(turn, *stranger, replied);
    const FoundNode found = Find(replied.link);
    if (!found.node) return;
    if (found.node->pubsub.id == replied.link) {
      turn.Touch(found.group->name);
      if (TakePurpose(turn, found.node->pubsub, replied.request))
        OnSubscribeReply(turn, found.node->pubsub, replied.reply);
      return;
    }
    if (found.node->command.id != replied.link) return;
    const auto purpose = TakePurpose(turn, found.node->command, replied.request);
    if (!purpose || !ConfirmsOnly(found, *purpose, replied.reply)) turn.Touch(found.group->name);
    if (purpose) OnNodeReply(turn, found, *purpose, replied.reply);
  }

  void OnStrangerReply(Turn& turn, const base::Endpoint& address, const Replied& replied) {
    Link& link = state_.strangers.at(address).link;
    if (!TakePurpose(turn, link, replied.request)) return;
    Link dialled = std::exchange(link, Link{});
    for (const Hello& hello : OnMyidReply(turn, address, replied.reply)) OnHello(turn, hello);
    HandOver(turn, address, JudgeMyid(replied.reply), std::move(dialled));
  }

  // The link of a stranger goes to the peer that it has become, if it has.
  void HandOver(Turn& turn, const base::Endpoint& address, const Standing& standing, Link dialled) {
    for (auto& [id, peer] : state_.peer_links) {
      if (peer.address != address || peer.phase != LinkPhase::kClosed || !Proves(standing, id))
        continue;
      AdoptLink(turn, peer, std::move(dialled));
      ForgetTold(peer);
      return TouchGroupsOf(turn, peer);
    }
    DropLink(turn, dialled);
  }

  void OnNodeReply(Turn& turn, const FoundNode& found, const RequestPurpose& purpose,
                   const WireReply& reply) {
    Group& group = *found.group;
    std::visit(base::Overloaded{
                   [](const ForNothing&) {},
                   [&](const ForPing&) { OnNodePingReply(turn, found, reply); },
                   [&](const ForInfo& info) { OnInfoReply(turn, found, info, reply); },
                   [](const ForMasterDown&) {},
                   [&](const ForPromotion& promotion) {
                     OnPromotionReply(turn, group, *found.node, promotion.epoch, reply);
                   },
                   [&](const ForPause& pause) { OnPauseReply(turn, group, pause, reply); },
                   [](const ForMyid&) {},
                   [&](const ForOrder&) { OnOrderReply(turn, *found.node, reply); },
                   [&](const ForHeartbeat& heartbeat) {
                     OnHeartbeatReply(turn, group, *found.node, heartbeat, reply);
                   },
               },
               purpose);
  }

  void OnNodePingReply(Turn& turn, const FoundNode& found, const WireReply& reply) {
    OnPingReply(turn, found.node->command, reply);
    NotePingReply(turn, *found.group, *found.node, reply);
  }

  void OnInfoReply(Turn& turn, const FoundNode& found, const ForInfo& info,
                   const WireReply& reply) {
    found.node->info_pending = false;
    if (!reply.is_text()) return;
    if (!RecordInfo(turn, *found.group, *found.node, found.replica, reply.text, info.asked_at))
      return;
    if (state_.tilt_since) return;
    if (!found.replica) return OnPrimaryInfo(turn, *found.group);
    OnHeirInfo(turn, *found.group, *found.replica);
    OnReplicaInfo(turn, *found.group, *found.replica);
  }

  void OnHelloAt(Turn& turn, const FoundNode& at, const std::string& line) {
    if (at.replica) NoteClaim(turn, *at.group, *at.replica, line);
    OnHello(turn, line);
  }

  void On(Turn& turn, const MessageReceived& message) {
    const FoundNode found = Find(message.link);
    if (!found.node) return;
    found.node->pubsub.last_activity = turn.now();
    if (message.channel == kHelloChannel) OnHelloAt(turn, found, message.payload);
  }

  void On(Turn& turn, const NameResolved& resolved) { OnNameResolved(turn, resolved); }

  // ---- commands ----

  void On(Turn& turn, const MasterDownQuery& query) { AnswerMasterDown(turn, query); }
  void On(Turn& turn, const HelloPublished& hello) {
    OnHello(turn, hello.payload);
    turn.Respond(hello.client, IntegerReply{1});
  }
  void On(Turn& turn, const ResetGroups& request) { Reset(turn, request); }
  void On(Turn& turn, const FailoverRequested& request) { StartForcedFailover(turn, request); }
  void On(Turn& turn, const SwitchoverRequested& request) { StartSwitchover(turn, request); }
  void On(Turn& turn, const PauseRequested& request) { Pause(turn, request); }
  void On(Turn& turn, const ResumeRequested& request) { Resume(turn, request); }
  void On(Turn& turn, const MonitorRequested& request) { Monitor(turn, request); }
  void On(Turn& turn, const RemoveRequested& request) { Remove(turn, request); }
  void On(Turn& turn, const ForgetRequested& request) { Forget(turn, request); }
  void On(Turn& turn, const SetRequested& request) { SetOptions(turn, request); }
  void On(Turn& turn, const VetoAnswered& answered) { OnVetoAnswered(turn, answered); }
  void On(Turn& turn, const FlushRequested& request) { Flush(turn, request); }
  void On(Turn& turn, const SettingsChanged& request) { ChangeSettings(turn, request); }

  // ---- finding ----

  PeerLink* FindPeerLink(LinkId link) {
    const auto owner = state_.link_owners.find(link);
    if (owner == state_.link_owners.end()) return nullptr;
    const auto* id = std::get_if<base::RunId>(&owner->second);
    if (!id) return nullptr;
    const auto position = state_.peer_links.find(*id);
    return position == state_.peer_links.end() ? nullptr : &position->second;
  }

  // Whom the link was opened to, if it is a stranger's.
  std::optional<base::Endpoint> FindStranger(LinkId link) const {
    const auto owner = state_.link_owners.find(link);
    if (owner == state_.link_owners.end()) return std::nullopt;
    const auto* address = std::get_if<base::Endpoint>(&owner->second);
    return address ? std::optional(*address) : std::nullopt;
  }

  // The data node that owns the link.
  FoundNode Find(LinkId link) {
    const auto owner = state_.link_owners.find(link);
    if (owner == state_.link_owners.end()) return {};
    const auto* name = std::get_if<std::string>(&owner->second);
    const auto position = name ? state_.groups.find(*name) : state_.groups.end();
    if (position == state_.groups.end()) return {};
    return FindNode(position->second, link);
  }

  // Over a new link everything is told again.
  void ForgetTold(const PeerLink& link) {
    for (auto& [name, group] : state_.groups) {
      const auto peer = group.peers.find(link.peer);
      if (peer != group.peers.end()) peer->second.maintenance_told = peer->second.shared_told = 0;
    }
  }

  void TouchGroupsOf(Turn& turn, PeerLink& link) {
    link.next_deadline = turn.now();
    for (const auto& [name, group] : state_.groups)
      if (group.peers.count(link.peer) != 0) turn.Touch(name);
  }

  // What the request was for; earlier ones without a reply are gone.
  std::optional<RequestPurpose> TakePurpose(Turn& turn, Link& link, RequestId request) {
    link.last_activity = turn.now();
    const auto position =
        std::find_if(link.requests.begin(), link.requests.end(),
                     [request](const PendingRequest& r) { return r.id == request; });
    if (position == link.requests.end()) return std::nullopt;
    RequestPurpose purpose = std::move(position->purpose);
    link.requests.erase(link.requests.begin(), position + 1);
    return purpose;
  }

  // ---- advancing ----

  void Advance(Turn& turn) {
    RetryPersist(turn);
    deadlines_.VisitDue(turn.now(), [&](const std::string& name) { turn.Touch(name); });
    for (const std::string& name : turn.touched()) {
      const auto position = state_.groups.find(name);
      if (position == state_.groups.end())
        deadlines_.Forget(name);
      else
        deadlines_.Set(name, AdvanceGroup(turn, position->second));
    }
    for (auto& [id, link] : state_.peer_links)
      if (link.next_deadline <= turn.now()) KeepPeerLink(turn, link);
    SetNextDeadline();
  }

  void RetryPersist(Turn& turn) {
    if (state_.persist_failed && state_.finished_version == state_.persist_version &&
        turn.now() >= state_.persist_retry_at)
      turn.Persist();
  }

  void SetNextDeadline() {
    next_deadline_ = std::min(deadlines_.earliest(), StrangersDeadline(state_));
    for (const auto& [id, link] : state_.peer_links)
      next_deadline_ = std::min(next_deadline_, link.next_deadline);
    next_deadline_ = std::min({next_deadline_, TiltDeadline(state_), DuplicateDeadline(state_)});
    if (state_.persist_failed && state_.finished_version == state_.persist_version)
      next_deadline_ = std::min(next_deadline_, state_.persist_retry_at);
  }

  DurableState durable_at_start_;
  State state_;
  base::Random random_;
  std::vector<HeldReply> held_;
  Deadlines deadlines_;  // of the groups; whoever adds or removes one touches it
  base::Instant last_step_{};
  base::Instant next_deadline_ = base::Instant::max();
};

Sentinel::Sentinel(Settings settings, const DurableState& durable, uint64_t seed)
    : machine_(std::make_unique<Machine>(std::move(settings), durable, seed)) {}
Sentinel::~Sentinel() = default;

Actions Sentinel::Step(base::Instant now, const Input& input) { return machine_->Step(now, input); }
std::optional<base::Instant> Sentinel::NextDeadline() const { return machine_->NextDeadline(); }
const State& Sentinel::state() const { return machine_->state(); }
DurableState Sentinel::Durable() const { return ToDurable(machine_->state()); }
void Sentinel::CheckInvariants() const {
  CHECK(machine_->held() <= kMaxHeldReplies);
  core::CheckInvariants(machine_->state());
}

}  // namespace quorate::sentinel::core
