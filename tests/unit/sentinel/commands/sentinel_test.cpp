// SENTINEL and the commands around it. Replies were compared with redis-sentinel 7.0.15.
#include <sstream>

#include "tests/unit/sentinel/commands/fake_host.h"

#include <doctest/doctest.h>

namespace quorate::sentinel::commands {
namespace {

base::RunId Id(char digit) { return *base::RunId::Parse(std::string(40, digit)); }

core::DurableState OneGroup() {
  core::DurableState state;
  state.myid = Id('a');
  core::DurableGroup group;
  group.name = "mymaster";
  group.primary = {"10.0.0.1", 6379};
  group.config_epoch = base::Epoch(3);
  group.replicas = {{"10.0.0.2", 6379}, {"fe80::1", 6379}};
  group.peers = {{Id('b'), {"10.0.1.1", 26379}}, {Id('c'), {"10.0.1.2", 26379}}};
  state.groups = {group};
  return state;
}

// The bulks of a reply, without their headers.
std::vector<std::string> Bulks(const std::string& reply) {
  std::vector<std::string> bulks;
  std::istringstream lines(reply);
  std::string line;
  while (std::getline(lines, line)) {
    line.pop_back();
    if (line.starts_with("$")) {
      std::getline(lines, line);
      line.pop_back();
      bulks.push_back(line);
    }
  }
  return bulks;
}

std::vector<std::string> Names(const std::string& reply) {
  const std::vector<std::string> bulks = Bulks(reply);
  std::vector<std::string> names;
  for (size_t i = 0; i < bulks.size(); i += 2) names.push_back(bulks[i]);
  return names;
}

using Words = std::vector<std::string>;

TEST_CASE("sentinel: the fields of a primary, in Redis' order") {
  FakeHost host(OneGroup());
  const std::string reply = host.Ask({"sentinel", "master", "mymaster"});
  CHECK(
      reply.starts_with("*40\r\n$4\r\nname\r\n$8\r\nmymaster\r\n$2\r\nip\r\n$8\r\n10.0.0.1\r\n$"
                        "4\r\nport\r\n$4\r\n6379\r\n"));
  CHECK(Names(reply) == Words{"name",
                              "ip",
                              "port",
                              "runid",
                              "flags",
                              "link-pending-commands",
                              "link-refcount",
                              "last-ping-sent",
                              "last-ok-ping-reply",
                              "last-ping-reply",
                              "down-after-milliseconds",
                              "info-refresh",
                              "role-reported",
                              "role-reported-time",
                              "config-epoch",
                              "num-slaves",
                              "num-other-sentinels",
                              "quorum",
                              "failover-timeout",
                              "parallel-syncs"});
  CHECK(Bulks(reply)[33] == "2");  // read by position: num-other-sentinels
  CHECK(host.Ask({"sentinel", "primary", "mymaster"}) == reply);
  CHECK(host.Ask({"SENTINEL", "PRIMARIES"}) == "*1\r\n" + reply);
}

TEST_CASE("sentinel: maps are maps in RESP3, numbers bulks") {
  FakeHost host(OneGroup());
  CHECK(host.Ask({"sentinel", "master", "mymaster"}, 3).starts_with("%20\r\n$4\r\nname\r\n"));
}

TEST_CASE("sentinel: the fields of a replica, in Redis' order") {
  FakeHost host(OneGroup());
  const std::string reply = host.Ask({"sentinel", "replicas", "mymaster"});
  CHECK(reply.starts_with("*2\r\n*42\r\n"));
  const Words names = Names(reply);
  CHECK(Words(names.begin(), names.begin() + 21) == Words{"name",
                                                          "ip",
                                                          "port",
                                                          "runid",
                                                          "flags",
                                                          "link-pending-commands",
                                                          "link-refcount",
                                                          "last-ping-sent",
                                                          "last-ok-ping-reply",
                                                          "last-ping-reply",
                                                          "down-after-milliseconds",
                                                          "info-refresh",
                                                          "role-reported",
                                                          "role-reported-time",
                                                          "master-link-down-time",
                                                          "master-link-status",
                                                          "master-host",
                                                          "master-port",
                                                          "slave-priority",
                                                          "slave-repl-offset",
                                                          "replica-announced"});
  CHECK(Bulks(reply)[1] == "10.0.0.2:6379");
  CHECK(Bulks(reply)[43] == "[fe80::1]:6379");
  CHECK(host.Ask({"sentinel", "slaves", "mymaster"}) == reply);
}

TEST_CASE("sentinel: the fields of another sentinel, in Redis' order") {
  FakeHost host(OneGroup());
  const std::string reply = host.Ask({"sentinel", "sentinels", "mymaster"});
  const Words names = Names(reply);
  REQUIRE(names.size() == 28);
  CHECK(Words(names.begin(), names.begin() + 14) ==
        Words{"name", "ip", "port", "runid", "flags", "link-pending-commands", "link-refcount",
              "last-ping-sent", "last-ok-ping-reply", "last-ping-reply", "down-after-milliseconds",
              "last-hello-message", "voted-leader", "voted-leader-epoch"});
  CHECK(Bulks(reply)[1] == std::string(40, 'b'));
}

TEST_CASE("sentinel: addresses, and groups that are not there") {
  FakeHost host(OneGroup());
  CHECK(host.Ask({"sentinel", "get-master-addr-by-name", "mymaster"}) ==
        "*2\r\n$8\r\n10.0.0.1\r\n$4\r\n6379\r\n");
  CHECK(host.Ask({"sentinel", "get-primary-addr-by-name", "nope"}) == "*-1\r\n");
  CHECK(host.Ask({"sentinel", "get-master-addr-by-name", "nope"}, 3) == "_\r\n");
  for (const char* name : {"master", "replicas", "sentinels", "ckquorum"})
    CHECK(host.Ask({"sentinel", name, "nope"}) == "-ERR No such master with that name\r\n");
  CHECK(host.Ask({"sentinel", "myid"}) == "$40\r\n" + std::string(40, 'a') + "\r\n");
}

TEST_CASE("sentinel: CKQUORUM counts who can be reached") {
  FakeHost host(OneGroup());  // no link is up yet
  CHECK(host.Ask({"sentinel", "ckquorum", "mymaster"}) ==
        "-NOQUORUM 1 usable Sentinels. Not enough available Sentinels to reach the specified "
        "quorum for this master. "
        "Not enough available Sentinels to reach the majority and authorize a failover\r\n");
  core::DurableState alone = OneGroup();
  alone.groups[0].peers.clear();
  alone.groups[0].options.quorum = 1;
  FakeHost other(alone);
  CHECK(other.Ask({"sentinel", "ckquorum", "mymaster"}) ==
        "+OK 1 usable Sentinels. Quorum and failover authorization can be reached\r\n");
  // The electorate is told where it is not just who is listed.
  alone.groups[0].electorate_met = 4;
  FakeHost ghosts(alone);
  CHECK(ghosts.Ask({"sentinel", "ckquorum", "mymaster"}) ==
        "-NOQUORUM 1 usable Sentinels. Not enough available Sentinels to reach the majority and "
        "authorize a failover (electorate 4, votes needed 3)\r\n");
  alone.groups[0].options.electorate = 1;
  FakeHost cured(alone);
  CHECK(cured.Ask({"sentinel", "ckquorum", "mymaster"}) ==
        "+OK 1 usable Sentinels. Quorum and failover authorization can be reached (electorate 1, "
        "votes needed 1)\r\n");
  CHECK(cured.Ask({"info", "sentinel"})
            .find("\r\nelectorate0:name=mymaster,size=1,set=1,votes_needed=1\r\n") !=
        std::string::npos);
}

TEST_CASE("sentinel: questions about a primary go to the core, checked for form") {
  FakeHost host(OneGroup());
  CHECK(host.Ask({"sentinel", "is-master-down-by-addr", "10.0.0.1", "6379", "5", "*"}).empty());
  REQUIRE(host.submitted);
  const auto* query = std::get_if<core::MasterDownQuery>(&*host.submitted);
  REQUIRE(query);
  CHECK(query->primary == base::Endpoint{"10.0.0.1", 6379});
  CHECK(query->epoch == 5);
  CHECK(query->candidate.empty());
  CHECK(host.Ask({"sentinel", "is-master-down-by-addr", "h", "x", "5", "*"}) ==
        "-ERR value is not an integer or out of range\r\n");
  CHECK(host.Ask({"sentinel", "is-master-down-by-addr", "h", "99999", "-1", "*"}) ==
        "*3\r\n:0\r\n$1\r\n*\r\n:0\r\n");
  CHECK_FALSE(host.submitted);
}

TEST_CASE("sentinel: SET goes to the core, with what cannot be run; not for unknown groups") {
  FakeHost host(OneGroup());
  CHECK(host.Ask({"sentinel", "set", "nope", "quorum", "1"}) ==
        "-ERR No such master with that name\r\n");
  CHECK_FALSE(host.submitted);
  CHECK(host.Ask({"sentinel", "set", "mymaster", "bogus", "1", "Notification-Script", "/missing",
                  "client-reconfig-script", "/there"})
            .empty());
  const auto& request = std::get<core::SetRequested>(*host.submitted);
  CHECK(request.client == core::ClientId{7});
  CHECK(request.arguments ==
        Words{"bogus", "1", "Notification-Script", "/missing", "client-reconfig-script", "/there"});
  CHECK(request.not_executable == std::set<std::string>{"/missing"});
}

TEST_CASE("sentinel: HISTORY, newest first, as many as are wanted") {
  FakeHost host(OneGroup());
  CHECK(host.Ask({"sentinel", "history", "nope"}) == "-ERR No such master with that name\r\n");
  CHECK(host.Ask({"sentinel", "history", "mymaster"}) == "*0\r\n");
  CHECK(host.Ask({"sentinel", "history", "mymaster", "0"}) ==
        "-ERR value is not an integer or out of range\r\n");
  CHECK(host.Ask({"sentinel", "history", "mymaster", "1", "2"}) == "-ERR syntax error\r\n");
  config::HistoryEntry entry;
  entry.at.ms = 1234;
  entry.failover = {"mymaster",
                    base::Epoch(7),
                    true,
                    core::Cause::kDeath,
                    "done",
                    *base::RunId::Parse(std::string(40, 'a')),
                    {"10.0.0.1", 6379},
                    base::Endpoint{"10.0.0.2", 6379},
                    {"gone"},
                    {*base::RunId::Parse(std::string(40, 'b'))},
                    2,
                    {{"election", std::chrono::milliseconds(3)}},
                    std::chrono::milliseconds(9),
                    40};
  entry.discarded = {{{"10.0.0.1", 6379}, "r-1-2", 5, 40}};
  host.history = {entry, entry};
  host.history[1].failover.to.reset();
  host.history[1].failover.leader.reset();
  host.history[1].failover.bytes_at_risk.reset();
  const std::string one = host.Ask({"sentinel", "history", "mymaster", "1"}, 3);
  CHECK(one ==
        "*1\r\n%16\r\n$4\r\ntime\r\n:1234\r\n$8\r\nattempts\r\n:1\r\n$5\r\nepoch\r\n:7\r\n$"
        "7\r\noutcome\r\n$4\r\n"
        "done\r\n$5\r\ncause\r\n$5\r\ndeath\r\n$4\r\nrole\r\n$6\r\nleader\r\n$6\r\nleader\r\n"
        "$40\r\n" +
            std::string(40, 'a') +
            "\r\n$4\r\nfrom\r\n$13\r\n10.0.0.1:6379\r\n$2\r\nto\r\n$13\r\n10.0.0.2:6379\r\n$8\r\n"
            "evidence\r\n*1\r\n$4\r\ngone\r\n$5\r\nvotes\r\n*1\r\n$40\r\n" +
            std::string(40, 'b') +
            "\r\n$12\r\nvotes-needed\r\n:2\r\n$12\r\nmilliseconds\r\n:9\r\n$6\r\nphases\r\n%1\r\n"
            "$8\r\nelection\r\n:3\r\n$13\r\nbytes-at-risk\r\n:40\r\n$9\r\ndiscarded\r\n*1\r\n%4\r\n"
            "$6\r\nserver\r\n$13\r\n10.0.0.1:6379\r\n$6\r\nrecord\r\n$5\r\nr-1-2\r\n$8\r\ncommands"
            "\r\n:5\r\n$5\r\nbytes\r\n:40\r\n");
  const std::string two = host.Ask({"sentinel", "history", "mymaster"});
  CHECK(two.starts_with("*2\r\n*32\r\n"));
  CHECK(two.find("$2\r\nto\r\n$-1\r\n") != std::string::npos);
  CHECK(two.find("$13\r\nbytes-at-risk\r\n$-1\r\n") != std::string::npos);
}

TEST_CASE("sentinel: CONFIG GET answers in a fixed order, nothing twice") {
  FakeHost host(OneGroup());
  CHECK(Names(host.Ask({"sentinel", "config", "get", "*"})) ==
        Words{"resolve-hostnames", "announce-hostnames", "announce-ip", "announce-port",
              "sentinel-user", "sentinel-pass", "loglevel"});
  CHECK(Names(host.Ask({"sentinel", "config", "get", "loglevel", "nope", "LOG*"})) ==
        Words{"loglevel"});
  CHECK(host.Ask({"sentinel", "config", "foo", "bar"}) ==
        "-ERR Only SENTINEL CONFIG GET <option> / SET <option> <value> are supported.\r\n");
}

TEST_CASE("sentinel: CONFIG SET is all or nothing") {
  FakeHost host(OneGroup());
  const struct {
    std::vector<std::string_view> args;
    std::string error;
  } cases[] = {
      {{"announce-port", "70000"},
       "ERR Invalid value '70000' to SENTINEL CONFIG SET 'announce-port'"},
      {{"loglevel", "debug", "color", "red"},
       "ERR Invalid argument 'color' to SENTINEL CONFIG SET"},
      {{"loglevel", "debug", "LOGLEVEL", "notice"},
       "ERR Duplicate argument 'LOGLEVEL' to SENTINEL CONFIG SET"},
      {{"loglevel", "debug", "announce-ip"}, "ERR Missing argument 'announce-ip' value"},
      {{"sentinel-pass", "a\nb"}, "ERR Invalid value 'a b' to SENTINEL CONFIG SET 'sentinel-pass'"},
  };
  for (const auto& c : cases) {
    std::vector<std::string_view> args = {"sentinel", "config", "set"};
    args.insert(args.end(), c.args.begin(), c.args.end());
    CHECK(host.Ask(args) == "-" + c.error + "\r\n");
    CHECK_FALSE(host.submitted);
    CHECK((host.process().loglevel == config::LogLevel::kNotice));
  }
  CHECK(host.Ask({"sentinel", "config", "set", "loglevel", "debug", "announce-ip", "10.0.0.9"})
            .empty());
  CHECK((host.process().loglevel == config::LogLevel::kDebug));
  CHECK(std::get<core::SettingsChanged>(*host.submitted).settings.announce_ip == "10.0.0.9");
}

TEST_CASE("sentinel: DEBUG shows and sets timings") {
  FakeHost host(OneGroup());
  const std::string reply = host.Ask({"sentinel", "debug"});
  CHECK(Bulks(reply)[0] == "INFO-PERIOD");
  CHECK(Bulks(reply)[1] == "10000");
  CHECK(Names(reply).size() == 13);
  CHECK(host.Ask({"sentinel", "debug", "ping-period", "50"}).empty());
  CHECK(std::get<core::SettingsChanged>(*host.submitted).settings.timings.ping_period ==
        std::chrono::milliseconds(50));
  CHECK(host.Ask({"sentinel", "debug", "ping-period", "0"}) ==
        "-ERR Invalid argument '0' for SENTINEL DEBUG 'ping-period'\r\n");
  CHECK(host.Ask({"sentinel", "debug", "foo"}) ==
        "-ERR Unknown option or number of arguments for SENTINEL DEBUG 'foo'\r\n");
}

TEST_CASE("sentinel: PENDING-SCRIPTS describes each script") {
  FakeHost host(OneGroup());
  host.scripts = {{.argv = {"/x", "+sdown"},
                   .running = true,
                   .pid = 42,
                   .time = std::chrono::milliseconds(5),
                   .runs = 1}};
  CHECK(host.Ask({"sentinel", "pending-scripts"}) ==
        "*1\r\n*10\r\n$4\r\nargv\r\n*2\r\n$2\r\n/"
        "x\r\n$6\r\n+sdown\r\n$5\r\nflags\r\n$7\r\nrunning\r\n"
        "$3\r\npid\r\n$2\r\n42\r\n$8\r\nrun-time\r\n$1\r\n5\r\n$9\r\nretry-num\r\n$1\r\n1\r\n");
}

TEST_CASE("sentinel: SIMULATE-FAILURE takes its flags") {
  FakeHost host(OneGroup());
  CHECK(host.Ask({"sentinel", "simulate-failure", "crash-after-election"}) == "+OK\r\n");
  CHECK(host.simulated_failures() == kCrashAfterElection);
  CHECK(host.Ask({"sentinel", "simulate-failure", "x"}) ==
        "-ERR Unknown failure simulation specified\r\n");
  CHECK(host.Ask({"sentinel", "simulate-failure", "help"}) ==
        "*2\r\n$20\r\ncrash-after-election\r\n$21\r\ncrash-after-promotion\r\n");
}

TEST_CASE("sentinel: what other commands answer") {
  FakeHost host(OneGroup());
  CHECK(host.Ask({"role"}) == "*2\r\n$8\r\nsentinel\r\n*1\r\n$8\r\nmymaster\r\n");
  CHECK(host.Ask({"publish", "a", "b"}) ==
        "-ERR Only HELLO messages are accepted by Sentinel instances.\r\n");
  CHECK(host.Ask({"publish", "__sentinel__:hello", "b"}).empty());
  CHECK(std::holds_alternative<core::HelloPublished>(*host.submitted));
  CHECK(host.Ask({"sentinel", "foo"}) == "-ERR unknown subcommand 'foo'. Try SENTINEL HELP.");
  CHECK(host.Ask({"get", "x"}).starts_with("-ERR unknown command 'get'"));
  CHECK(host.Ask({"sentinel", "set", "a"}) ==
        "-ERR wrong number of arguments for 'sentinel|set' command");
  CHECK(host.Ask({"shutdown", "foo"}) == "-ERR syntax error\r\n");
  CHECK_FALSE(host.shut_down);
  CHECK(host.Ask({"shutdown", "nosave"}).empty());
  CHECK(host.shut_down);
}

TEST_CASE("sentinel: HELLO knows no role") {
  FakeHost host(OneGroup());
  host.client.authenticated = true;
  const std::string reply = host.Ask({"hello", "3"});
  CHECK(reply.starts_with("%6\r\n"));
  CHECK(reply.find("$4\r\nmode\r\n$8\r\nsentinel\r\n") != std::string::npos);
}

TEST_CASE("info: sections, alone and together") {
  FakeHost host(OneGroup());
  const std::string all = host.Ask({"info"});
  for (const char* title :
       {"# Server\r\n", "# Clients\r\n", "# CPU\r\n", "# Stats\r\n", "# Sentinel\r\n"})
    CHECK(all.find(title) != std::string::npos);
  CHECK(host.Ask({"info", "everything"}) == all);
  const std::string sentinel = host.Ask({"info", "SENTINEL", "nope"});
  CHECK(sentinel.find("# Server") == std::string::npos);
  CHECK(sentinel.find(
            "sentinel_masters:1\r\nsentinel_tilt:0\r\nsentinel_tilt_since_seconds:-1\r\n") !=
        std::string::npos);
  CHECK(sentinel.find(
            "\r\nmaster0:name=mymaster,status=ok,address=10.0.0.1:6379,slaves=2,sentinels=3\r\n") !=
        std::string::npos);
  CHECK(host.Ask({"info", "nope"}) == "$0\r\n\r\n");
}

TEST_CASE("sentinel: INFO-CACHE is an array in RESP3, too") {
  core::DurableState state = OneGroup();
  state.groups[0].replicas.clear();
  FakeHost host(state);
  CHECK(host.Ask({"sentinel", "info-cache", "mymaster", "nope"}) ==
        "*2\r\n$8\r\nmymaster\r\n*1\r\n*2\r\n:0\r\n$-1\r\n");
  CHECK(host.Ask({"sentinel", "info-cache", "mymaster", "nope"}, 3) ==
        "*2\r\n$8\r\nmymaster\r\n*1\r\n*2\r\n:0\r\n_\r\n");
}

TEST_CASE("sentinel: INFO shows what is paused, propagated and past, fit to be taken apart") {
  FakeHost host(OneGroup());
  host.Apply(core::PauseRequested{core::ClientId{}, "mymaster", 60, "disks, new=2", {}});
  host.Apply(
      core::SetRequested{core::ClientId{}, "mymaster", {"quorum", "2", "propagate"}, {}, {5}});
  config::HistoryEntry entry;
  entry.at.ms = 1234;
  entry.failover.group = "mymaster";
  entry.failover.epoch = base::Epoch(7);
  entry.failover.cause = core::Cause::kDeath;
  entry.failover.outcome = "done";
  entry.failover.took = std::chrono::milliseconds(9);
  host.history = {entry};
  const std::string info = host.Ask({"info", "sentinel"});
  CHECK(info.find("\r\npause0:name=mymaster,seconds=60,reason=disks; new:2\r\n") !=
        std::string::npos);
  CHECK(info.find("\r\npropagated0:name=mymaster,options=1\r\n") != std::string::npos);
  CHECK(info.find("\r\nlast_failover0:name=mymaster,time=1,epoch=7,cause=death,outcome=done,"
                  "milliseconds=9\r\n") != std::string::npos);
}

TEST_CASE("sentinel: PAUSE and RESUME go to the core") {
  FakeHost host(OneGroup());
  host.Ask({"sentinel", "pause", "mymaster", "60", "new disks"});
  const auto& pause = std::get<core::PauseRequested>(*host.submitted);
  CHECK(pause.group == "mymaster");
  CHECK(pause.seconds == 60);
  CHECK(pause.reason == "new disks");
  CHECK_FALSE(pause.version.has_value());
  host.Ask({"sentinel", "pause", "mymaster", "60", "x", "version", "7"});
  CHECK(std::get<core::PauseRequested>(*host.submitted).version == 7);
  host.Ask({"sentinel", "resume", "mymaster"});
  CHECK_FALSE(std::get<core::ResumeRequested>(*host.submitted).version.has_value());
  host.Ask({"sentinel", "resume", "mymaster", "VERSION", "8"});
  CHECK(std::get<core::ResumeRequested>(*host.submitted).version == 8);
  CHECK(host.Ask({"sentinel", "pause", "mymaster", "x", "y"}) ==
        "-ERR value is not an integer or out of range\r\n");
  for (const auto& bad : std::vector<std::vector<std::string_view>>{
           {"sentinel", "pause", "mymaster", "60", "new", "disks"},
           {"sentinel", "pause", "mymaster", "60", "x", "version"},
           {"sentinel", "resume", "mymaster", "version", "-1"},
           {"sentinel", "resume", "mymaster", "now"}})
    CHECK(host.Ask(bad) == "-ERR syntax error\r\n");
}

TEST_CASE("sentinel: FORGET goes to the core") {
  FakeHost host(OneGroup());
  host.Ask({"sentinel", "forget", "mymaster", "bbb"});
  CHECK(std::get<core::ForgetRequested>(*host.submitted).group == "mymaster");
  CHECK(std::get<core::ForgetRequested>(*host.submitted).peer == "bbb");
  CHECK(host.Ask({"sentinel", "forget", "mymaster"}) ==
        "-ERR wrong number of arguments for 'sentinel|forget' command");
}

TEST_CASE("sentinel: EXPLAIN tells what would happen") {
  FakeHost host(OneGroup());
  CHECK(host.Ask({"sentinel", "explain", "nope"}) == "-ERR No such master with that name\r\n");
  const std::string reply = host.Ask({"sentinel", "explain", "mymaster"}, 3);
  CHECK(
      reply.starts_with("%10\r\n$4\r\nname\r\n$8\r\nmymaster\r\n"
                        "$23\r\nheir-if-primary-is-lost\r\n_\r\n$15\r\nheir-if-planned\r\n_\r\n"
                        "$10\r\nelectorate\r\n$1\r\n3\r\n$12\r\nvotes-needed\r\n$1\r\n2\r\n"));
  CHECK(reply.find("\r\n%5\r\n$7\r\naddress\r\n$13\r\n10.0.0.2:6379\r\n"
                   "$18\r\nif-primary-is-lost\r\n$12\r\ndisconnected\r\n") != std::string::npos);
  CHECK(reply.find("no replica is eligible") != std::string::npos);
}

}  // namespace
}  // namespace quorate::sentinel::commands
