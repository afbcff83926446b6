#include "sentinel/core/links.h"

#include <algorithm>
#include <utility>
#include <variant>

#include "sentinel/core/names.h"
#include "sentinel/core/strangers.h"
#include "shared/base/check.h"
#include "shared/base/numbers.h"

namespace quorate::sentinel::core {
namespace {

void Open(Turn& turn, Link& link, LinkKind kind, const base::Endpoint& to, LinkOwner owner) {
  link.id = LinkId(++turn.state().last_id);
  link.phase = LinkPhase::kConnecting;
  link.opened_at = turn.now();
  turn.state().link_owners.emplace(link.id, std::move(owner));
  KeepName(turn, to.host);
  turn.Do(OpenLink{link.id, kind, to, kConnectTimeout});
}

// Opens the link if that is due.
void KeepOpen(Turn& turn, Link& link, LinkKind kind, const base::Endpoint& to,
              const LinkOwner& owner) {
  if (link.phase == LinkPhase::kClosed && IsDue(turn, link.next_attempt))
    Open(turn, link, kind, to, owner);
}

// A connection can hang while the other side is well: one that has been up for a while and does not
// answer is to be replaced.
bool Hangs(Turn& turn, const CommandLink& link, base::Duration down_after) {
  if (!link.up() || !link.unanswered_since) return false;
  return IsDue(
      turn, std::max({link.opened_at + turn.timings().min_link_reconnect_period,
                      *link.unanswered_since + down_after / 2, link.last_reply + down_after / 2}));
}

void SendPing(Turn& turn, CommandLink& link, std::vector<std::string> argv) {
  SendRequest(turn, link, std::move(argv), ForPing{});
  link.last_ping_sent = turn.now();
  if (!link.unanswered_since) link.unanswered_since = turn.now();
}

// The name of a command as the group's servers know it.
std::string WireName(const Group& group, std::string_view name) {
  const auto renamed = group.options.renamed_commands.find(base::ToUpper(name));
  return renamed == group.options.renamed_commands.end() ? std::string(name) : renamed->second;
}

std::vector<std::string> AuthCommand(const std::string& name, const std::string& user,
                                     const std::string& password) {
  if (user.empty()) return {name, password};
  return {name, user, password};
}

std::vector<std::string> SetNameCommand(const State& state, const std::string& name,
                                        std::string_view kind) {
  std::string client = "sentinel-" + std::string(state.myid.view().substr(0, 8)) + "-";
  return {name, "SETNAME", client.append(kind)};
}

void CountUp(Turn& turn, Link& link, std::string local_host) {
  link.phase = LinkPhase::kUp;
  link.local_host = std::move(local_host);
  link.last_activity = turn.now();
  link.failures = 0;
  link.refusals = 0;
  link.broken_at.reset();
}

// Sends without an entry in the link's requests: the reply is dropped by the runtime.
void SendUnanswered(Turn& turn, const Link& link, std::vector<std::string> argv) {
  turn.Do(Send{link.id, RequestId::kNone, std::move(argv)});
}

// The primary owes an answer to more than one ping, or is known to be in trouble.
bool IsPrimaryInDoubt(const Group& group) {
  const CommandLink& link = group.primary.command;
  return !link.up() || group.primary.sdown_since || group.odown_since || group.failover ||
         (link.unanswered_since && *link.unanswered_since < link.last_ping_sent);
}

// Replicas are pinged as often as the primary while that is in doubt, or they owe an answer
// themselves. Before, nothing has to be found out about them quickly, and they are most of what
// there is to ping.
base::Duration PingPeriodOf(const Turn& turn, const Group& group, const DataNode& node) {
  const base::Duration often = PingPeriod(turn, group.options.down_after);
  const bool hurry = &node == &group.primary || !node.command.has_answered ||
                     node.command.unanswered_since || IsPrimaryInDoubt(group);
  if (hurry) return often;
  return std::max(often, std::min(turn.timings().ping_period, group.options.down_after));
}

// A replica's ping goes along with the primary's, so that a group is looked at when that is.
bool IsPingDue(Turn& turn, const Group& group, const DataNode& node, base::Duration period) {
  const base::Instant last = node.command.last_ping_sent;
  const bool along = &node != &group.primary && turn.now() - last >= period / 2 &&
                     group.primary.command.last_ping_sent == turn.now();
  return along || IsDue(turn, last + period);
}

}  // namespace

base::Duration PingPeriod(const Turn& turn, base::Duration down_after) {
  return std::max(kMinPingPeriod,
                  std::min(turn.timings().ping_period, down_after / kPingsPerDownAfter));
}

DataNode NewDataNode(base::Endpoint address, base::Instant now) {
  DataNode node;
  node.address = std::move(address);
  node.command.unanswered_since = now;
  node.command.last_valid_reply = now;
  node.command.last_reply = now;
  node.command.next_attempt = now;
  node.pubsub.next_attempt = now;
  node.role_reported_at = now;
  return node;
}

void KeepDataLinks(Turn& turn, const Group& group, DataNode& node) {
  if (Hangs(turn, node.command, group.options.down_after)) {
    DropLink(turn, node.command);
    turn.Progress();
  }
  if (node.pubsub.up()) {
    const base::Instant due =
        std::max(node.pubsub.opened_at + turn.timings().min_link_reconnect_period,
                 node.pubsub.last_activity + 3 * turn.timings().publish_period);
    if (IsDue(turn, due)) DropLink(turn, node.pubsub);
  }
  KeepOpen(turn, node.command, LinkKind::kCommand, node.address, group.name);
  KeepOpen(turn, node.pubsub, LinkKind::kPubsub, node.address, group.name);
  const base::Duration period = PingPeriodOf(turn, group, node);
  if (node.command.up() && HasRoom(node.command) && IsPingDue(turn, group, node, period)) {
    SendPing(turn, node.command, {WireName(group, "PING")});
    turn.WakeAt(turn.now() + period);
  }
}

void PingAlong(Turn& turn, const Group& group, DataNode& node) {
  const base::Instant last = node.command.last_ping_sent;
  if (HasRoom(node.command) && turn.now() - last >= PingPeriodOf(turn, group, node) / 2)
    SendPing(turn, node.command, {WireName(group, "PING")});
}

bool GoesAlong(const Turn& turn, const Group& group, const DataNode& node, base::Instant due) {
  return node.command.last_ping_sent == turn.now() &&
         turn.now() >= due - PingPeriodOf(turn, group, node) / 2;
}

void KeepPeerLink(Turn& turn, PeerLink& link) {
  turn.BeginAdvance();
  if (Hangs(turn, link, link.down_after)) DropPeerLink(turn, link);
  KeepOpen(turn, link, LinkKind::kCommand, link.address, link.peer);
  if (link.up() && HasRoom(link) &&
      IsDue(turn, link.last_ping_sent + PingPeriod(turn, link.down_after))) {
    SendPing(turn, link, {"PING"});
    turn.WakeAt(turn.now() + PingPeriod(turn, link.down_after));
  }
  link.next_deadline = turn.wake();
}

void OpenCommandLink(Turn& turn, Link& link, const base::Endpoint& to, LinkOwner owner) {
  CHECK(link.phase == LinkPhase::kClosed);
  Open(turn, link, LinkKind::kCommand, to, std::move(owner));
}

void DropLink(Turn& turn, Link& link) {
  if (link.phase != LinkPhase::kClosed) {
    turn.Do(CloseLink{link.id});
    turn.state().link_owners.erase(link.id);
  }
  link.id = LinkId::kNone;
  link.phase = LinkPhase::kClosed;
  link.requests.clear();
  link.next_attempt = turn.now();
}

void DropPeerLink(Turn& turn, PeerLink& link) {
  DropLink(turn, link);
  link.proven = false;
}

void DropDataLinks(Turn& turn, DataNode& node) {
  DropLink(turn, node.command);
  DropLink(turn, node.pubsub);
  node.info_pending = false;
}

void RefreshPeerLinks(Turn& turn) {
  auto& links = turn.state().peer_links;
  for (auto& [id, link] : links) link.users = 0;
  for (auto& [name, group] : turn.state().groups) {
    for (auto& [id, peer] : group.peers) {
      auto [position, created] = links.try_emplace(id);
      PeerLink& link = position->second;
      if (created) {
        link.peer = id;
        link.unanswered_since = turn.now();
        link.last_valid_reply = turn.now();
        link.last_reply = turn.now();
        link.next_attempt = turn.now();
      }
      if (link.address != peer.address) {
        DropPeerLink(turn, link);
        link.address = peer.address;
        link.ours.reset();
      }
      link.down_after = link.users == 0 ? group.options.down_after
                                        : std::min(link.down_after, group.options.down_after);
      ++link.users;
      link.next_deadline = turn.now();
    }
  }
  for (auto position = links.begin(); position != links.end();) {
    if (position->second.users == 0) {
      DropPeerLink(turn, position->second);
      position = links.erase(position);
    } else {
      ++position;
    }
  }
}

void OnDataLinkUp(Turn& turn, const Group& group, DataNode& node, LinkId id,
                  std::string local_host) {
  const bool command = node.command.id == id;
  Link& link = command ? static_cast<Link&>(node.command) : node.pubsub;
  CountUp(turn, link, std::move(local_host));
  if (!group.options.auth_pass.empty())
    SendUnanswered(
        turn, link,
        AuthCommand(WireName(group, "AUTH"), group.options.auth_user, group.options.auth_pass));
  SendUnanswered(
      turn, link,
      SetNameCommand(turn.state(), WireName(group, "CLIENT"), command ? "cmd" : "pubsub"));
  if (command) {
    node.info_pending = false;
    node.info_wanted = true;
    SendPing(turn, node.command, {WireName(group, "PING")});
  } else {
    SendRequest(turn, link, {WireName(group, "SUBSCRIBE"), kHelloChannel}, ForNothing{});
  }
}

void OnSubscribeReply(Turn& turn, Link& link, const WireReply& reply) {
  if (!reply.is_error()) return;
  DropLink(turn, link);
  link.next_attempt = turn.now() + kReconnectPeriod;
}

void GreetSentinel(Turn& turn, Link& link, std::string local_host) {
  CountUp(turn, link, std::move(local_host));
  const Settings& settings = turn.state().settings;
  const std::string& password =
      settings.sentinel_pass.empty() ? settings.requirepass : settings.sentinel_pass;
  if (!password.empty())
    SendUnanswered(turn, link, AuthCommand("AUTH", settings.sentinel_user, password));
  SendUnanswered(turn, link, SetNameCommand(turn.state(), "CLIENT", "cmd"));
}

namespace {

void AskPeer(Turn& turn, PeerLink& link) {
  SendRequest(turn, link, {"INFO", "server"}, ForInfo{turn.now()});
  SendPing(turn, link, {"PING"});
}

}  // namespace

void OnPeerLinkUp(Turn& turn, PeerLink& link, std::string local_host) {
  GreetSentinel(turn, link, std::move(local_host));
  SendRequest(turn, link, {"SENTINEL", "MYID"}, ForMyid{});
  AskPeer(turn, link);
}

void OnPeerMyid(Turn& turn, PeerLink& link, const WireReply& reply) {
  link.proven = Proves(JudgeMyid(reply), link.peer);
  if (link.proven) return;
  DropPeerLink(turn, link);
  link.next_attempt = turn.now() + kDialBackPause;
}

void AdoptLink(Turn& turn, PeerLink& peer, Link link) {
  CHECK(peer.phase == LinkPhase::kClosed && link.up());
  turn.state().link_owners.at(link.id) = peer.peer;
  static_cast<Link&>(peer) = std::move(link);
  peer.proven = true;
  AskPeer(turn, peer);
}

void OnLinkDown(Turn& turn, Link& link, LinkFailure failure) {
  const bool was_up = link.up();
  turn.state().link_owners.erase(link.id);
  link.id = LinkId::kNone;
  link.phase = LinkPhase::kClosed;
  link.requests.clear();
  if (was_up) {
    link.failures = 0;
    if (failure == LinkFailure::kReset || failure == LinkFailure::kClosed)
      link.broken_at = turn.now();
  } else {
    ++link.failures;
  }
  link.refusals = failure == LinkFailure::kRefused ? link.refusals + 1 : 0;
  const int doublings = std::min(link.failures, 10);
  link.next_attempt =
      turn.now() + std::min(kReconnectPeriod, kFirstReconnectDelay * (1 << doublings));
}

std::string_view LinkFailureName(LinkFailure failure) {
  switch (failure) {
    case LinkFailure::kRefused:
      return "Connection refused";
    case LinkFailure::kReset:
      return "Connection reset by peer";
    case LinkFailure::kClosed:
      return "Server closed the connection";
    case LinkFailure::kTimeout:
      return "Connection timed out";
    case LinkFailure::kUnreachable:
      return "Host unreachable";
    case LinkFailure::kUnresolved:
      return "Name not resolved";
    case LinkFailure::kProtocol:
      return "Protocol error";
  }
  return "";
}

void SendRequest(Turn& turn, Link& link, std::vector<std::string> argv, RequestPurpose purpose) {
  CHECK(link.up());
  const RequestId id{++turn.state().last_id};
  link.requests.push_back({id, std::move(purpose)});
  turn.Do(Send{link.id, id, std::move(argv)});
}

void SendToNode(Turn& turn, const Group& group, DataNode& node, std::vector<std::string> argv,
                RequestPurpose purpose) {
  argv.front() = WireName(group, argv.front());
  SendRequest(turn, node.command, std::move(argv), std::move(purpose));
}

bool HasRoom(const Link& link) { return link.requests.size() < kMaxPendingCommands; }

void OnPingReply(Turn& turn, CommandLink& link, const WireReply& reply) {
  const auto starts_with = [&reply](std::string_view prefix) {
    return reply.text.compare(0, prefix.size(), prefix) == 0;
  };
  const bool valid = (reply.kind == WireReply::Kind::kStatus && starts_with("PONG")) ||
                     (reply.is_error() && (starts_with("LOADING") || starts_with("MASTERDOWN")));
  // Without our password, which is sent with a new connection: this one is of no use.
  if (reply.is_error() && starts_with("NOAUTH")) return;
  link.last_reply = turn.now();
  if (!valid) return;
  link.last_valid_reply = turn.now();
  link.has_answered = true;
  link.unanswered_since.reset();
}

bool HasAnsweredWithin(const CommandLink& link, base::Instant now, base::Duration time) {
  return link.up() && link.has_answered && now - link.last_valid_reply < time;
}

void ForgetSilence(CommandLink& link, base::Instant now) {
  if (!link.unanswered_since && link.up()) return;
  if (link.unanswered_since) link.unanswered_since = now;
  link.last_valid_reply = now;
}

}  // namespace quorate::sentinel::core
