// usage: mock_servers <host> <first port> <groups>
//
// The data nodes of many groups in one process, for measuring sentinels: group g has its primary on
// port first + 3g and two replicas on the next two. They answer what a sentinel asks of a stock
// redis-server, pass hellos on as replication does, and change their roles when told. The port
// after the last is the director's: PING, and for the groups from <a> to <b>
//
//   KILL <a> <b>    their primaries stop listening and drop their connections, as kill -9 does
//   FREEZE <a> <b>  their primaries answer nothing any more, as SIGSTOP does
//   REVIVE <a> <b>  the nodes that were killed or frozen are back, with the roles that they had
//
// CLIENT KILL is answered and does nothing. Ends with SIGTERM.
#include <signal.h>

#include <algorithm>
#include <cstdio>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "shared/base/buffer.h"
#include "shared/base/numbers.h"
#include "shared/base/random.h"
#include "shared/base/result.h"
#include "shared/daemon/daemon.h"
#include "shared/resp/request_parser.h"
#include "shared/resp/writer.h"
#include "shared/uv/loop_io.h"
#include "tests/bench/mock_data_node.h"

namespace quorate::bench {
namespace {

constexpr int kNodesPerGroup = 3;
// Each of three sentinels holds two connections to each node: enough for 800 groups.
constexpr uint64_t kDescriptors = 20000;

class Session;

// Whoever accepts connections and answers what comes over them.
class Server {
 public:
  virtual ~Server() = default;
  virtual void Answer(Session& session, std::span<const std::string_view> args) = 0;
  virtual void Close(Session& session) = 0;
  virtual bool frozen() const { return false; }
};

// What is written in a turn of the loop leaves at its end.
class Outbox {
 public:
  void Add(Session& session) { waiting_.push_back(&session); }
  void Drop(Session& session) { std::erase(waiting_, &session); }
  void Flush();

 private:
  std::vector<Session*> waiting_;
};

class Session final : public io::StreamObserver {
 public:
  Session(Server& server, Outbox& outbox, std::unique_ptr<io::Stream> stream)
      : server_(server), outbox_(outbox), stream_(std::move(stream)) {
    stream_->SetObserver(*this);
  }
  ~Session() override {
    if (in_outbox_) outbox_.Drop(*this);
  }

  // To append to; it leaves at the end of the turn.
  base::Buffer& output() {
    if (!in_outbox_) outbox_.Add(*this);
    in_outbox_ = true;
    return output_;
  }
  void Flush() {
    in_outbox_ = false;
    output_.Consume(stream_->TryWrite(output_.view()));
    if (!output_.empty()) stream_->NotifyWritable();
  }
  // Answers what has come.
  void Work() {
    while (!server_.frozen()) {
      const auto outcome = parser_.Next(input_.view());
      if (outcome == resp::RequestParser::Outcome::kError) return server_.Close(*this);
      if (outcome == resp::RequestParser::Outcome::kRequest) server_.Answer(*this, parser_.args());
      input_.Consume(parser_.consumed());
      if (outcome == resp::RequestParser::Outcome::kNeedMore) return;
    }
  }

  std::optional<std::vector<std::vector<std::string>>> transaction;  // between MULTI and EXEC

 private:
  void OnBytes(std::string_view bytes) override {
    input_.Append(bytes);
    Work();
  }
  void OnWritable() override { Flush(); }
  void OnClosed(const io::CloseReason&) override { server_.Close(*this); }

  Server& server_;
  Outbox& outbox_;
  std::unique_ptr<io::Stream> stream_;
  resp::RequestParser parser_;
  base::Buffer input_;
  base::Buffer output_;
  bool in_outbox_ = false;
};

void Outbox::Flush() {
  for (Session* session : waiting_) session->Flush();
  waiting_.clear();
}

// A listening port with its sessions.
class Listening {
 public:
  base::Status Open(io::Io& io, const base::Endpoint& endpoint, Server& server, Outbox& outbox) {
    auto listener = io.Listen({.endpoint = endpoint}, [&](std::unique_ptr<io::Stream> stream) {
      auto session = std::make_unique<Session>(server, outbox, std::move(stream));
      Session* const key = session.get();
      sessions_.emplace(key, std::move(session));
    });
    if (!listener) return listener.error();
    listener_ = std::move(*listener);
    return {};
  }
  void Close() {
    listener_.reset();
    sessions_.clear();
  }
  void Close(Session& session) { sessions_.erase(&session); }
  void WorkAll() {
    for (const auto& [key, session] : sessions_) key->Work();
  }

 private:
  std::unique_ptr<io::Listener> listener_;
  std::unordered_map<Session*, std::unique_ptr<Session>> sessions_;
};

struct World {
  uv::LoopIo io;
  base::Random random{io.RandomSeed()};
  Outbox outbox;
};

class GroupServers;

// The port of one data node.
class NodeServer final : public Server {
 public:
  NodeServer(World& world, GroupServers& group, MockDataNode& node)
      : world_(world), group_(group), node_(node) {}

  base::Status Start() { return listening_.Open(world_.io, node_.address, *this, world_.outbox); }
  void Kill() {
    node_.alive = false;
    subscribers_.clear();
    listening_.Close();
  }
  void Freeze() { frozen_ = true; }
  base::Status Revive() {
    const bool was_alive = std::exchange(node_.alive, true);
    if (std::exchange(frozen_, false)) listening_.WorkAll();
    return was_alive ? base::Status() : Start();
  }
  bool frozen() const override { return frozen_; }
  MockDataNode& node() { return node_; }
  // Their number.
  size_t Deliver(std::string_view channel, std::string_view message) {
    for (Session* subscriber : subscribers_) {
      resp::Writer writer(subscriber->output());
      writer.ArrayHeader(3);
      writer.Bulk("message");
      writer.Bulk(channel);
      writer.Bulk(message);
    }
    return subscribers_.size();
  }

 private:
  void Answer(Session& session, std::span<const std::string_view> args) override;
  void Close(Session& session) override {
    std::erase(subscribers_, &session);
    listening_.Close(session);
  }
  void Exec(Session& session);
  void ReplicaOf(std::string_view host, std::string_view port);

  World& world_;
  GroupServers& group_;
  MockDataNode& node_;
  Listening listening_;
  std::vector<Session*> subscribers_;
  bool frozen_ = false;
};

class GroupServers {
 public:
  GroupServers(World& world, std::vector<base::Endpoint> addresses)
      : state_(std::move(addresses), world.random) {
    for (MockDataNode& node : state_.nodes())
      servers_.push_back(std::make_unique<NodeServer>(world, *this, node));
  }

  MockGroup& state() { return state_; }
  base::Status Start() {
    for (const auto& server : servers_)
      if (auto status = server->Start(); !status) return status;
    return {};
  }
  NodeServer* primary() {
    const auto found = std::ranges::find_if(servers_, [](const auto& server) {
      return server->node().alive && server->node().is_primary() && !server->frozen();
    });
    return found == servers_.end() ? nullptr : found->get();
  }
  base::Status Revive() {
    for (const auto& server : servers_)
      if (auto status = server->Revive(); !status) return status;
    return {};
  }
  // PUBLISH goes to the subscribers of the node and, as a write, to those of its replicas.
  size_t Publish(NodeServer& from, std::string_view channel, std::string_view message) {
    state_.Write(from.node(), static_cast<int64_t>(channel.size() + message.size()));
    for (const auto& server : servers_)
      if (from.node().is_primary() && state_.UpstreamOf(server->node()) == &from.node())
        server->Deliver(channel, message);
    return from.Deliver(channel, message);
  }

 private:
  MockGroup state_;
  std::vector<std::unique_ptr<NodeServer>> servers_;
};

void NodeServer::Answer(Session& session, std::span<const std::string_view> args) {
  resp::Writer reply(session.output());
  const std::string name = base::ToUpper(args[0]);
  if (session.transaction && name != "EXEC") {
    session.transaction->emplace_back(args.begin(), args.end());
    return reply.SimpleString("QUEUED");
  }
  if (name == "PING") return reply.SimpleString("PONG");
  if (name == "INFO") return reply.Bulk(group_.state().Info(node_));
  if (name == "PUBLISH" && args.size() == 3)
    return reply.Integer(static_cast<int64_t>(group_.Publish(*this, args[1], args[2])));
  if (name == "SUBSCRIBE" && args.size() == 2) {
    if (std::ranges::count(subscribers_, &session) == 0) subscribers_.push_back(&session);
    reply.ArrayHeader(3);
    reply.Bulk("subscribe");
    reply.Bulk(args[1]);
    return reply.Integer(1);
  }
  if (name == "MULTI") {
    session.transaction.emplace();
    return reply.Ok();
  }
  if (name == "EXEC" && session.transaction) return Exec(session);
  if (name == "ROLE") return group_.state().AppendRole(node_, session.output());
  if ((name == "SLAVEOF" || name == "REPLICAOF") && args.size() == 3) ReplicaOf(args[1], args[2]);
  for (const std::string_view known :
       {"AUTH", "CLIENT", "CONFIG", "SCRIPT", "SLAVEOF", "REPLICAOF"})
    if (name == known) return reply.Ok();
  reply.Error("ERR unknown command '" + name + "'");
}

void NodeServer::Exec(Session& session) {
  const auto queued = *std::exchange(session.transaction, std::nullopt);
  resp::Writer(session.output()).ArrayHeader(queued.size());
  for (const std::vector<std::string>& words : queued) {
    const std::vector<std::string_view> args(words.begin(), words.end());
    Answer(session, args);
  }
}

void NodeServer::ReplicaOf(std::string_view host, std::string_view port) {
  if (base::ToUpper(host) == "NO") return group_.state().Promote(node_, world_.random);
  const auto number = static_cast<uint16_t>(base::ParseUint64(port).value_or(0));
  group_.state().Follow(node_, {std::string(host), number});
}

// The director's port.
class Director final : public Server {
 public:
  Director(World& world, std::vector<std::unique_ptr<GroupServers>>& groups)
      : world_(world), groups_(groups) {}

  base::Status Start(const base::Endpoint& endpoint) {
    return listening_.Open(world_.io, endpoint, *this, world_.outbox);
  }

 private:
  void Answer(Session& session, std::span<const std::string_view> args) override {
    resp::Writer reply(session.output());
    const std::string name = base::ToUpper(args[0]);
    if (name == "PING") return reply.SimpleString("PONG");
    const size_t first =
        args.size() == 3 ? base::ParseUint64(args[1]).value_or(SIZE_MAX) : SIZE_MAX;
    const size_t last = args.size() == 3 ? base::ParseUint64(args[2]).value_or(SIZE_MAX) : SIZE_MAX;
    if (first > last || last >= groups_.size()) return reply.Error("ERR which groups?");
    for (size_t g = first; g <= last; ++g)
      if (const base::Status done = Direct(name, *groups_[g]); !done)
        return reply.Error("ERR " + done.error().message);
    reply.Ok();
  }
  static base::Status Direct(const std::string& name, GroupServers& group) {
    if (name == "REVIVE") return group.Revive();
    NodeServer* primary = group.primary();
    if (!primary) return base::Error{"no primary"};
    if (name == "KILL")
      primary->Kill();
    else if (name == "FREEZE")
      primary->Freeze();
    else
      return base::Error{"KILL, FREEZE or REVIVE"};
    return {};
  }
  void Close(Session& session) override { listening_.Close(session); }

  World& world_;
  std::vector<std::unique_ptr<GroupServers>>& groups_;
  Listening listening_;
};

base::Status Run(const std::string& host, uint16_t first, size_t count) {
  daemon::RaiseDescriptorLimit(kDescriptors);
  World world;
  std::vector<std::unique_ptr<GroupServers>> groups;
  auto port = static_cast<uint32_t>(first);
  for (size_t g = 0; g < count; ++g) {
    std::vector<base::Endpoint> addresses;
    for (int i = 0; i < kNodesPerGroup; ++i)
      addresses.push_back({host, static_cast<uint16_t>(port++)});
    groups.push_back(std::make_unique<GroupServers>(world, std::move(addresses)));
    if (auto status = groups.back()->Start(); !status) return status;
  }
  Director director(world, groups);
  if (auto status = director.Start({host, static_cast<uint16_t>(port)}); !status) return status;
  world.io.SetEndOfTurn([&] { world.outbox.Flush(); });
  world.io.WatchSignal(SIGTERM, [&] { world.io.Stop(); });
  world.io.Run();
  world.io.SetEndOfTurn({});
  return {};
}

int Main(int argc, char** argv) {
  const auto first = argc == 4 ? base::ParseUint64(argv[2]) : std::nullopt;
  const auto groups = argc == 4 ? base::ParseUint64(argv[3]) : std::nullopt;
  if (!first || !groups || *groups > UINT16_MAX || *first + kNodesPerGroup * *groups > UINT16_MAX) {
    std::fputs("usage: mock_servers <host> <first port> <groups>\n", stderr);
    return 2;
  }
  const base::Status status = Run(argv[1], static_cast<uint16_t>(*first), *groups);
  if (status) return 0;
  std::fprintf(stderr, "mock_servers: %s\n", status.error().message.c_str());
  return 1;
}

}  // namespace
}  // namespace quorate::bench

int main(int argc, char** argv) { return quorate::bench::Main(argc, argv); }
