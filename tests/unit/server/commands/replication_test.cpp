#include "tests/support/command_fixture.h"

#include <doctest/doctest.h>

using namespace quorate;
using quorate::testing::CommandFixture;
using server::engine::Engine;

TEST_CASE("wait: answers at once when enough replicas have acknowledged") {
  CommandFixture f;
  f.Run("SET a 1");
  f.replication.acknowledged = 2;
  CHECK(f.Run("WAIT 2 0") == ":2\r\n");
  CHECK(f.replication.acknowledgement_requests == 0);
}

TEST_CASE("wait: blocks, asks for acknowledgements, and is resolved the moment they arrive") {
  CommandFixture f;
  f.Run("SET a 1");
  CHECK(f.Run("WAIT 1 1000").empty());
  CHECK(f.replication.acknowledgement_requests == 1);
  CHECK(f.Run("GET a").empty());  // later requests wait behind it
  f.replication.acknowledged = 1;
  f.engine.OnReplicaAcknowledged();
  CHECK(f.TakeOutput(f.client()) == ":1\r\n");
  f.engine.Resume(f.client());
  CHECK(f.TakeOutput(f.client()) == "$1\r\n1\r\n");
}

TEST_CASE("wait: CLIENT REPLY counts for the answer, however late it comes") {
  CommandFixture f;
  f.engine.Feed(f.client(), "CLIENT REPLY SKIP\r\nWAIT 1 1000\r\nECHO one\r\n");
  f.replication.acknowledged = 1;
  f.engine.OnReplicaAcknowledged();
  f.engine.Resume(f.client());
  CHECK(f.TakeOutput(f.client()) == "$3\r\none\r\n");

  f.replication.acknowledged = 0;
  f.engine.Feed(f.client(), "CLIENT REPLY OFF\r\nWAIT 1 1000\r\nECHO two\r\n");
  f.Advance(std::chrono::milliseconds(1001));
  f.engine.Cron();
  f.engine.Resume(f.client());
  CHECK(f.TakeOutput(f.client()).empty());
}

TEST_CASE("pause: CLIENT REPLY SKIP waits with the command that is postponed") {
  CommandFixture f;
  f.engine.Feed(f.client(), "CLIENT REPLY SKIP\r\n");
  f.engine.SetPause(server::engine::PausePurpose::kClientCommand,
                    server::engine::PauseScope::kWrites, f.host.now + std::chrono::seconds(1));
  CHECK(f.replication.held);
  f.engine.Feed(f.client(), "SET a 1\r\nGET a\r\n");
  CHECK(f.TakeOutput(f.client()).empty());
  f.engine.EndPause(server::engine::PausePurpose::kClientCommand);
  CHECK_FALSE(f.replication.held);
  f.engine.Resume(f.client());
  CHECK(f.TakeOutput(f.client()) == "$1\r\n1\r\n");
}

TEST_CASE("wait: the deadline answers what there is") {
  CommandFixture f;
  CHECK(f.Run("WAIT 3 50").empty());
  CHECK(f.engine.NextDeadline() == f.engine.now() + std::chrono::milliseconds(50));
  f.Advance(std::chrono::milliseconds(50));
  f.engine.Cron();
  CHECK(f.TakeOutput(f.client()) == ":0\r\n");
}

TEST_CASE("wait: inside MULTI it never blocks") {
  CommandFixture f;
  f.Run("MULTI");
  f.Run("WAIT 1 0");
  CHECK(f.Run("EXEC") == "*1\r\n:0\r\n");
}

TEST_CASE("wait: refused on a replica, and unblocked by a change of role") {
  CommandFixture f;
  CHECK(f.Run("WAIT 1 0").empty());
  f.engine.OnRoleChanged();
  CHECK(f.TakeOutput(f.client()).starts_with("-UNBLOCKED "));
  CHECK(f.client().close_after_reply);
  f.replication.replica = true;
  CHECK(f.Run(f.NewSession(), "WAIT 1 0")
            .starts_with("-ERR WAIT cannot be used with replica instances"));
}

TEST_CASE("wait: bad numbers") {
  CommandFixture f;
  CHECK(f.Run("WAIT x 0") == "-ERR value is not an integer or out of range\r\n");
  CHECK(f.Run("WAIT 1 x") == "-ERR timeout is not an integer or out of range\r\n");
  CHECK(f.Run("WAIT 1 -1") == "-ERR timeout is negative\r\n");
}

TEST_CASE("replicaof: parses its arguments and reports what changed") {
  CommandFixture f;
  CHECK(f.Run("REPLICAOF 127.0.0.1 x") == "-ERR Invalid master port\r\n");
  CHECK(f.Run("REPLICAOF 127.0.0.1 70000") == "-ERR Invalid master port\r\n");
  CHECK(f.Run("REPLICAOF 127.0.0.1 7000") == "+OK\r\n");
  CHECK(f.Run("SLAVEOF NO ONE") == "+OK\r\n");
  CHECK(f.replication.asked_primaries.size() == 2);
  CHECK_FALSE(f.replication.asked_primaries[1].has_value());
  f.replication.replica_of_answer = server::engine::ReplicationPort::ReplicaOfOutcome::kUnchanged;
  CHECK(f.Run("REPLICAOF 127.0.0.1 7000") == "+OK Already connected to specified master\r\n");
  CHECK(f.Run("REPLICAOF NO ONE") == "+OK\r\n");
}

TEST_CASE("replica: writes are refused, reads are served, a broken link may refuse both") {
  CommandFixture f;
  f.Run("SET a 1");
  f.replication.replica = true;
  CHECK(f.Run("SET a 2") == "-READONLY You can't write against a read only replica.\r\n");
  CHECK(f.Run("GET a") == "$1\r\n1\r\n");
  f.settings.replica_serve_stale_data = false;
  f.replication.link_up = false;
  CHECK(f.Run("GET a").starts_with("-MASTERDOWN "));
  CHECK(f.Run("PING").starts_with("-MASTERDOWN "));
  CHECK_FALSE(f.Run("INFO server").starts_with("-"));
}

TEST_CASE(
    "replica: an expired key is hidden, not deleted, and the primary's stream still sees it") {
  CommandFixture f;
  f.Run("SET a 1 PX 100");
  f.TakeStream();
  f.replication.replica = true;
  f.Advance(std::chrono::milliseconds(200));
  CHECK(f.Run("GET a") == "$-1\r\n");
  CHECK(f.databases[0].size() == 1);
  auto& primary = f.NewSession();
  primary.kind = server::engine::SessionKind::kPrimary;
  const std::string_view incr[] = {"INCR", "a"};
  CHECK(std::holds_alternative<Engine::Applied>(f.engine.ApplyFromPrimary(primary, incr, {})));
  CHECK(primary.output.empty());
  CHECK(f.TakeStream().empty());
  f.replication.replica = false;
  CHECK(f.Run("PTTL a") == ":-2\r\n");
  CHECK(f.TakeStream() == std::vector<std::string>{"0 DEL a"});
}

TEST_CASE(
    "replica: a stream command that cannot run is told apart from one that answers an error") {
  CommandFixture f;
  f.Run("SET text abc");
  f.replication.replica = true;
  auto& primary = f.NewSession();
  primary.kind = server::engine::SessionKind::kPrimary;
  const auto apply = [&](std::vector<std::string_view> args) {
    return f.engine.ApplyFromPrimary(primary, args, {});
  };
  const auto incremented = apply({"INCR", "text"});
  REQUIRE(std::holds_alternative<Engine::AnsweredError>(incremented));
  CHECK(std::get<Engine::AnsweredError>(incremented).error ==
        "ERR value is not an integer or out of range");
  const auto unknown = apply({"NOSUCH", "list", "x"});
  REQUIRE(std::holds_alternative<Engine::Unrunnable>(unknown));
  CHECK(std::get<Engine::Unrunnable>(unknown).error.starts_with("ERR unknown command 'NOSUCH'"));
  CHECK(std::holds_alternative<Engine::Unrunnable>(apply({"SET", "alone"})));
  CHECK(std::holds_alternative<Engine::Unrunnable>(apply({"SELECT", "16"})));
  CHECK(primary.db == 0);
  // In a transaction it is found out before anything ran.
  CHECK(std::holds_alternative<Engine::Applied>(apply({"MULTI"})));
  CHECK(std::holds_alternative<Engine::Applied>(apply({"SET", "text", "later"})));
  CHECK(std::holds_alternative<Engine::Unrunnable>(apply({"NOSUCH", "list", "x"})));
  f.replication.replica = false;
  CHECK(f.Run("GET text") == "$3\r\nabc\r\n");
  CHECK(f.engine.stats().unexpected_error_replies == 5);
}

TEST_CASE_FIXTURE(CommandFixture, "replica: a stream holds writes, messages and their framing") {
  replication.replica = true;
  settings.requirepass = "secret";
  Session& primary = NewSession();
  primary.kind = server::engine::SessionKind::kPrimary;
  primary.authenticated = true;
  const auto outcome = [&](std::vector<std::string_view> args) {
    return engine.ApplyFromPrimary(primary, args, {});
  };
  const std::vector<std::vector<std::string_view>> foreign = {
      {"PSYNC", std::string_view("?"), "-1"},
      {"SYNC"},
      {"CLIENT", "REPLY", "OFF"},
      {"CLIENT", "NO-EVICT", "on"},
      {"RESET"},
      {"QUIT"},
      {"SHUTDOWN", "NOSAVE"},
      {"MONITOR"},
      {"SUBSCRIBE", "channel"},
      {"AUTH", "secret"},
      {"HELLO", "3"},
      {"WATCH", "k"},
      {"WAIT", "0", "0"},
      {"GET", "k"},
      {"CONFIG", "SET", "requirepass", ""},
      {"DEBUG", "SLEEP", "0"},
      {"REPLICAOF", "NO", "ONE"},
      {"FAILOVER", "ABORT"},
      {"BGSAVE"},
  };
  for (const bool in_transaction : {false, true}) {
    for (const auto& args : foreign) {
      CAPTURE(args[0]);
      CAPTURE(in_transaction);
      if (in_transaction) CHECK(std::holds_alternative<Engine::Applied>(outcome({"MULTI"})));
      const Engine::ApplyOutcome refused = outcome(args);
      REQUIRE(std::holds_alternative<Engine::Unrunnable>(refused));
      CHECK((primary.transaction != nullptr) == in_transaction);
      primary.transaction.reset();  // as the link's end does
    }
  }
  CHECK(std::get<Engine::Unrunnable>(outcome({"CLIENT", "REPLY", "OFF"})).error ==
        "ERR command 'client|reply' has no place in a replication stream");
  CHECK(primary.kind == server::engine::SessionKind::kPrimary);
  CHECK(primary.authenticated);
  CHECK(primary.reply_mode == server::engine::ReplyMode::kOn);
  CHECK_FALSE(primary.blocked());
  CHECK_FALSE(primary.close_now);
  CHECK_FALSE(primary.close_after_reply);
  CHECK(replication.handled.empty());
  CHECK(replication.asked_primaries.empty());
  CHECK(host.shutdowns.empty());

  const std::vector<std::vector<std::string_view>> at_home = {{"PING"},
                                                              {"SELECT", "3"},
                                                              {"MULTI"},
                                                              {"SET", "k", "v", "EX", "9"},
                                                              {"EXEC"},
                                                              {"MULTI"},
                                                              {"DISCARD"},
                                                              {"PUBLISH", "c", "m"},
                                                              {"SWAPDB", "3", "4"},
                                                              {"SPUBLISH", "c", "m"},
                                                              {"DEL", "k"},
                                                              {"FLUSHALL"}};
  for (const auto& args : at_home) {
    CAPTURE(args[0]);
    CHECK(std::holds_alternative<Engine::Applied>(outcome(args)));
  }
}

TEST_CASE_FIXTURE(CommandFixture, "psync: only a client's own connection becomes a replica") {
  using server::engine::SessionKind;
  for (const SessionKind kind : {SessionKind::kReplica, SessionKind::kMonitor}) {
    Session& link = NewSession();
    if (kind == SessionKind::kMonitor) {
      engine.BeginMonitoring(link);
    } else {
      link.kind = kind;
    }
    CHECK(Run(link, "PSYNC ? -1 FAILOVER") == "");
    CHECK(Run(link, "SYNC") == "");
    CHECK_FALSE(link.close_now);
  }
  CHECK(replication.handled.empty());
  Run("SYNC");
  CHECK(replication.handled == std::vector<std::string>{"SYNC"});
}

TEST_CASE_FIXTURE(CommandFixture, "pause: PUBLISH enters the stream, and waits as writes do") {
  engine.SetPause(server::engine::PausePurpose::kFailover, server::engine::PauseScope::kWrites,
                  base::Instant::max());
  CHECK(Run("PUBLISH c m") == "");
  Session& other = NewSession();
  CHECK(Run(other, "SPUBLISH c m") == "");
  CHECK(replication.stream.empty());
  engine.EndPause(server::engine::PausePurpose::kFailover);
  engine.Resume(client());
  CHECK(TakeOutput(client()) == ":0\r\n");
}

TEST_CASE("min-replicas-to-write: refuses writes while too few replicas are good") {
  CommandFixture f;
  f.settings.min_replicas_to_write = 1;
  CHECK(f.Run("SET a 1") == "-NOREPLICAS Not enough good replicas to write.\r\n");
  f.replication.good = 1;
  CHECK(f.Run("SET a 1") == "+OK\r\n");
}

TEST_CASE("a replica link that makes us answer is dropped") {
  CommandFixture f;
  f.client().kind = server::engine::SessionKind::kReplica;
  CHECK(f.Run("PING").empty());
  CHECK(f.client().close_now);
}

TEST_CASE("replicaof: inside EXEC, what was changed before is in the history that ends") {
  CommandFixture f;
  f.Run("MULTI");
  f.Run("SET a 1");
  f.Run("REPLICAOF 127.0.0.1 7000");
  CHECK(f.Run("EXEC") == "*2\r\n+OK\r\n+OK\r\n");
  CHECK(f.TakeStream() == std::vector<std::string>{"0 SET a 1"});
}

TEST_CASE("min-replicas-max-lag 0 turns the check off") {
  CommandFixture f;
  f.settings.min_replicas_to_write = 1;
  const replication::core::History history(*base::ReplicationId::Parse(std::string(40, 'a')), 1000);
  f.replication.shown_history = &history;
  CHECK(f.Run("INFO replication").find("min_slaves_good_slaves:0") != std::string::npos);
  f.settings.min_replicas_max_lag = std::chrono::seconds(0);
  CHECK(f.Run("SET a 1") == "+OK\r\n");
  CHECK(f.Run("INFO replication").find("min_slaves_good_slaves") == std::string::npos);
}

TEST_CASE("rubbish on a replica link ends it without a word") {
  CommandFixture f;
  f.client().kind = server::engine::SessionKind::kReplica;
  f.engine.Feed(f.client(), "*1\r\nx\r\n");
  CHECK(f.TakeOutput(f.client()).empty());
  CHECK(f.client().close_now);
}

TEST_CASE_FIXTURE(CommandFixture, "failover: parses its arguments") {
  const auto asked = [this](std::string_view line) {
    replication.failovers.clear();
    const std::string reply = Run(line);
    if (reply != "+OK\r\n") return reply;
    REQUIRE(replication.failovers.size() == 1);
    const auto& request = replication.failovers[0];
    std::string out = request.force ? "force" : "";
    if (request.target)
      out += " to " + request.target->host + ":" + std::to_string(request.target->port);
    if (request.timeout)
      out += " within " +
             std::to_string(
                 std::chrono::duration_cast<std::chrono::milliseconds>(*request.timeout).count());
    return out;
  };
  CHECK(asked("FAILOVER") == "");
  CHECK(asked("failover to h 1 timeout 20 force") == "force to h:1 within 20");
  CHECK(asked("FAILOVER FORCE TIMEOUT 5") == "force within 5");
  CHECK(asked("FAILOVER TO h x") == "-ERR value is not an integer or out of range\r\n");
  CHECK(asked("FAILOVER TO h") == "-ERR syntax error\r\n");
  CHECK(asked("FAILOVER TIMEOUT") == "-ERR syntax error\r\n");
  CHECK(asked("FAILOVER TIMEOUT 0") == "-ERR FAILOVER timeout must be greater than 0\r\n");
  CHECK(asked("FAILOVER TIMEOUT 1 TIMEOUT 2") == "-ERR syntax error\r\n");
  CHECK(asked("FAILOVER ABORT NOW") == "-ERR syntax error\r\n");
  replication.failover_answer = base::Error{"ERR No failover in progress."};
  CHECK(Run("FAILOVER ABORT") == "-ERR No failover in progress.\r\n");
}

TEST_CASE_FIXTURE(CommandFixture, "failover: REPLICAOF is refused meanwhile") {
  replication.failover = replication::core::FailoverState::kWaitingForSync;
  CHECK(Run("REPLICAOF x notaport") == "-ERR REPLICAOF not allowed while failing over.\r\n");
  CHECK(Run("REPLICAOF NO ONE") == "-ERR REPLICAOF not allowed while failing over.\r\n");
  CHECK(replication.asked_primaries.empty());
}

TEST_CASE_FIXTURE(CommandFixture, "pauses of different purposes end one by one") {
  using server::engine::PausePurpose;
  using server::engine::PauseScope;
  engine.SetPause(PausePurpose::kFailover, PauseScope::kWrites, base::Instant::max());
  CHECK(Run("CLIENT PAUSE 100 WRITE") == "+OK\r\n");
  Session& writer = NewSession();
  CHECK(Run(writer, "SET k v") == "");
  CHECK(Run("CLIENT UNPAUSE") == "+OK\r\n");
  engine.Resume(writer);
  CHECK(writer.blocked());
  CHECK(Run("CLIENT PAUSE 100 ALL") == "+OK\r\n");
  Session& reader = NewSession();
  CHECK(Run(reader, "GET k") == "");
  Advance(std::chrono::milliseconds(100));
  engine.Cron();
  CHECK(Run("GET k") == "$-1\r\n");
  // Only writes are held now: the reader goes on at once, the writer is held again.
  engine.Resume(reader);
  CHECK(TakeOutput(reader) == "$-1\r\n");
  engine.Resume(writer);
  CHECK(writer.blocked());
  CHECK(replication.held);
  engine.EndPause(PausePurpose::kFailover);
  CHECK_FALSE(replication.held);
  engine.Resume(writer);
  CHECK(TakeOutput(writer) == "+OK\r\n");
}

TEST_CASE_FIXTURE(CommandFixture, "pause: what would be queued waits as well") {
  using server::engine::PausePurpose;
  using server::engine::PauseScope;
  Run("MULTI");
  engine.SetPause(PausePurpose::kClientCommand, PauseScope::kWrites, base::Instant::max());
  CHECK(Run("PSYNC ? -1") == "-ERR Command not allowed inside a transaction\r\n");
  CHECK(Run("GET k") == "+QUEUED\r\n");
  CHECK(Run("SET k v") == "");
  engine.EndPause(PausePurpose::kClientCommand);
  engine.Resume(client());
  CHECK(TakeOutput(client()) == "+QUEUED\r\n");
  CHECK(Run("DISCARD") == "+OK\r\n");
  engine.SetPause(PausePurpose::kClientCommand, PauseScope::kAll, base::Instant::max());
  CHECK(Run("MULTI") == "");
}

TEST_CASE_FIXTURE(CommandFixture, "writable replica: what its clients wrote expires there") {
  Run("SET theirs 1 PX 50");
  replication.replica = true;
  settings.replica_read_only = false;
  Run("SET ours 1 PX 50");
  Run("SET kept 1 PX 50");
  Run("PERSIST kept");
  Run("SET longer 1 PX 50");
  Run("PEXPIRE longer 5000");
  Run("SET moved 1 PX 50");
  Run("RENAME moved there");
  Advance(std::chrono::milliseconds(51));
  engine.Cron();
  CHECK(databases[0].size() == 3);  // theirs, kept, longer
  CHECK(Run("GET theirs") == "$-1\r\n");
  Advance(std::chrono::milliseconds(5000));
  engine.Cron();
  CHECK(databases[0].size() == 2);
  settings.replica_read_only = true;
  replication.replica = false;
  engine.OnRoleChanged();
  engine.Cron();
  CHECK(databases[0].size() == 1);  // a primary expires everything
}

TEST_CASE_FIXTURE(CommandFixture, "writable replica: what its primary writes later is not ours") {
  replication.replica = true;
  settings.replica_read_only = false;
  Run("SET k 1 PX 50");
  auto& primary = NewSession();
  primary.kind = server::engine::SessionKind::kPrimary;
  const std::string_view set[] = {"SET", "k", "2"};
  CHECK(std::holds_alternative<Engine::Applied>(engine.ApplyFromPrimary(primary, set, {})));
  Advance(std::chrono::milliseconds(51));
  engine.Cron();
  CHECK(Run("GET k") == "$1\r\n2\r\n");
}

TEST_CASE_FIXTURE(CommandFixture, "replica-ignore-maxmemory: no makes a replica evict") {
  Run("SET a 1");
  replication.replica = true;
  settings.maxmemory = host.memory_used - 1;
  settings.maxmemory_policy = server::config::EvictionPolicy::kAllKeysLru;
  engine.Cron();
  CHECK(databases[0].size() == 1);
  settings.replica_ignore_maxmemory = false;
  engine.Cron();
  CHECK(databases[0].size() == 0);
  CHECK(TakeStream() == std::vector<std::string>{"0 SET a 1"});
}

TEST_CASE_FIXTURE(CommandFixture, "wait: is about all that the connection has seen") {
  Session& reader = NewSession();
  Run(reader, "PING");
  Run("SET k 1");
  CHECK(reader.last_offset < replication.offset());
  Run(reader, "GET k");
  CHECK(reader.last_offset == replication.offset());
}
