#include "sentinel/commands/instances.h"

#include <algorithm>
#include <optional>
#include <string>
#include <string_view>

#include "sentinel/core/names.h"
#include "sentinel/core/views.h"

namespace quorate::sentinel::commands {

namespace {

using base::Instant;

// Fields in order, the header when their number is known.
class FieldMap {
 public:
  explicit FieldMap(resp::Writer& out) : out_(out), mark_(out.Defer()) {}
  ~FieldMap() { out_.FinishMap(mark_, count_); }
  FieldMap(const FieldMap&) = delete;
  FieldMap& operator=(const FieldMap&) = delete;

  void Add(std::string_view name, std::string_view value) {
    out_.Bulk(name);
    out_.Bulk(value);
    ++count_;
  }
  void Add(std::string_view name, int64_t value) {
    out_.Bulk(name);
    out_.BulkInteger(value);
    ++count_;
  }
  void AddCount(std::string_view name, uint64_t value) { Add(name, static_cast<int64_t>(value)); }

 private:
  resp::Writer& out_;
  resp::Writer::Mark mark_;
  size_t count_ = 0;
};

// Milliseconds since `then`; 0 for what has not happened.
int64_t Since(Instant now, Instant then) {
  return then == Instant{} ? 0 : std::max<int64_t>(0, base::ToMs(now - then));
}

void AddAddress(FieldMap& map, std::string_view name, const base::Endpoint& address,
                std::string_view run_id, std::string_view flags) {
  map.Add("name", name);
  map.Add("ip", address.host);
  map.Add("port", address.port);
  map.Add("runid", run_id);
  map.Add("flags", flags);
}

void AddLink(FieldMap& map, size_t pending, size_t users) {
  map.AddCount("link-pending-commands", pending);
  map.AddCount("link-refcount", users);
}

void AddPings(FieldMap& map, const core::CommandLink& link, Instant now) {
  map.Add("last-ping-sent", link.unanswered_since ? Since(now, *link.unanswered_since) : 0);
  map.Add("last-ok-ping-reply", Since(now, link.last_valid_reply));
  map.Add("last-ping-reply", Since(now, link.last_reply));
}

void AddDown(FieldMap& map, std::optional<Instant> sdown, std::optional<Instant> odown,
             base::Duration down_after, Instant now) {
  if (sdown) map.Add("s-down-time", Since(now, *sdown));
  if (odown) map.Add("o-down-time", Since(now, *odown));
  map.Add("down-after-milliseconds", base::ToMs(down_after));
}

void AddRole(FieldMap& map, const core::DataNode& node, Instant now) {
  map.Add("info-refresh", node.info_at ? Since(now, *node.info_at) : 0);
  map.Add("role-reported", node.reported_role == core::Role::kPrimary ? "master" : "slave");
  map.Add("role-reported-time", Since(now, node.role_reported_at));
}

std::string RunIdText(const core::DataNode& node) {
  return node.run_id ? node.run_id->ToString() : std::string();
}

size_t Pending(const core::DataNode& node) {
  return node.command.requests.size() + node.pubsub.requests.size();
}

}  // namespace

void WritePrimary(resp::Writer& out, const core::State& state, const core::Group& group,
                  Instant now) {
  const core::DataNode& node = group.primary;
  const core::GroupOptions& options = group.options;
  FieldMap map(out);
  AddAddress(map, group.name, core::Shown(state, node.address), RunIdText(node),
             core::PrimaryFlags(group));
  AddLink(map, Pending(node), 1);
  if (group.failover) map.Add("failover-state", core::FailoverStateName(*group.failover));
  AddPings(map, node.command, now);
  AddDown(map, node.sdown_since, group.odown_since, options.down_after, now);
  AddRole(map, node, now);
  map.AddCount("config-epoch", group.config_epoch.number());
  map.AddCount("num-slaves", core::ReplicaCount(group));
  map.AddCount("num-other-sentinels", group.peers.size());
  map.Add("quorum", options.quorum);
  map.Add("failover-timeout", base::ToMs(options.failover_timeout));
  map.Add("parallel-syncs", options.parallel_syncs);
  if (!options.notification_script.empty())
    map.Add("notification-script", options.notification_script);
  if (!options.client_reconfig_script.empty())
    map.Add("client-reconfig-script", options.client_reconfig_script);
}

void WriteReplica(resp::Writer& out, const core::State& state, const core::Group& group,
                  const core::Replica& replica, Instant now) {
  const base::Endpoint address = core::Shown(state, replica.address);
  FieldMap map(out);
  AddAddress(map, address.ToString(), address, RunIdText(replica),
             core::ReplicaFlags(group, replica));
  AddLink(map, Pending(replica), 1);
  AddPings(map, replica.command, now);
  AddDown(map, replica.sdown_since, std::nullopt, group.options.down_after, now);
  AddRole(map, replica, now);
  map.Add("master-link-down-time", base::ToMs(replica.primary_link_down));
  map.Add("master-link-status", replica.primary_link_up ? "ok" : "err");
  map.Add("master-host", replica.primary ? replica.primary->host : "?");
  map.Add("master-port", replica.primary ? replica.primary->port : 0);
  map.Add("slave-priority", replica.priority);
  map.Add("slave-repl-offset", replica.offset.bytes());
  map.Add("replica-announced", replica.announced ? 1 : 0);
}

void WritePeer(resp::Writer& out, const core::State& state, const core::Group& group,
               const core::Peer& peer, Instant now) {
  const std::string id = peer.id.ToString();
  const core::PeerLink& link = state.peer_links.at(peer.id);
  FieldMap map(out);
  AddAddress(map, id, core::Shown(state, peer.address), id, core::PeerFlags(state, peer, now));
  AddLink(map, link.requests.size(), link.users);
  AddPings(map, link, now);
  AddDown(map, peer.sdown_since, std::nullopt, group.options.down_after, now);
  map.Add("last-hello-message", peer.last_hello ? Since(now, *peer.last_hello) : 0);
  map.Add("voted-leader", peer.vote && peer.vote->leader ? peer.vote->leader->ToString() : "?");
  map.AddCount("voted-leader-epoch", peer.vote ? peer.vote->epoch.number() : 0);
}

}  // namespace quorate::sentinel::commands
