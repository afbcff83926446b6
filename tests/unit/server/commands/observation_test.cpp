// MEMORY, SLOWLOG, LATENCY, DEBUG and CLIENT over the engine's fixture; texts as redis-server
// 7.0.15 gives them.
#include "tests/support/command_fixture.h"

#include <doctest/doctest.h>

namespace quorate::server::commands {
namespace {

struct Fixture : testing::CommandFixture {
  Fixture() { settings.enable_debug_command = config::ProtectedAction::kLocal; }
};

TEST_CASE_FIXTURE(Fixture, "memory: usage counts a key and its value, and nothing if absent") {
  CHECK(Run("MEMORY USAGE k") == "$-1\r\n");
  Run("SET k v");
  const std::string small = Run("MEMORY USAGE k");
  Run("SETRANGE k 99999 x");
  const std::string large = Run("MEMORY USAGE k SAMPLES 0");
  CHECK(small.size() < large.size());
  CHECK(Run("MEMORY USAGE k SAMPLES -1") == "-ERR syntax error\r\n");
  CHECK(Run("MEMORY USAGE k foo") == "-ERR syntax error\r\n");
}

TEST_CASE_FIXTURE(Fixture, "memory: purge and malloc-stats ask the host") {
  CHECK(Run("MEMORY PURGE") == "+OK\r\n");
  CHECK(host.memory_returns == 1);
  CHECK(Run("MEMORY MALLOC-STATS") == "$6\r\nreport\r\n");
}

TEST_CASE_FIXTURE(Fixture, "slowlog: newest first, with peer and name, until reset") {
  settings.slowlog_log_slower_than = std::chrono::microseconds(0);
  client().name = "who";
  Run("SET a b");
  CHECK(Run("SLOWLOG GET 1") ==
        "*1\r\n*6\r\n:0\r\n:1700000000\r\n:0\r\n*3\r\n$3\r\nSET\r\n$1\r\na\r\n$1\r\nb\r\n"
        "$15\r\n127.0.0.1:50001\r\n$3\r\nwho\r\n");
  CHECK(Run("SLOWLOG GET 0") == "*0\r\n");
  CHECK(Run("SLOWLOG GET -2") == "-ERR count should be greater than or equal to -1\r\n");
  CHECK(Run("SLOWLOG GET 1 2") ==
        "-ERR unknown subcommand or wrong number of arguments for 'get'. Try SLOWLOG HELP.\r\n");
  settings.slowlog_log_slower_than = std::chrono::microseconds(-1);
  Run("SLOWLOG RESET");
  CHECK(Run("SLOWLOG LEN") == ":0\r\n");
}

TEST_CASE_FIXTURE(Fixture, "slowlog: passwords are not kept") {
  settings.slowlog_log_slower_than = std::chrono::microseconds(0);
  Run("AUTH me secret");
  Run("HELLO 2 AUTH default secret");
  Run("CONFIG SET maxmemory 0 masterauth secret");
  const std::string log = Run("SLOWLOG GET");
  CHECK(log.find("secret") == std::string::npos);
  CHECK(log.find("$10\r\nmasterauth\r\n$10\r\n(redacted)\r\n") != std::string::npos);
  CHECK(log.find("$9\r\nmaxmemory\r\n$1\r\n0\r\n") != std::string::npos);
}

TEST_CASE_FIXTURE(Fixture,
                  "monitor: commands as they have run, with time, database, peer and words") {
  auto& monitor = NewSession();
  CHECK(Run(monitor, "MONITOR") == "+OK\r\n");
  CHECK(Run(monitor, "MONITOR").empty());
  Run("SET k \"a\\\"\\\\\\n\\r\\t\\a\\b\\x00\\xff\"");
  CHECK(TakeOutput(monitor) ==
        "+1700000000.000000 [0 127.0.0.1:50001] \"SET\" \"k\" "
        "\"a\\\"\\\\\\n\\r\\t\\a\\b\\x00\\xff\"\r\n");
  Advance(std::chrono::milliseconds(1));
  Run("select 3");
  CHECK(TakeOutput(monitor) == "+1700000000.001000 [3 127.0.0.1:50001] \"select\" \"3\"\r\n");
  // Not what was refused, not what operators do.
  Run("GET");
  Run("NOSUCH x");
  Run("CONFIG GET port");
  Run("CLIENT LIST");
  Run("SLOWLOG LEN");
  CHECK(TakeOutput(monitor).empty());
  Run("AUTH secret");
  Run("HELLO 2 AUTH default secret");
  CHECK(TakeOutput(monitor) ==
        "+1700000000.001000 [3 127.0.0.1:50001] \"AUTH\" \"(redacted)\"\r\n"
        "+1700000000.001000 [3 127.0.0.1:50001] \"HELLO\" \"2\" \"AUTH\" \"(redacted)\" "
        "\"(redacted)\"\r\n");
}

TEST_CASE_FIXTURE(Fixture,
                  "monitor: a transaction is shown when it runs, what the primary sends too") {
  auto& monitor = NewSession();
  Run(monitor, "MONITOR");
  Run("MULTI");
  TakeOutput(monitor);
  Run("SET a 1");
  Run("MONITOR");
  CHECK(TakeOutput(monitor).empty());
  CHECK(Run("EXEC") == "*2\r\n+OK\r\n-ERR MONITOR isn't allowed for DENY BLOCKING client\r\n");
  CHECK(TakeOutput(monitor) ==
        "+1700000000.000000 [0 127.0.0.1:50001] \"SET\" \"a\" \"1\"\r\n"
        "+1700000000.000000 [0 127.0.0.1:50001] \"EXEC\"\r\n");
  replication.replica = true;
  auto& primary = NewSession();
  primary.kind = engine::SessionKind::kPrimary;
  const std::string_view set[] = {"SET", "b", "2"};
  engine.ApplyFromPrimary(primary, set, {});
  CHECK(TakeOutput(monitor) == "+1700000000.000000 [0 127.0.0.1:50003] \"SET\" \"b\" \"2\"\r\n");
}

TEST_CASE_FIXTURE(Fixture,
                  "monitor: a monitor touches no key, is listed as one, and ends by RESET") {
  auto& monitor = NewSession();
  Run(monitor, "MONITOR");
  CHECK(Run(monitor, "GET a") == "-ERR Replica can't interact with the keyspace\r\n");
  CHECK(Run(monitor, "PING") == "+PONG\r\n+1700000000.000000 [0 127.0.0.1:50002] \"PING\"\r\n");
  CHECK(Run("CLIENT LIST TYPE normal").find(" flags=O ") != std::string::npos);
  engine.SetPause(engine::PausePurpose::kClientCommand, engine::PauseScope::kAll,
                  host.now + std::chrono::seconds(1));
  CHECK(Run(monitor, "PING").starts_with("+PONG"));
  engine.EndPause(engine::PausePurpose::kClientCommand);
  CHECK(Run(monitor, "RESET") == "+RESET\r\n");
  Run("PING");
  CHECK(TakeOutput(monitor).empty());
  CHECK(Run(monitor, "GET a") == "$-1\r\n");
}

TEST_CASE_FIXTURE(Fixture, "latency: spikes are listed, shown and reset") {
  settings.latency_monitor_threshold = std::chrono::milliseconds(1);
  CHECK(Run("LATENCY LATEST") == "*0\r\n");
  Run("DEBUG SLEEP 0.012");
  CHECK(Run("LATENCY LATEST") == "*1\r\n*4\r\n$7\r\ncommand\r\n:1700000000\r\n:12\r\n:12\r\n");
  CHECK(Run("LATENCY HISTORY command") == "*1\r\n*2\r\n:1700000000\r\n:12\r\n");
  CHECK(Run("LATENCY RESET nothing") == ":0\r\n");
  CHECK(Run("LATENCY RESET") == ":1\r\n");
  CHECK(Run("LATENCY HISTORY command") == "*0\r\n");
}

TEST_CASE_FIXTURE(Fixture, "latency: a histogram by command, a container's by subcommand") {
  Run("SET a b");
  Run("CONFIG GET port");
  CHECK(
      Run("LATENCY HISTOGRAM set nonsense get") ==
      "*2\r\n$3\r\nset\r\n*4\r\n$5\r\ncalls\r\n:1\r\n$14\r\nhistogram_usec\r\n*2\r\n:1\r\n:1\r\n");
  CHECK(Run("LATENCY HISTOGRAM config").starts_with("*2\r\n$10\r\nconfig|get\r\n"));
}

TEST_CASE_FIXTURE(Fixture, "debug: refused unless enabled") {
  settings.enable_debug_command = config::ProtectedAction::kNo;
  CHECK(Run("DEBUG DIGEST").starts_with("-ERR DEBUG command not allowed."));
}

TEST_CASE_FIXTURE(Fixture, "debug: populate adds what is not there and tells no replica") {
  Run("SET key:1 mine");
  TakeStream();
  CHECK(Run("DEBUG POPULATE 2") == "+OK\r\n");
  CHECK(Run("MGET key:0 key:1") == "*2\r\n$7\r\nvalue:0\r\n$4\r\nmine\r\n");
  CHECK(Run("DEBUG POPULATE 1 p 9") == "+OK\r\n");
  CHECK(Run("STRLEN p:0") == ":9\r\n");
  CHECK(Run("DEBUG POPULATE -1") == "-ERR value is out of range, must be positive\r\n");
  CHECK(TakeStream().empty());
}

TEST_CASE_FIXTURE(Fixture, "debug: replicate tells replicas alone") {
  CHECK(Run("DEBUG REPLICATE set only there") == "+OK\r\n");
  CHECK(TakeStream() == std::vector<std::string>{"0 set only there"});
  CHECK(Run("EXISTS only") == ":0\r\n");
}

TEST_CASE_FIXTURE(Fixture, "debug: an unknown word or a wrong number of arguments") {
  CHECK(Run("DEBUG digest more") ==
        "-ERR unknown subcommand or wrong number of arguments for "
        "'digest'. Try DEBUG HELP.\r\n");
  CHECK(Run("DEBUG ERROR 'FOO bar'") == "-FOO bar\r\n");
}

TEST_CASE_FIXTURE(Fixture, "debug: the attribute comes before the reply, to RESP3 only") {
  CHECK(Run("DEBUG PROTOCOL attrib") == "$39\r\nSome real reply following the attribute\r\n");
  Session& modern = NewSession(3);
  CHECK(Run(modern, "DEBUG PROTOCOL attrib").starts_with("|1\r\n$14\r\nkey-popularity\r\n"));
}

TEST_CASE_FIXTURE(Fixture, "client: killing the primary's client drops the upstream link") {
  replication.replica = true;
  Session& primary = NewSession();
  primary.kind = engine::SessionKind::kPrimary;
  CHECK(Run("CLIENT KILL TYPE master") == ":1\r\n");
  CHECK(replication.upstream_drops == 1);
  CHECK_FALSE(primary.close_now);
  replication.link_up = false;
  CHECK(Run("CLIENT KILL TYPE master") == ":0\r\n");
}

TEST_CASE_FIXTURE(Fixture, "client: unblock ends WAIT with a count or an error") {
  Session& waiting = NewSession();
  CHECK(Run(waiting, "WAIT 1 0").empty());
  const std::string id = std::to_string(waiting.id);
  CHECK(Run("CLIENT UNBLOCK " + id) == ":1\r\n");
  CHECK(TakeOutput(waiting) == ":0\r\n");
  CHECK(Run(waiting, "WAIT 1 0").empty());
  CHECK(Run("CLIENT UNBLOCK " + id + " ERROR") == ":1\r\n");
  CHECK(TakeOutput(waiting) == "-UNBLOCKED client unblocked via CLIENT UNBLOCK\r\n");
  CHECK(Run("CLIENT UNBLOCK " + id) == ":0\r\n");
}

TEST_CASE_FIXTURE(Fixture, "client: a muted client still hears messages and confirmations") {
  Session& muted = NewSession(3);
  CHECK(Run(muted, "CLIENT REPLY OFF").empty());
  CHECK(Run(muted, "GET a").empty());
  CHECK(Run(muted, "SUBSCRIBE c") == ">3\r\n$9\r\nsubscribe\r\n$1\r\nc\r\n:1\r\n");
  CHECK(Run(muted, "PUBLISH c own") == ">3\r\n$7\r\nmessage\r\n$1\r\nc\r\n$3\r\nown\r\n");
  Run("PUBLISH c m");
  CHECK(TakeOutput(muted) == ">3\r\n$7\r\nmessage\r\n$1\r\nc\r\n$1\r\nm\r\n");
  CHECK(Run(muted, "CLIENT REPLY ON") == "+OK\r\n");
}

TEST_CASE_FIXTURE(Fixture, "client: a skipped reply is skipped after a pause too") {
  Session& muted = NewSession();
  CHECK(Run(muted, "CLIENT REPLY SKIP").empty());
  Run("CLIENT PAUSE 100");
  CHECK(Run(muted, "PING").empty());
  Advance(std::chrono::milliseconds(101));
  engine.Cron();
  engine.Resume(muted);
  CHECK(TakeOutput(muted).empty());
  CHECK(Run(muted, "PING") == "+PONG\r\n");
}

}  // namespace
}  // namespace quorate::server::commands
