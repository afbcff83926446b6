// A handful of replication nodes in one thread: virtual clock, byte pipes that cut and delay what
// they carry, and as "server" just enough of one to hold strings and to run SET, SELECT, MULTI and
// EXEC. It lets Replication be tested whole, without the real server.
#pragma once

#include <algorithm>
#include <array>
#include <cstdlib>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "replication/runtime/replication.h"
#include "replication/snapshot/writer.h"
#include "shared/base/check.h"
#include "shared/base/numbers.h"
#include "shared/base/random.h"
#include "shared/io/io.h"
#include "shared/resp/request_parser.h"

namespace quorate::replication::runtime::fake {

using Data = std::map<int, std::map<std::string, std::string>>;

class Node;
class Pipe;

// The clock and what is to happen.
class World {
 public:
  explicit World(uint64_t seed) : random(seed) {}

  void At(base::Instant when, std::function<void()> event) {
    events_.emplace(std::max(when, now), std::move(event));
  }
  void After(base::Duration pause, std::function<void()> event) {
    At(now + pause, std::move(event));
  }
  // Runs everything that is due within `span`.
  void Run(base::Duration span) {
    const base::Instant end = now + span;
    EndTurn();
    while (!events_.empty() && events_.begin()->first <= end) {
      auto event = events_.extract(events_.begin());
      now = event.key();
      event.mapped()();
      EndTurn();
    }
    now = end;
  }
  void EndTurn() {
    for (const auto& hook : end_of_turn) hook();
  }

  base::Instant now = base::Instant{} + std::chrono::hours(1);
  base::Random random;
  size_t window = 1 << 20;      // bytes in flight that a pipe accepts
  bool length_framing = false;  // no replica is known to take the mark
  std::vector<std::function<void()>> end_of_turn;
  base::Duration keepalive{};  // what a link asked for last
  // Who listens on a port without being a node.
  std::map<uint16_t, std::function<void(std::unique_ptr<Pipe>)>> strangers;

 private:
  std::multimap<base::Instant, std::function<void()>> events_;
};

class FakeTimer final : public io::Timer {
 public:
  FakeTimer(World& world, std::function<void()> fire) : world_(world), fire_(std::move(fire)) {}
  ~FakeTimer() override { *alive_ = false; }
  void StartAt(base::Instant when) override {
    armed_ = true;
    world_.At(when, [this, alive = alive_, round = ++round_] {
      if (!*alive || !armed_ || round != round_) return;
      armed_ = false;
      fire_();
    });
  }
  void Stop() override { armed_ = false; }
  bool armed() const override { return armed_; }

 private:
  World& world_;
  std::function<void()> fire_;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
  bool armed_ = false;
  uint64_t round_ = 0;
};

// One end of a connection.
class Pipe final : public io::Stream {
 public:
  explicit Pipe(World& world) : world_(world) {}
  ~Pipe() override { Cut("end of file"); }

  static std::pair<std::unique_ptr<Pipe>, std::unique_ptr<Pipe>> Pair(World& world) {
    auto a = std::make_unique<Pipe>(world);
    auto b = std::make_unique<Pipe>(world);
    a->peer_ = b.get();
    b->peer_ = a.get();
    return {std::move(a), std::move(b)};
  }
  // Breaks the connection; the other end learns it.
  void Cut(const std::string& reason) {
    *alive_ = false;
    Pipe* peer = std::exchange(peer_, nullptr);
    if (peer == nullptr) return;
    peer->peer_ = nullptr;
    world_.After(std::chrono::milliseconds(1), [peer, alive = peer->alive_, reason] {
      if (*alive && peer->observer_ != nullptr) {
        peer->observer_->OnClosed({io::CloseReason::Kind::kEndOfFile, reason});
      }
    });
  }

  const std::shared_ptr<bool>& alive() const { return alive_; }
  bool connected() const { return peer_ != nullptr; }

  void SetObserver(io::StreamObserver& observer) override { observer_ = &observer; }
  size_t TryWrite(std::span<const std::string_view> slices) override {
    if (peer_ == nullptr) return 0;
    size_t written = 0;
    for (std::string_view slice : slices) {
      const size_t room = world_.window - std::min(world_.window, in_flight_.size());
      in_flight_.append(slice.substr(0, room));
      written += std::min(room, slice.size());
    }
    Schedule();
    return written;
  }
  void NotifyWritable() override { wants_writable_ = true; }
  void PauseReading() override { reading_ = false; }
  void ResumeReading() override {
    reading_ = true;
    if (peer_ != nullptr) peer_->Schedule();
  }
  void SetKeepAlive(base::Duration idle) override { world_.keepalive = idle; }
  const base::Endpoint& local() const override { return nowhere_; }
  const base::Endpoint& peer() const override { return nowhere_; }

 private:
  void Schedule() {
    if (scheduled_ || in_flight_.empty()) return;
    scheduled_ = true;
    world_.After(std::chrono::microseconds(world_.random.Between(10, 500)), [this, alive = alive_] {
      if (*alive) Deliver();
    });
  }
  void Deliver() {
    scheduled_ = false;
    if (peer_ != nullptr && !peer_->reading_) return;
    const size_t n =
        world_.random.Chance(1, 3) ? in_flight_.size() : 1 + world_.random.Below(in_flight_.size());
    const std::string bytes = in_flight_.substr(0, n);
    in_flight_.erase(0, n);
    Schedule();
    const std::shared_ptr<bool> alive = alive_;
    if (peer_ != nullptr && peer_->observer_ != nullptr) peer_->observer_->OnBytes(bytes);
    if (*alive && std::exchange(wants_writable_, false) && observer_ != nullptr) {
      observer_->OnWritable();
    }
  }

  World& world_;
  Pipe* peer_ = nullptr;
  io::StreamObserver* observer_ = nullptr;
  std::string in_flight_;
  bool reading_ = true;
  bool scheduled_ = false;
  bool wants_writable_ = false;
  base::Endpoint nowhere_;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

class FakeIo final : public io::Io {
 public:
  FakeIo(World& world, std::map<uint16_t, Node*>& nodes) : world_(world), nodes_(nodes) {}
  base::Instant Now() override { return world_.now; }
  base::WallTime WallNow() override { return {}; }
  uint64_t RandomSeed() override { return world_.random.Next(); }
  std::unique_ptr<io::Timer> CreateTimer(std::function<void()> fire) override {
    return std::make_unique<FakeTimer>(world_, std::move(fire));
  }
  void Defer(std::function<void()> task) override { world_.At(world_.now, std::move(task)); }
  void SetEndOfTurn(std::function<void()>) override {}
  void Offload(std::function<void()>, std::function<void()>) override { CHECK(false); }
  base::Result<std::unique_ptr<io::Listener>> Listen(
      const io::ListenOptions&, std::function<void(std::unique_ptr<io::Stream>)>) override {
    return base::Error{"not here"};
  }
  std::unique_ptr<io::Stream> Connect(const io::ConnectOptions& options,
                                      io::StreamObserver& observer) override;
  void Resolve(const std::string&,
               std::function<void(base::Result<std::vector<std::string>>)>) override {
    CHECK(false);
  }
  io::Files& files() override { std::abort(); }
  base::Result<std::unique_ptr<io::Child>> Spawn(const std::vector<std::string>&,
                                                 std::function<void(io::ChildExit)>) override {
    return base::Error{"not here"};
  }

 private:
  World& world_;
  std::map<uint16_t, Node*>& nodes_;
};

// A server reduced to what replication sees of it.
class Node final : public Dataset,
                   public StreamApplier,
                   public ReplicaLinks,
                   public ReplicationListener {
 public:
  Node(World& world, std::map<uint16_t, Node*>& nodes, uint16_t port,
       const core::Options& options = {})
      : world_(world),
        nodes_(nodes),
        port_(port),
        io_(world, nodes),
        replication(io_, {*this, *this, *this, *this, nullptr, base::RunId::Generate(world.random)},
                    options, port) {
    nodes_[port] = this;
    hook_ = world_.end_of_turn.size();
    world_.end_of_turn.push_back([this] {
      replication.EndTurn();
      for (const uint64_t id : closing_) Drop(id);
      closing_.clear();
      replication.CheckInvariants();
    });
  }
  ~Node() override {
    nodes_.erase(port_);
    world_.end_of_turn[hook_] = [] {};
    connections_.clear();
  }

  void Set(int db, const std::string& key, const std::string& value) {
    data[db][key] = value;
    if (!replication.streaming()) return;
    replication.Append(db, Encode({"SET", key, value}));
  }
  void SetTwo(int db, const std::string& key, const std::string& value) {
    if (replication.streaming()) replication.AppendMulti(db);
    Set(db, key + ":1", value);
    Set(db, key + ":2", value);
    if (replication.streaming()) replication.AppendExec();
  }
  void Follow(Node& primary) { replication.ReplicaOf({"127.0.0.1", primary.port_}); }
  // Breaks every connection that replicas have to this node.
  void CutReplicas() {
    for (auto& [id, connection] : connections_) connection->pipe->Cut("cut");
    std::vector<uint64_t> all;
    for (auto& [id, connection] : connections_) all.push_back(id);
    for (const uint64_t id : all) Drop(id);
  }
  void Accept(std::unique_ptr<Pipe> pipe) {
    auto connection = std::make_unique<Connection>(*this, ++last_id_, std::move(pipe));
    connections_[last_id_] = std::move(connection);
  }

  static std::string Encode(const std::vector<std::string>& args) {
    std::string out = "*" + std::to_string(args.size()) + "\r\n";
    for (const std::string& arg : args) {
      out += "$" + std::to_string(arg.size()) + "\r\n" + arg + "\r\n";
    }
    return out;
  }

  // ---- Dataset
  bool CanBeginSnapshot() const override { return snapshots_possible; }
  std::unique_ptr<SnapshotProducer> BeginSnapshot(const SnapshotRequest& request,
                                                  std::function<void()> on_ready) override {
    ++snapshots;
    return std::make_unique<Producer>(world_, request.meta, request.exclude_data ? Data{} : data,
                                      std::move(on_ready));
  }
  snapshot::ReaderOptions reader_options() const override { return {}; }
  std::unique_ptr<Staging> BeginStaging(bool) override { return std::make_unique<Staged>(); }
  void CommitStaging(std::unique_ptr<Staging> staging) override {
    data = std::move(dynamic_cast<Staged&>(*staging).data);
    ++commits;
  }
  void DiscardStaging(std::unique_ptr<Staging> staging) override {
    if (staging != nullptr) ++discards;
  }
  bool Empty() const override { return data.empty(); }

  // ---- StreamApplier
  void BeginBytes() override {}
  size_t LookAhead(std::string_view) override { return 1; }
  base::Status Apply(std::span<const std::string_view> args) override {
    const std::string name(args[0]);
    if (name == unknown_command) return base::Error{"ERR unknown command '" + name + "'"};
    ++applied;
    if (name == "MULTI") {
      in_multi_ = true;
    } else if (name == "EXEC") {
      in_multi_ = false;
      for (const auto& queued : queue_) Execute(queued);
      queue_.clear();
    } else {
      std::vector<std::string> command(args.begin(), args.end());
      if (in_multi_) {
        queue_.push_back(std::move(command));
      } else {
        Execute(command);
      }
    }
    return {};
  }
  void SelectDb(int db) override { db_ = db; }
  void AbortTransaction() override {
    in_multi_ = false;
    queue_.clear();
  }
  void EndStream() override {}

  // ---- ReplicaLinks
  size_t TryWrite(core::ReplicaId replica, std::span<const std::string_view> slices) override {
    const auto found = connections_.find(static_cast<uint64_t>(replica));
    if (found == connections_.end()) return 0;
    return found->second->pipe->TryWrite(slices);
  }
  void NotifyWritable(core::ReplicaId replica) override {
    const auto found = connections_.find(static_cast<uint64_t>(replica));
    if (found != connections_.end()) found->second->pipe->NotifyWritable();
  }
  void Close(core::ReplicaId replica, std::string_view reason) override {
    closed_reasons.emplace_back(reason);
    closing_.push_back(static_cast<uint64_t>(replica));
  }

  // ---- ReplicationListener
  void OnAcknowledged() override { ++acknowledgements; }
  void OnRoleChanged(bool) override {}
  void OnUpstreamBytes(size_t bytes) override { upstream_bytes += bytes; }
  void OnFailoverPause(bool is_paused) override {
    paused = is_paused;
    replication.HoldStream(is_paused);
  }
  void OnPrimaryLink(bool) override {}

 private:
  struct Connection final : io::StreamObserver {
    Connection(Node& owner, uint64_t number, std::unique_ptr<Pipe> end)
        : node(owner), id(number), pipe(std::move(end)) {
      pipe->SetObserver(*this);
    }
    void OnBytes(std::string_view bytes) override {
      node.replication.OnReplicaNewline(core::ReplicaId{id});
      input.append(bytes);
      while (true) {
        const auto outcome = parser.Next(input);
        if (outcome == resp::RequestParser::Outcome::kRequest) {
          const std::string reply = node.Answer(id, parser.args());
          if (!reply.empty()) pipe->TryWrite(std::array<std::string_view, 1>{reply});
        }
        input.erase(0, parser.consumed());
        if (outcome == resp::RequestParser::Outcome::kError) node.closing_.push_back(id);
        if (outcome != resp::RequestParser::Outcome::kRequest) return;
      }
    }
    void OnWritable() override { node.replication.OnReplicaWritable(core::ReplicaId{id}); }
    void OnClosed(const io::CloseReason&) override { node.closing_.push_back(id); }

    Node& node;
    const uint64_t id;
    std::unique_ptr<Pipe> pipe;
    std::string input;
    resp::RequestParser parser;
  };

  // The bytes come in two halves, the second one a while after the first was asked for, so that
  // the sending has to wait for it.
  class Producer final : public SnapshotProducer {
   public:
    Producer(World& world, const snapshot::Meta& meta, const Data& data,
             std::function<void()> on_ready)
        : world_(world), on_ready_(std::move(on_ready)) {
      snapshot::Writer writer(meta, {});
      for (const auto& [db, keys] : data) {
        writer.Add(snapshot::DatabaseRecord{db, keys.size(), 0});
        for (const auto& [key, value] : keys)
          writer.Add(snapshot::StringRecord{key, value, {}, {}, {}});
      }
      writer.End();
      writer.Take(bytes_);
      held_back_ = bytes_.size() / 2;
    }
    ~Producer() override { *alive_ = false; }
    Progress Produce(size_t budget, base::Buffer& out) override {
      const size_t size = std::min(budget, bytes_.size() - held_back_);
      out.Append(bytes_.view().substr(0, size));
      bytes_.Consume(size);
      if (bytes_.empty()) return Progress::kComplete;
      if (bytes_.size() > held_back_) return Progress::kMore;
      if (!asked_) {
        asked_ = true;
        world_.After(std::chrono::milliseconds(20), [this, alive = alive_] {
          if (!*alive) return;
          held_back_ = 0;
          const auto notify = on_ready_;  // the last bytes are the end of this producer
          notify();
        });
      }
      return Progress::kWait;
    }
    size_t WaitingBytes() const override { return bytes_.size() - held_back_; }

   private:
    World& world_;
    const std::function<void()> on_ready_;
    base::Buffer bytes_;
    size_t held_back_ = 0;
    bool asked_ = false;
    std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
  };

  class Staged final : public Staging {
   public:
    base::Status OnDatabase(const snapshot::DatabaseRecord& record) override {
      db_ = record.index;
      return {};
    }
    base::Status OnString(const snapshot::StringRecord& record) override {
      data[db_][std::string(record.key)] = record.value;
      return {};
    }
    Data data;

   private:
    int db_ = 0;
  };

  void Execute(const std::vector<std::string>& command) {
    if (command[0] == "SELECT" && command.size() == 2)
      db_ = static_cast<int>(base::ParseInt64(command[1]).value_or(db_) & 15);
    if (command[0] == "SET" && command.size() == 3) data[db_][command[1]] = command[2];
  }

  std::string Answer(uint64_t id, std::span<const std::string_view> args) {
    if (args[0] == "PING") return "+PONG\r\n";
    if (args[0] == "REPLCONF") {
      std::vector<std::string_view> understood(args.begin(), args.end());
      if (world_.length_framing) std::ranges::replace(understood, "eof", "unheard-of");
      const core::ReplconfReply reply = replication.HandleReplconf(core::ReplicaId{id}, understood);
      if (reply.silent) return "";
      return reply.error.empty() ? "+" + reply.text + "\r\n" : "-" + reply.error + "\r\n";
    }
    if (args[0] != "PSYNC" && args[0] != "SYNC") return "-ERR unknown command\r\n";
    const auto reply = replication.HandlePsync(core::ReplicaId{id}, "127.0.0.1", false, args);
    return reply.outcome == core::PsyncOutcome::kRefused ? "-" + reply.error + "\r\n" : "";
  }

  void Drop(uint64_t id) {
    if (connections_.erase(id) != 0) replication.OnReplicaClosed(core::ReplicaId{id});
  }

  World& world_;
  std::map<uint16_t, Node*>& nodes_;
  const uint16_t port_;
  FakeIo io_;
  size_t hook_ = 0;
  uint64_t last_id_ = 0;
  std::map<uint64_t, std::unique_ptr<Connection>> connections_;
  std::vector<uint64_t> closing_;
  int db_ = 0;
  bool in_multi_ = false;
  std::vector<std::vector<std::string>> queue_;

 public:
  Data data;
  int snapshots = 0;
  bool snapshots_possible = true;
  int discards = 0;
  int commits = 0;
  uint64_t upstream_bytes = 0;
  std::string unknown_command;  // what Apply refuses
  uint64_t applied = 0;
  int acknowledgements = 0;
  bool paused = false;
  std::vector<std::string> closed_reasons;
  Replication replication;
};

inline std::unique_ptr<io::Stream> FakeIo::Connect(const io::ConnectOptions& options,
                                                   io::StreamObserver& observer) {
  auto [mine, theirs] = Pipe::Pair(world_);
  mine->SetObserver(observer);
  const auto node = nodes_.find(options.endpoint.port);
  const auto stranger = world_.strangers.find(options.endpoint.port);
  if (node == nodes_.end() && stranger == world_.strangers.end()) {
    theirs.reset();  // refused
    return std::move(mine);
  }
  // Accepted first, then told; a Connect that is cancelled meanwhile looks like a closed peer.
  Pipe* const end = mine.get();
  if (node != nodes_.end()) {
    node->second->Accept(std::move(theirs));
  } else {
    stranger->second(std::move(theirs));
  }
  world_.After(std::chrono::milliseconds(1), [&observer, end, alive = end->alive()] {
    if (*alive && end->connected()) observer.OnConnected();
  });
  return std::move(mine);
}

}  // namespace quorate::replication::runtime::fake
