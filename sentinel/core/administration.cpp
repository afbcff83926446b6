#include "sentinel/core/administration.h"

#include <algorithm>
#include <map>
#include <string>
#include <utility>

#include "sentinel/core/discovery.h"
#include "sentinel/core/electorate.h"
#include "sentinel/core/failover.h"
#include "sentinel/core/fencing.h"
#include "sentinel/core/hello.h"
#include "sentinel/core/links.h"
#include "sentinel/core/strangers.h"
#include "shared/base/address.h"
#include "shared/base/glob.h"
#include "shared/base/numbers.h"

namespace quorate::sentinel::core {
namespace {

// Checks a MONITOR in Redis' order; the error, or nothing.
std::optional<std::string> MonitorError(const State& state, const MonitorRequested& request) {
  const auto quorum = base::ParseInt64(request.quorum);
  const auto port = base::ParseInt64(request.port);
  if (!quorum) return "ERR Invalid quorum";
  if (!port) return "ERR Invalid port";
  if (*quorum <= 0) return "ERR Quorum must be 1 or greater.";
  if (*quorum > INT32_MAX) return "ERR Invalid quorum";
  if (!IsValidHost(request.host) ||
      (!state.settings.resolve_hostnames && !base::IsIpLiteral(request.host)))
    return "ERR Invalid IP address or hostname specified";
  if (*port <= 0 || *port > UINT16_MAX) return "ERR Invalid port number.";
  if (!IsValidGroupName(request.group)) return "ERR Invalid master name";
  if (state.groups.count(request.group) != 0) return "ERR Duplicate master name.";
  if (state.groups.size() >= kMaxGroups) return "ERR Too many masters";
  return std::nullopt;
}

// What a group of this name goes on from.
RetiredGroup TakeRetired(State& state, const std::string& name) {
  RetiredGroup kept{state.retired_vote_floor, 0};
  const auto retired = state.retired.find(name);
  if (retired != state.retired.end()) {
    kept = {std::max(kept.vote, retired->second.vote), retired->second.electorate};
    state.retired.erase(retired);
  }
  return kept;
}

// When too many are kept, the lowest vote raises the floor for everyone.
void Retire(State& state, const Group& group) {
  state.retired[group.name] = {group.vote.epoch, ElectorateWithReplaced(group)};
  if (state.retired.size() <= kMaxRetiredGroups) return;
  const auto lowest =
      std::min_element(state.retired.begin(), state.retired.end(),
                       [](const auto& a, const auto& b) { return a.second.vote < b.second.vote; });
  state.retired_vote_floor = std::max(state.retired_vote_floor, lowest->second.vote);
  state.retired.erase(lowest);
}

bool IsAlive(Turn& turn, const Peer& peer) {
  return !peer.sdown_since && turn.state().peer_links.at(peer.id).up() && peer.last_hello &&
         turn.now() - *peer.last_hello < kHellosUntilSilent * turn.timings().publish_period;
}

void DropAllLinks(Turn& turn, Group& group) {
  DropDataLinks(turn, group.primary);
  for (auto& [address, replica] : group.replicas) DropDataLinks(turn, replica);
}

void DoubtReplicas(Group& group, base::Instant now) {
  for (auto& [address, replica] : group.replicas) {
    Replica fresh = NewReplica(address, now);
    fresh.was_primary = replica.was_primary;
    fresh.replaced_process = replica.replaced_process;
    fresh.claimed_at = replica.claimed_at;
    fresh.doubted_since = replica.doubted_since.value_or(now);
    replica = std::move(fresh);
  }
}

}  // namespace

void Monitor(Turn& turn, const MonitorRequested& request) {
  State& state = turn.state();
  if (const auto error = MonitorError(state, request))
    return turn.Respond(request.client, ErrorReply{*error});
  DurableGroup fresh;
  fresh.name = request.group;
  fresh.primary = {request.host, static_cast<uint16_t>(*base::ParseInt64(request.port))};
  fresh.options.quorum = static_cast<uint32_t>(*base::ParseInt64(request.quorum));
  fresh.options.down_after = turn.timings().default_down_after;
  fresh.options.failover_timeout = turn.timings().default_failover_timeout;
  const RetiredGroup kept = TakeRetired(state, request.group);
  fresh.vote.epoch = kept.vote;
  fresh.electorate_met = kept.electorate;
  Group& group = state.groups.emplace(fresh.name, RestoreGroup(fresh, turn.now())).first->second;
  group.unsettled_at = turn.now();
  turn.AnnouncePrimary(group, EventType::kMonitor, "quorum " + request.quorum);
  turn.Touch(group.name);
  RespondOkWhenDurable(turn, request.client);
}

void Remove(Turn& turn, const RemoveRequested& request) {
  State& state = turn.state();
  const auto position = state.groups.find(request.group);
  if (position == state.groups.end()) return turn.Respond(request.client, ErrorReply{kNoSuchGroup});
  Group& group = position->second;
  turn.AnnouncePrimary(group, EventType::kMonitorEnd);
  AbandonFailover(turn, group);
  DropAllLinks(turn, group);
  Retire(state, group);
  state.groups.erase(position);
  turn.Touch(request.group);
  RefreshPeerLinks(turn);
  RespondOkWhenDurable(turn, request.client);
}

void Forget(Turn& turn, const ForgetRequested& request) {
  const auto position = turn.state().groups.find(request.group);
  if (position == turn.state().groups.end())
    return turn.Respond(request.client, ErrorReply{kNoSuchGroup});
  Group& group = position->second;
  const auto id = base::RunId::Parse(request.peer);
  const auto found = id ? group.peers.find(*id) : group.peers.end();
  if (found == group.peers.end())
    return turn.Respond(request.client, ErrorReply{"ERR No such sentinel with that run id"});
  if (IsAlive(turn, found->second))
    return turn.Respond(request.client,
                        ErrorReply{"ERR That sentinel is alive. Stop it before it is forgotten"});
  turn.AnnouncePeer(group, found->second, EventType::kSentinelEnd);
  group.peers.erase(found);
  NoteForgottenPeers(group, 1);
  RefreshPeerLinks(turn);
  turn.Touch(group.name);
  RespondOkWhenDurable(turn, request.client);
}

void Reset(Turn& turn, const ResetGroups& request) {
  int64_t count = 0;
  for (auto& [name, group] : turn.state().groups) {
    if (!base::GlobMatch(request.pattern, name)) continue;
    ++count;
    AbandonFailover(turn, group);
    DropAllLinks(turn, group);
    group.primary = NewDataNode(group.primary.address, turn.now());
    DoubtReplicas(group, turn.now());
    ForgetAnswers(group, turn.now());
    group.voted_at = {};  // whether the primary is still the process it was then is forgotten
    group.peers.clear();
    group.electorate_met = ElectorateWithReplaced(group);
    group.replaced.clear();
    group.odown_since.reset();
    group.unsettled_at = turn.now();
    group.may_stand_at = std::max(group.may_stand_at, turn.now() + kResetGrace);
    turn.AnnouncePrimary(group, EventType::kResetMaster);
    turn.Touch(name);
  }
  if (count > 0) {
    RefreshPeerLinks(turn);
    turn.Persist();
  }
  turn.Respond(request.client, IntegerReply{count});
}

void ForgetDoubted(Turn& turn, Group& group) {
  const DataNode& primary = group.primary;
  if (!primary.command.up() || !primary.info_at) return;
  for (auto position = group.replicas.begin(); position != group.replicas.end();) {
    Replica& replica = position->second;
    const auto since = replica.doubted_since;
    if (!since || !IsDue(turn, std::max(*since, primary.command.opened_at) + kResetSettling)) {
      ++position;
      continue;
    }
    DropDataLinks(turn, replica);
    position = group.replicas.erase(position);
    turn.Persist();
  }
}

void Flush(Turn& turn, const FlushRequested& request) {
  turn.PersistWhole();
  RespondOkWhenDurable(turn, request.client);
}

void ChangeSettings(Turn& turn, const SettingsChanged& request) {
  State& state = turn.state();
  const Settings old = std::exchange(state.settings, request.settings);
  const bool new_credentials = old.sentinel_user != state.settings.sentinel_user ||
                               old.sentinel_pass != state.settings.sentinel_pass ||
                               old.requirepass != state.settings.requirepass;
  if (new_credentials) {
    for (auto& [id, link] : state.peer_links) {
      DropPeerLink(turn, link);
      link.next_deadline = turn.now();
    }
    ForgetStrangers(turn);
  }
  turn.TouchAll();
  RespondOkWhenDurable(turn, request.client);
}

Group RestoreGroup(const DurableGroup& durable, base::Instant now) {
  Group group;
  group.name = durable.name;
  group.options = durable.options;
  group.primary = NewDataNode(durable.primary, now);
  group.config_epoch = durable.config_epoch;
  group.heard_epoch = std::max(durable.config_epoch, durable.vote.epoch);
  group.config_changed_at = now;
  ForgetAnswers(group, now);
  group.vote = durable.vote;
  group.shared = durable.shared;
  for (const base::Endpoint& address : durable.replicas) {
    if (address == durable.primary || group.replicas.size() >= kMaxReplicasPerGroup) continue;
    group.replicas.emplace(address, NewReplica(address, now));
  }
  for (const DurablePeer& known : durable.peers) {
    if (group.peers.size() >= kMaxPeersPerGroup) break;
    Peer peer;
    peer.id = known.id;
    peer.address = known.address;
    group.peers.emplace(known.id, std::move(peer));
  }
  const auto known = static_cast<uint32_t>(group.peers.size() + 1);
  group.electorate_met = std::max(durable.electorate_met, known);
  if (group.electorate_met > known) group.unsettled_at = now;
  return group;
}

void RespondOkWhenDurable(Turn& turn, ClientId client) {
  turn.RespondWhenDurable({turn.Persist(), client, OkReply{},
                           ErrorReply{"ERR Failed to save config file. Check server logs."}});
}

}  // namespace quorate::sentinel::core
