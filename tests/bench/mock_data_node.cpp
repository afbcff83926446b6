#include "tests/bench/mock_data_node.h"

#include <algorithm>
#include <string_view>
#include <utility>

#include "shared/resp/writer.h"
#include "tests/bench/redis_info.h"

namespace quorate::bench {
namespace {

std::string WithCrLf(std::string_view text) {
  std::string lines;
  for (const char c : text) {
    if (c == '\n') lines += '\r';
    lines += c;
  }
  return lines;
}

std::string Field(std::string_view name, std::string_view value) {
  return std::string(name).append(":").append(value).append("\r\n");
}
std::string Field(std::string_view name, int64_t value) {
  return Field(name, std::to_string(value));
}

}  // namespace

MockGroup::MockGroup(std::vector<base::Endpoint> addresses, base::Random& random) {
  for (base::Endpoint& address : addresses) {
    MockDataNode node;
    node.address = std::move(address);
    node.run_id = base::RunId::Generate(random);
    nodes_.push_back(std::move(node));
  }
  nodes_[0].history = base::ReplicationId::Generate(random);
  for (size_t i = 1; i < nodes_.size(); ++i) Follow(nodes_[i], nodes_[0].address);
}

void MockGroup::Follow(MockDataNode& node, const base::Endpoint& primary) {
  node.follows = primary;
  const MockDataNode* upstream = UpstreamOf(node);
  if (!upstream) return;
  node.history = upstream->history;
  node.previous_history = upstream->previous_history;
  node.previous_end = upstream->previous_end;
  node.offset = upstream->offset;
}

void MockGroup::Promote(MockDataNode& node, base::Random& random) {
  if (node.is_primary()) return;
  node.follows = {};
  node.previous_history = std::exchange(node.history, base::ReplicationId::Generate(random));
  node.previous_end = node.offset + 1;
}

void MockGroup::Write(MockDataNode& node, int64_t bytes) {
  if (!node.is_primary()) return;
  node.offset += bytes;
  for (MockDataNode* follower : FollowersOf(node)) follower->offset = node.offset;
}

MockDataNode* MockGroup::UpstreamOf(const MockDataNode& node) {
  const auto found = std::ranges::find_if(
      nodes_, [&](const MockDataNode& other) { return other.address == node.follows; });
  return found == nodes_.end() || !found->alive ? nullptr : &*found;
}

std::vector<MockDataNode*> MockGroup::FollowersOf(const MockDataNode& node) {
  std::vector<MockDataNode*> followers;
  for (MockDataNode& other : nodes_)
    if (other.alive && other.follows == node.address) followers.push_back(&other);
  return followers;
}

std::string MockGroup::Info(const MockDataNode& node) {
  static const std::string before = WithCrLf(kInfoBeforeReplication);
  static const std::string after = WithCrLf(kInfoAfterReplication);
  std::string text = before;
  text.insert(text.find("tcp_port:"), Field("run_id", node.run_id.view()));
  text += "# Replication\r\n";
  if (node.is_primary()) {
    text += Field("role", "master");
  } else {
    const bool up = UpstreamOf(node) != nullptr;
    text += Field("role", "slave") + Field("master_host", node.follows.host) +
            Field("master_port", node.follows.port) +
            Field("master_link_status", up ? "up" : "down") +
            Field("master_last_io_seconds_ago", up ? 0 : -1) + Field("master_sync_in_progress", 0) +
            Field("slave_read_repl_offset", node.offset.bytes()) +
            Field("slave_repl_offset", node.offset.bytes());
    if (!up) text += Field("master_link_down_since_seconds", 0);
    text +=
        Field("slave_priority", 100) + Field("slave_read_only", 1) + Field("replica_announced", 1);
  }
  const std::vector<MockDataNode*> followers = FollowersOf(node);
  text += Field("connected_slaves", static_cast<int64_t>(followers.size()));
  for (size_t i = 0; i < followers.size(); ++i)
    text += Field("slave" + std::to_string(i),
                  "ip=" + followers[i]->address.host +
                      ",port=" + std::to_string(followers[i]->address.port) +
                      ",state=online,offset=" + std::to_string(node.offset.bytes()) + ",lag=0");
  text += Field("master_failover_state", "no-failover") +
          Field("master_replid", node.history.view()) +
          Field("master_replid2", node.previous_history.view()) +
          Field("master_repl_offset", node.offset.bytes()) +
          Field("second_repl_offset", node.previous_end.bytes()) + Field("repl_backlog_active", 1) +
          Field("repl_backlog_size", 1048576) + Field("repl_backlog_first_byte_offset", 1) +
          Field("repl_backlog_histlen", node.offset.bytes()) + "\r\n";
  return text + after;
}

void MockGroup::AppendRole(const MockDataNode& node, base::Buffer& out) {
  resp::Writer reply(out);
  if (node.is_primary()) {
    const std::vector<MockDataNode*> followers = FollowersOf(node);
    reply.ArrayHeader(3);
    reply.Bulk("master");
    reply.Integer(node.offset.bytes());
    reply.ArrayHeader(followers.size());
    for (const MockDataNode* follower : followers) {
      reply.ArrayHeader(3);
      reply.Bulk(follower->address.host);
      reply.BulkInteger(follower->address.port);
      reply.BulkInteger(follower->offset.bytes());
    }
  } else {
    reply.ArrayHeader(5);
    reply.Bulk("slave");
    reply.Bulk(node.follows.host);
    reply.Integer(node.follows.port);
    reply.Bulk(UpstreamOf(node) ? "connected" : "connect");
    reply.Integer(node.offset.bytes());
  }
}

}  // namespace quorate::bench
