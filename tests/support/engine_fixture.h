// An Engine over fakes, for unit tests: a host and a replication port that only record, virtual
// time, and sessions that are fed requests and read back. Which commands exist is the test's choice
// (command_fixture.h gives all).
#pragma once

#include <cstdint>
#include <functional>
#include <initializer_list>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "replication/core/history.h"
#include "replication/core/views.h"
#include "server/config/settings.h"
#include "server/config/table.h"
#include "server/engine/engine.h"
#include "server/engine/host.h"
#include "server/engine/persistence_port.h"
#include "server/engine/replication_port.h"
#include "server/store/databases.h"
#include "shared/base/buffer.h"
#include "shared/base/check.h"
#include "shared/base/quoted.h"
#include "shared/base/random.h"
#include "shared/base/time.h"
#include "shared/resp/reply_parser.h"
#include "shared/resp/request_parser.h"
#include "shared/resp/writer.h"

namespace quorate::testing {

class FakePersistence final : public server::engine::PersistencePort {
 public:
  base::Status Save() override {
    ++saves;
    return save_answer;
  }
  base::Result<Background> SaveInBackground(bool in_transaction) override {
    ++background_saves;
    if (!save_answer) return save_answer.error();
    return in_transaction ? Background::kScheduled : Background::kStarted;
  }
  void OnFlushedAll() override { ++flushes; }
  server::engine::PersistenceStatus status() const override { return shown; }

  base::Status save_answer;
  server::engine::PersistenceStatus shown;
  int saves = 0;
  int background_saves = 0;
  int flushes = 0;
};

class FakeHost final : public server::engine::Host {
 public:
  base::Instant Now() override { return now; }
  // With work_takes: every look at the clock finds it that much later.
  std::function<bool()> StartBudget(base::Duration budget) override {
    return [this, end = now + budget] { return (now += work_takes) >= end; };
  }
  void CloseSoon(server::engine::Session& session) override { to_close.push_back(session.id); }
  void ResumeSoon(server::engine::Session& session) override { to_resume.push_back(session.id); }
  base::Status Shutdown(server::engine::Session*,
                        const server::engine::ShutdownRequest& request) override {
    shutdowns.push_back(request);
    return shutdown_answer;
  }
  base::Status RewriteConfig() override {
    ++rewrites;
    return rewrite_answer;
  }
  void SaveWord(const server::engine::Fencing::Word& word) override { saved_words.push_back(word); }
  const server::config::ServerTable& directives() const override { return table; }
  std::optional<config::ApplyFailure> ApplySettings(
      const server::config::ServerSettings&, server::config::ServerSettings&,
      const std::vector<std::string>& changed) override {
    applied_settings = changed;
    return apply_answer;
  }
  void ResetStatistics() override { ++statistics_resets; }
  ProcessInfo Process() override { return process; }
  void FreeLater(std::function<void()> work) override { to_free.push_back(std::move(work)); }
  void RetainForSnapshot(std::vector<server::store::Keyspace::Content>& contents) override {
    if (retain) retain(contents);
  }
  server::engine::PersistencePort& persistence() override { return *persistence_port; }
  base::Status ReloadData() override {
    ++reloads;
    return reload_answer;
  }
  size_t SerializedBytes(std::string_view value) const override { return value.size() + 1; }
  void ReturnFreeMemory() override { ++memory_returns; }
  std::string AllocatorReport() override { return "report"; }
  void Sleep(base::Duration duration) override { now += duration; }
  uint64_t MemoryUsedBytes() override { return memory_used; }
  uint64_t MemoryNotForEviction() override { return memory_not_for_eviction; }
  uint64_t ResidentBytes() override { return memory_used; }

  base::Instant now{std::chrono::seconds(1000)};
  base::Duration work_takes{};
  uint64_t memory_used = 1 << 20;
  uint64_t memory_not_for_eviction = 0;
  base::Status shutdown_answer;
  base::Status rewrite_answer;
  std::optional<config::ApplyFailure> apply_answer;
  ProcessInfo process;
  FakePersistence files;
  server::engine::PersistencePort* persistence_port = &files;
  std::function<void(std::vector<server::store::Keyspace::Content>&)> retain;
  const server::config::ServerTable table = server::config::MakeDirectiveTable();

  std::vector<server::engine::Fencing::Word> saved_words;
  std::vector<uint64_t> to_close;
  std::vector<uint64_t> to_resume;
  std::vector<server::engine::ShutdownRequest> shutdowns;
  std::vector<std::string> applied_settings;
  std::vector<std::function<void()>> to_free;
  base::Status reload_answer;
  int reloads = 0;
  int memory_returns = 0;
  int rewrites = 0;
  int statistics_resets = 0;
};

// The stream is kept as text: "<db> WORD WORD...", in the order of appending.
class FakeReplication final : public server::engine::ReplicationPort {
 public:
  bool is_replica() const override { return replica; }
  bool primary_link_up() const override { return link_up; }
  int64_t good_replicas() const override { return good; }
  base::Offset offset() const override { return base::Offset(bytes); }
  bool streaming() const override { return !replica && has_backlog; }
  void Append(int db, std::string_view command) override {
    resp::RequestParser parser;
    CHECK(parser.Next(command) == resp::RequestParser::Outcome::kRequest);
    CHECK(parser.consumed() == command.size());
    std::string line = std::to_string(db);
    for (const std::string_view arg : parser.args()) line.append(" ").append(arg);
    Record(std::move(line), command.size());
  }
  void AppendMulti(int db) override { Record(std::to_string(db) + " MULTI", 15); }
  void AppendExec() override { Record("EXEC", 14); }
  void HandleReplconf(server::engine::Session& session,
                      std::span<const std::string_view> args) override {
    Handled(session, args);
  }
  void HandlePsync(server::engine::Session& session,
                   std::span<const std::string_view> args) override {
    Handled(session, args);
  }
  base::Result<ReplicaOfOutcome> ReplicaOf(std::optional<base::Endpoint> primary) override {
    asked_primaries.push_back(std::move(primary));
    return replica_of_answer;
  }
  base::Status StartFailover(const replication::core::FailoverRequest& request) override {
    failovers.push_back(request);
    return failover_answer;
  }
  base::Status AbortFailover() override { return failover_answer; }
  replication::core::FailoverState failover_state() const override { return failover; }
  void HoldUpstream(base::Instant until) override { held_upstream_until = until; }
  void DropUpstream(std::string_view) override { ++upstream_drops; }
  // Precondition: shown_history is set.
  const replication::core::History& history() const override {
    CHECK(shown_history != nullptr);
    return *shown_history;
  }
  std::vector<replication::core::ReplicaView> Replicas() const override { return replicas; }
  std::optional<replication::core::UpstreamView> Upstream() const override { return upstream; }
  replication::core::BacklogView Backlog() const override { return backlog; }
  const replication::core::SyncCounters& counters() const override { return sync_counters; }
  void ResetCounters() override { sync_counters = {}; }
  int64_t ReplicasAcknowledged(base::Offset) const override { return acknowledged; }
  int stream_db() const override { return -1; }
  bool DiskWantsSnapshot(const replication::core::SnapshotFile& file) const override {
    return disk_wants_snapshot && disk_wants_snapshot(file);
  }
  void ScheduleGetAck() override { ++acknowledgement_requests; }
  void HoldStream(bool hold) override { held = hold; }

  bool replica = false;
  bool has_backlog = true;
  bool link_up = true;
  bool held = false;
  int64_t good = 0;
  int64_t acknowledged = 0;
  std::function<bool(const replication::core::SnapshotFile&)> disk_wants_snapshot;
  int acknowledgement_requests = 0;
  base::Instant held_upstream_until{};
  int upstream_drops = 0;
  std::vector<replication::core::FailoverRequest> failovers;
  base::Status failover_answer;
  replication::core::FailoverState failover = replication::core::FailoverState::kNone;
  int64_t bytes = 0;
  const replication::core::History* shown_history = nullptr;
  // What is appended goes there too; it has a backlog.
  replication::core::History* live_history = nullptr;
  std::vector<replication::core::ReplicaView> replicas;
  std::optional<replication::core::UpstreamView> upstream;
  replication::core::BacklogView backlog;
  replication::core::SyncCounters sync_counters;
  base::Result<ReplicaOfOutcome> replica_of_answer = ReplicaOfOutcome::kChanged;

  std::vector<std::string> stream;
  std::vector<std::optional<base::Endpoint>> asked_primaries;
  // REPLCONF, PSYNC and SYNC as they came: "WORD WORD...".
  std::vector<std::string> handled;

 private:
  void Record(std::string line, size_t size) {
    stream.push_back(std::move(line));
    bytes += static_cast<int64_t>(size);
    if (live_history != nullptr) live_history->Append(std::string(size, '.'));
  }
  void Handled(server::engine::Session& session, std::span<const std::string_view> args) {
    std::string line;
    for (const std::string_view arg : args) line.append(line.empty() ? "" : " ").append(arg);
    handled.push_back(std::move(line));
    session.writer.Ok();
  }
};

class EngineFixture {
 public:
  using Session = server::engine::Session;
  using Registrar = void (*)(server::engine::CommandTable&);

  explicit EngineFixture(Registrar registrar, base::RunId run_id = {})
      : hasher(base::Random(7)),
        databases(hasher),
        engine(settings, databases, replication, host, base::Random(11), run_id, host.now) {
    registrar(engine.table());
    engine.OnTableComplete();
    engine.BeginTurn(host.now, wall);
    client_ = &NewSession();
  }
  ~EngineFixture() {
    for (const auto& session : sessions_) engine.RemoveSession(*session);
  }
  EngineFixture(const EngineFixture&) = delete;
  EngineFixture& operator=(const EngineFixture&) = delete;

  // ---- sessions. The first is the one that Run and Say use if none is named.
  Session& client() { return *client_; }
  Session& NewSession(int protocol = 2) {
    sessions_.push_back(std::make_unique<Session>(engine.NextSessionId(), host.now));
    Session& session = *sessions_.back();
    session.peer = {"127.0.0.1", static_cast<uint16_t>(50000 + session.id)};
    session.local = {"127.0.0.1", 6379};
    session.writer = resp::Writer(session.output, protocol);
    engine.AddSession(session);
    return session;
  }

  // ---- requests. A line is split as an inline command is, quotes and \xHH included; it is sent as
  // a RESP array. The answer is all that the session's output then holds, as bytes.
  std::string Run(std::string_view line) { return Run(*client_, line); }
  std::string Run(Session& session, std::string_view line) {
    std::string bytes;
    std::vector<size_t> ends;
    CHECK(base::SplitQuoted(line, &bytes, &ends));
    std::vector<std::string_view> args;
    size_t begin = 0;
    for (const size_t end : ends) {
      args.push_back(std::string_view(bytes).substr(begin, end - begin));
      begin = end;
    }
    return RunArgs(session, args);
  }
  std::string RunArgs(Session& session, std::span<const std::string_view> args) {
    base::Buffer request;
    resp::AppendCommand(request, args);
    engine.Feed(session, request.view());
    return TakeOutput(session);
  }
  std::string RunArgs(std::initializer_list<std::string_view> args) {
    return RunArgs(*client_, std::span(args.begin(), args.size()));
  }
  // What the session has been told since it was last asked.
  std::string TakeOutput(Session& session) {
    std::string reply(session.output.view());
    session.output.Clear();
    return reply;
  }

  // ---- time
  void Advance(std::chrono::milliseconds duration) {
    host.now += duration;
    wall.ms += duration.count();
    engine.BeginTurn(host.now, wall);
  }

  // ---- what replicas are told since they were last asked
  std::vector<std::string> TakeStream() { return std::exchange(replication.stream, {}); }

  // ---- keyspace notifications: from now on all are recorded, as "<db> event key", one line a
  // key-event, in order.
  void RecordEvents() {
    settings.notify_keyspace_events = server::config::kNotifyKeyevent | server::config::kNotifyAll |
                                      server::config::kNotifyKeyMiss |
                                      server::config::kNotifyNewKey;
    listener_ = &NewSession();
    engine.pubsub().SubscribePattern(*listener_, "__keyevent@*");
    TakeOutput(*listener_);
  }
  std::vector<std::string> TakeEvents() {
    std::vector<std::string> events;
    std::string bytes = TakeOutput(*listener_);
    std::string_view rest = bytes;
    resp::ReplyParser parser;
    while (parser.Next(rest) == resp::ReplyParser::Outcome::kReply) {
      rest.remove_prefix(parser.consumed());
      const resp::Value& message = parser.value();  // pmessage, pattern, __keyevent@N__:event, key
      const std::string& channel = message.items[2].text;
      const size_t at = channel.find('@');
      const size_t mark = channel.find("__:");
      events.push_back(channel.substr(at + 1, mark - at - 1) + " " + channel.substr(mark + 3) +
                       " " + message.items[3].text);
    }
    return events;
  }

  server::config::ServerSettings settings;
  FakeHost host;
  FakeReplication replication;
  base::WallTime wall{1'700'000'000'000};
  server::store::Hasher hasher;
  server::store::Databases databases;
  server::engine::Engine engine;

 private:
  std::vector<std::unique_ptr<Session>> sessions_;
  Session* client_ = nullptr;
  Session* listener_ = nullptr;
};

}  // namespace quorate::testing
