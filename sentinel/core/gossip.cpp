#include "sentinel/core/gossip.h"

#include <algorithm>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "sentinel/core/duplicate_id.h"
#include "sentinel/core/electorate.h"
#include "sentinel/core/group_config.h"
#include "sentinel/core/links.h"
#include "sentinel/core/names.h"
#include "sentinel/core/strangers.h"
#include "sentinel/core/views.h"

namespace quorate::sentinel::core {
namespace {

base::Endpoint OwnAddress(const Settings& settings, const Link& link) {
  return {settings.announce_ip.empty() ? link.local_host : settings.announce_ip,
          settings.announce_port != 0 ? settings.announce_port : settings.listen_port};
}

// A hello may come back late, through a replica that lags: old addresses are ours, too.
void RememberAnnounced(State& state, const base::Endpoint& address) {
  if (std::ranges::count(state.announced, address) != 0) return;
  if (state.announced.size() >= kMaxAnnouncedAddresses) state.announced.pop_front();
  state.announced.push_back(address);
}

std::string OwnHello(Turn& turn, const Group& group, const Link& link) {
  State& state = turn.state();
  const base::Endpoint address = OwnAddress(state.settings, link);
  RememberAnnounced(state, address);
  return FormatHello({address, state.myid, state.current_epoch, group.name,
                      Shown(state, group.primary.address), group.config_epoch});
}

// PUBLISH counts as a write: on a paused primary it would block our link.
bool MayPublish(const Group& group, const DataNode& node) {
  const bool paused =
      group.failover && group.failover->pause && group.failover->old_primary == node.address;
  return node.command.up() && HasRoom(node.command) && !paused;
}

void KeepNodeHello(Turn& turn, const Group& group, DataNode& node) {
  if (!MayPublish(group, node)) return;
  const base::Instant due = node.last_hello_sent + turn.timings().publish_period;
  if (!GoesAlong(turn, group, node, due) && !IsDue(turn, due)) return;
  node.last_hello_sent = turn.now();
  turn.WakeAt(turn.now() + turn.timings().publish_period);
  SendToNode(turn, group, node, {"PUBLISH", kHelloChannel, OwnHello(turn, group, node.command)});
  PingAlong(turn, group, node);
}

void KeepPeerHello(Turn& turn, const Group& group, Peer& peer) {
  PeerLink& link = turn.state().peer_links.at(peer.id);
  if (!link.up() || !HasRoom(link)) return;
  const base::Instant due = peer.last_hello_sent + turn.timings().publish_period;
  if (!GoesAlong(turn, group, group.primary, due) && !IsDue(turn, due)) return;
  peer.last_hello_sent = turn.now();
  turn.WakeAt(turn.now() + turn.timings().publish_period);
  SendRequest(turn, link, {"PUBLISH", kHelloChannel, OwnHello(turn, group, link)}, ForNothing{});
}

// Before our first hello, one of ours can only be from before a restart.
bool WouldAnnounce(const State& state, const base::Endpoint& address) {
  const auto over = [&](const Link& link) {
    return link.up() && OwnAddress(state.settings, link) == address;
  };
  const auto over_node = [&](const DataNode& node) {
    return over(node.command) || over(node.pubsub);
  };
  return std::ranges::any_of(state.peer_links, [&](const auto& e) { return over(e.second); }) ||
         std::ranges::any_of(state.groups, [&](const auto& entry) {
           const Group& group = entry.second;
           return over_node(group.primary) ||
                  std::ranges::any_of(group.replicas,
                                      [&](const auto& e) { return over_node(e.second); });
         });
}

// One that we announce, or have announced.
bool IsOwnAddress(const State& state, const base::Endpoint& address) {
  return std::ranges::count(state.announced, address) != 0 || WouldAnnounce(state, address);
}

// What the hello says is known; only that its sender is alive is new.
bool ConfirmsOnly(const State& state, const Group& group, const Peer& peer, const Hello& hello) {
  return peer.last_hello && peer.address == hello.sentinel &&
         peer.config_epoch == hello.config_epoch && hello.config_epoch <= group.config_epoch &&
         hello.primary == group.primary.address && hello.current_epoch <= state.current_epoch &&
         !state.settings.resolve_hostnames && IsAtRest(group);
}

Peer* FindPeerByAddress(const State& state, Group& group, const base::Endpoint& address) {
  for (auto& [id, peer] : group.peers)
    if (IsSameAddress(state, peer.address, address)) return &peer;
  return nullptr;
}

// A sentinel under a known id at a new address has moved: its address is switched in every group.
void MovePeer(Turn& turn, Group& group, const Hello& hello) {
  const std::string& host = hello.sentinel.host;
  turn.AnnouncePrimary(group, EventType::kSentinelAddressSwitch,
                       "ip " + host + " port " + std::to_string(hello.sentinel.port) + " for " +
                           hello.id.ToString());
  size_t updated = 0;
  for (auto& [name, other] : turn.state().groups) {
    const auto position = other.peers.find(hello.id);
    if (position == other.peers.end()) continue;
    position->second.address = hello.sentinel;
    ++updated;
  }
  if (updated > 1)
    turn.AnnouncePeer(group, group.peers.at(hello.id), EventType::kSentinelAddressUpdate,
                      std::to_string(updated - 1) + " additional matching instances");
}

// A new id at a known address has replaced the sentinel that was there: the old one is forgotten in
// every group, but not at once in its electorate.
void ReplacePeersAt(Turn& turn, Group& group, const Hello& hello) {
  const Peer* other = FindPeerByAddress(turn.state(), group, hello.sentinel);
  if (!other) return;
  turn.AnnouncePeer(group, *other, EventType::kSentinelInvalidAddress);
  const base::RunId gone = other->id;
  for (auto& [name, any] : turn.state().groups)
    if (any.peers.erase(gone) != 0) NoteReplacedPeer(any, hello.sentinel, turn.now());
}

// The peer that sent the hello, added or corrected as needed; none if the group has too many.
Peer* MeetPeer(Turn& turn, Group& group, const Hello& hello) {
  const auto known = group.peers.find(hello.id);
  if (known != group.peers.end() &&
      IsSameAddress(turn.state(), known->second.address, hello.sentinel))
    return &known->second;
  if (known != group.peers.end()) {
    MovePeer(turn, group, hello);
  } else {
    ReplacePeersAt(turn, group, hello);
    if (group.peers.size() >= kMaxPeersPerGroup) return nullptr;
    Peer peer;
    peer.id = hello.id;
    peer.address = hello.sentinel;
    const auto added = group.peers.emplace(hello.id, std::move(peer)).first;
    NoteMetPeer(group);
    turn.AnnouncePeer(group, added->second, EventType::kSentinel);
  }
  RefreshPeerLinks(turn);
  turn.PersistSoon();
  turn.TouchAll();
  return &group.peers.at(hello.id);
}

// A peer at an address that turns out to be our own is what we were, before our id was changed.
void DropSelves(Turn& turn, Group& group) {
  const auto gone = std::erase_if(group.peers, [&](const auto& entry) {
    const bool self = std::ranges::count(turn.state().announced, entry.second.address) != 0;
    if (self) turn.AnnouncePeer(group, entry.second, EventType::kSentinelEnd);
    return self;
  });
  if (gone == 0) return;
  NoteForgottenPeers(group, gone);
  RefreshPeerLinks(turn);
  turn.PersistSoon();
}

// What the hello says counts.
void Believe(Turn& turn, Group& group, const Hello& hello) {
  Peer* peer = MeetPeer(turn, group, hello);
  AdoptEpoch(turn, group, hello.current_epoch);
  if (!peer) return;
  peer->last_hello = turn.now();
  peer->config_epoch = hello.config_epoch;
  turn.Touch(group.name);
  KeepName(turn, hello.primary.host);
  ProposeConfig(
      turn, group,
      {hello.config_epoch, KnownAs(turn.state(), group, hello.primary), HeardFrom{hello.id}});
}

}  // namespace

void KeepHello(Turn& turn, Group& group) {
  DropSelves(turn, group);
  KeepNodeHello(turn, group, group.primary);
  // What is published at a primary goes into its stream. One that was replaced, and is back, needs
  // no full sync to follow the new one while its stream ends where that one's history begins.
  for (auto& [address, replica] : group.replicas)
    if (!replica.doubted_since && !replica.was_primary) KeepNodeHello(turn, group, replica);
  for (auto& [id, peer] : group.peers) KeepPeerHello(turn, group, peer);
}

void HurryHello(Group& group) {
  group.primary.last_hello_sent = base::Instant{};
  for (auto& [address, replica] : group.replicas) replica.last_hello_sent = base::Instant{};
  for (auto& [id, peer] : group.peers) peer.last_hello_sent = base::Instant{};
}

void OnHello(Turn& turn, std::string_view line) {
  if (const std::optional<Hello> hello = ParseHello(line)) OnHello(turn, *hello);
}

void OnHello(Turn& turn, const Hello& hello) {
  const State& state = turn.state();
  if (hello.config_epoch > hello.current_epoch) return;
  if (!MayName(state, hello.sentinel) || !MayName(state, hello.primary)) return;
  const auto position = turn.state().groups.find(hello.group);
  if (position == turn.state().groups.end()) return;
  Group& group = position->second;
  const auto known = group.peers.find(hello.id);
  if (known != group.peers.end() && ConfirmsOnly(state, group, known->second, hello)) {
    known->second.last_hello = turn.now();
    return;
  }
  // Our own; or of whom we were, or another's state file is ours now: it would be our own second
  // vote (E5).
  if (IsOwnAddress(state, hello.sentinel)) return;
  if (hello.current_epoch.number() > state.current_epoch.number() + kMaxEpochJump) return;
  if (!IsProven(state, hello)) return AwaitProof(turn, hello);
  if (hello.id == state.myid) return NoteDuplicate(turn, hello);
  Believe(turn, group, hello);
}

bool AdoptEpoch(Turn& turn, const Group& group, base::Epoch epoch) {
  base::Epoch& current = turn.state().current_epoch;
  if (epoch.number() > kMaxEpoch || epoch.number() > current.number() + kMaxEpochJump) return false;
  if (epoch <= current) return true;
  current = epoch;
  turn.PersistSoon();
  turn.Announce(group, EventType::kNewEpoch, std::to_string(current.number()));
  return true;
}

}  // namespace quorate::sentinel::core
