// SENTINEL FAILOVER: planned with a healthy primary, forced with one that is not.
#include "tests/unit/sentinel/core/world.h"

#include <algorithm>

#include <doctest/doctest.h>

namespace quorate::sentinel::core::test {
namespace {

struct Planned {
  explicit Planned(int servers = 3) : world(3, servers, Options()) {
    world.RunFor(seconds(8));
    REQUIRE(world.group(0).peers.size() == 2);
    REQUIRE(world.group(0).replicas.size() == size_t(servers - 1));
  }
  static GroupOptions Options() {
    GroupOptions options;
    options.quorum = 2;
    options.down_after = seconds(2);
    options.failover_timeout = seconds(10);
    return options;
  }
  std::string Ask() {
    world.Command(0, 1, FailoverRequested{ClientId{}, "mymaster"});
    const CommandReply* reply = world.ReplyTo(0, 1);
    REQUIRE(reply != nullptr);
    if (const auto* error = std::get_if<ErrorReply>(reply)) return error->text;
    return std::holds_alternative<OkReply>(*reply) ? "OK" : "?";
  }
  bool Done() {
    for (int i = 0; i < 3; ++i)
      if (world.PrimaryOf(i) == world.server(0).address) return false;
    return !world.group(0).failover;
  }
  World world;
};

TEST_CASE(
    "switchover: pauses writes, waits for the heir to be equal, promotes, demotes, lifts the "
    "pause") {
  Planned t;
  t.world.server(0).offset = 5000;  // the replicas are at 1000 until the pause lets them catch up
  const Instant asked = t.world.now();
  CHECK(t.Ask() == "OK");
  REQUIRE(t.world.RunUntil([&] { return t.Done(); }, seconds(5)));
  CHECK(base::ToMs(t.world.now() - asked) <= 100);
  const bool first = t.world.PrimaryOf(0) == t.world.server(1).address;
  FakeServer& heir = t.world.server(first ? 1 : 2);
  CHECK(heir.offset == 5000);
  t.world.RunFor(milliseconds(100));
  CHECK(t.world.server(0).follows == heir.address);
  CHECK(t.world.server(0).log ==
        std::vector<std::string>{
            "CLIENT PAUSE 2000 WRITE", "SLAVEOF " + heir.address.host + " 6379", "CONFIG REWRITE",
            "CLIENT KILL TYPE normal", "CLIENT KILL TYPE pubsub", "CLIENT UNPAUSE"});
  CHECK_FALSE(t.world.Happened("+sdown"));
  CHECK(t.world.Happened("s0 +elected-leader"));
}

std::string Text(const CommandReply* reply) {
  if (!reply) return "(none)";
  if (const auto* error = std::get_if<ErrorReply>(reply)) return error->text;
  return std::holds_alternative<OkReply>(*reply) ? "OK" : "?";
}

TEST_CASE("SWITCHOVER: to the named replica, answered when the clients are let go") {
  for (int heir : {1, 2}) {
    Planned t;
    t.world.server(0).offset = 5000;
    t.world.Command(0, 1,
                    SwitchoverRequested{ClientId{}, "mymaster", t.world.server(heir).address, {}});
    CHECK(Text(t.world.ReplyTo(0, 1)) == "(none)");
    REQUIRE(t.world.RunUntil([&] { return t.world.ReplyTo(0, 1) != nullptr; }, seconds(5)));
    CHECK(Text(t.world.ReplyTo(0, 1)) == "OK");
    for (int i = 0; i < 3; ++i) CHECK(t.world.PrimaryOf(i) == t.world.server(heir).address);
    t.world.RunFor(milliseconds(10));
    CHECK(t.world.server(0).follows == t.world.server(heir).address);
    CHECK(t.world.server(heir).offset == 5000);
  }
}

TEST_CASE(
    "SWITCHOVER: clients are let go when the other sentinels have adopted, or had their time") {
  Planned t(2);
  const auto demoted_after_promotion = [&] {
    REQUIRE(t.world.RunUntil([&] { return t.world.Happened("s0 +switch-master"); }, seconds(5)));
    const Instant promoted = t.world.now();
    REQUIRE(t.world.RunUntil([&] { return t.world.server(0).follows.has_value(); }, seconds(5)));
    return base::ToMs(t.world.now() - promoted);
  };
  SUBCASE("adopted late") {
    t.world.sentinel(2).disk_delay = milliseconds(50);
    t.world.Command(0, 1, SwitchoverRequested{ClientId{}, "mymaster", {}, {}});
    const int64_t waited = demoted_after_promotion();
    CHECK(waited >= 50);
    CHECK(waited < 100);
    CHECK(t.world.PrimaryOf(2) == t.world.server(1).address);
  }
  SUBCASE("not adopted") {
    t.world.sentinel(2).disk_delay = seconds(3);
    t.world.Command(0, 1, SwitchoverRequested{ClientId{}, "mymaster", {}, {}});
    CHECK(demoted_after_promotion() >= 100);
  }
}

TEST_CASE("SWITCHOVER: answers why it was given up") {
  Planned t(2);
  t.world.server(0).offset = 5000;
  t.world.server(1).lag = 10;
  t.world.Command(0, 1, SwitchoverRequested{ClientId{}, "mymaster", {}, milliseconds(300)});
  t.world.RunFor(milliseconds(250));
  CHECK(Text(t.world.ReplyTo(0, 1)) == "(none)");
  t.world.RunFor(milliseconds(200));
  CHECK(Text(t.world.ReplyTo(0, 1)) == "ABORTED failover-abort-slave-timeout");
}

TEST_CASE("SWITCHOVER and COORDINATED: never without a pause of the writes") {
  Planned t;
  t.world.server(0).pause_error = "ERR Unknown subcommand or wrong number of arguments for 'pause'";
  t.world.Command(0, 1, SwitchoverRequested{ClientId{}, "mymaster", {}, {}});
  t.world.RunFor(seconds(1));
  CHECK(Text(t.world.ReplyTo(0, 1)) == "ABORTED failover-abort-pause-refused");
  t.world.RunFor(seconds(10));
  t.world.Command(0, 2, FailoverRequested{ClientId{}, "mymaster", true});
  CHECK(Text(t.world.ReplyTo(0, 2)) == "OK");
  t.world.RunFor(seconds(1));
  CHECK(t.world.PrimaryOf(0) == t.world.server(0).address);
  t.world.KillServer(0);
  t.world.RunFor(milliseconds(1500));
  t.world.Command(0, 3, FailoverRequested{ClientId{}, "mymaster", true});
  CHECK(Text(t.world.ReplyTo(0, 3)).rfind("NOGOODPRIMARY", 0) == 0);
  t.world.Command(0, 4, SwitchoverRequested{ClientId{}, "mymaster", {}, {}});
  CHECK(Text(t.world.ReplyTo(0, 4)).rfind("NOGOODPRIMARY", 0) == 0);
}

TEST_CASE("SWITCHOVER: what it refuses at once") {
  Planned t;
  const auto ask = [&](const std::string& group, std::optional<Endpoint> to) {
    t.world.Command(0, 1, SwitchoverRequested{ClientId{}, group, std::move(to), {}});
    return Text(t.world.ReplyTo(0, 1));
  };
  CHECK(ask("nosuch", {}) == "ERR No such master with that name");
  CHECK(ask("mymaster", Endpoint{"10.0.0.77", 6379}) ==
        "NOGOODSLAVE No such replica: 10.0.0.77:6379");
  t.world.server(1).priority = 0;
  t.world.RunFor(seconds(11));
  CHECK(ask("mymaster", t.world.server(1).address) ==
        "NOGOODSLAVE The replica is not eligible: priority 0");
}

TEST_CASE("switchover: a heir that does not catch up leaves everything as it was") {
  Planned t(2);
  t.world.server(0).offset = 5000;
  t.world.server(1).lag = 10;
  CHECK(t.Ask() == "OK");
  t.world.RunFor(seconds(3));
  CHECK(t.world.Happened("s0 -failover-abort-slave-timeout master mymaster 10.0.0.1 6379"));
  CHECK(t.world.server(0).log == std::vector<std::string>{"CLIENT PAUSE 2000 WRITE"});
  CHECK(t.world.server(0).writes_paused_until <= t.world.now());
  CHECK(t.world.server(1).log.empty());
  CHECK(t.world.PrimaryOf(0) == t.world.server(0).address);
}

TEST_CASE("switchover: writes stay paused while the new configuration is slow to disk") {
  Planned t(2);
  t.world.server(0).offset = 5000;
  CHECK(t.Ask() == "OK");
  REQUIRE(t.world.RunUntil([&] { return t.world.Happened("+elected-leader"); }, seconds(5)));
  t.world.sentinel(0).disk_delay = seconds(5);
  const FakeServer& old = t.world.server(0);
  REQUIRE(t.world.RunUntil([&] { return old.writes_paused_until > t.world.now(); }, seconds(1)));
  // Until the old primary is demoted no write may be taken there: the heir is one already.
  REQUIRE(t.world.RunUntil(
      [&] { return old.follows.has_value() || old.writes_paused_until <= t.world.now(); },
      seconds(10)));
  CHECK(old.follows == t.world.server(1).address);
}

TEST_CASE("switchover: a long wait for the heir is a short pause, renewed") {
  Planned t(2);
  t.world.server(0).offset = 5000;
  t.world.server(1).lag = 10;
  t.world.Command(0, 1, SwitchoverRequested{ClientId{}, "mymaster", {}, seconds(60)});
  FakeServer& primary = t.world.server(0);
  REQUIRE(t.world.RunUntil([&] { return !primary.log.empty(); }, seconds(1)));
  for (int i = 0; i < 100; ++i) {
    t.world.RunFor(milliseconds(100));
    CHECK(primary.writes_paused_until > t.world.now());
    CHECK(primary.writes_paused_until <= t.world.now() + seconds(2));
  }
  CHECK(primary.log.size() >= 10);
  CHECK(std::ranges::count(primary.log, "CLIENT PAUSE 2000 WRITE") == std::ssize(primary.log));

  SUBCASE("and ends soon after its sentinel") {
    t.world.FreezeSentinel(0, true);
    t.world.RunFor(milliseconds(2050));
    CHECK(primary.writes_paused_until <= t.world.now());
  }
  SUBCASE("and a heir that comes into step at last is promoted") {
    t.world.server(1).lag = 0;
    REQUIRE(t.world.RunUntil([&] { return t.Done(); }, seconds(1)));
    CHECK(t.world.server(1).offset == 5000);
  }
  SUBCASE("and a renewal that is not acknowledged in time is no pause: given up") {
    t.world.FreezeServer(0, true);
    REQUIRE(t.world.RunUntil(
        [&] {
          return t.world.Happened(
              "s0 -failover-abort-master-timeout master mymaster 10.0.0.1 6379");
        },
        milliseconds(2050)));
    CHECK(primary.writes_paused_until > t.world.now() - milliseconds(50));
    CHECK(t.world.server(1).log.empty());
  }
}

TEST_CASE("switchover: who gives way to another leader does not lift the pause that it relies on") {
  Planned t;
  FakeServer& old_primary = t.world.server(0);
  t.world.sentinel(0).disk_delay = milliseconds(500);
  t.world.Command(0, 1, FailoverRequested{ClientId{}, "mymaster"});
  REQUIRE(t.world.RunUntil([&] { return t.world.Happened("s0 +failover-state-wait-promotion"); },
                           seconds(5)));
  // Shortly before that disk has the new configuration another sentinel is ordered to do the same,
  // and gets as far as the pause.
  t.world.RunFor(milliseconds(496));
  t.world.Command(1, 2, FailoverRequested{ClientId{}, "mymaster"});
  const auto logged = [&](const std::string& command) {
    return std::ranges::count(old_primary.log, command);
  };
  REQUIRE(t.world.RunUntil([&] { return old_primary.follows.has_value(); }, seconds(5)));
  CHECK(logged("CLIENT PAUSE 2000 WRITE") >= 2);
  CHECK(logged("CLIENT UNPAUSE") == 0);
}

TEST_CASE("switchover: who gives up sends no UNPAUSE: another leader may rely on the pause") {
  Planned t;
  t.world.server(0).offset = 5000;
  for (int i : {1, 2}) t.world.server(i).lag = 10;
  FakeServer& primary = t.world.server(0);
  const auto logged = [&](const std::string& command) {
    return std::ranges::count(primary.log, command);
  };
  t.world.Command(0, 1, SwitchoverRequested{ClientId{}, "mymaster", {}, milliseconds(500)});
  REQUIRE(t.world.RunUntil([&] { return logged("CLIENT PAUSE 2000 WRITE") == 1; }, seconds(1)));
  SUBCASE("which it has not heard of") {
    t.world.Cut(t.world.sentinel(0).address, t.world.sentinel(1).address);
    t.world.Command(1, 2, SwitchoverRequested{ClientId{}, "mymaster", {}, seconds(30)});
    REQUIRE(t.world.RunUntil([&] { return logged("CLIENT PAUSE 2000 WRITE") == 2; }, seconds(1)));
    REQUIRE(t.world.RunUntil([&] { return t.world.Happened("s0 -failover-abort-slave-timeout"); },
                             seconds(1)));
    t.world.RunFor(seconds(5));
    CHECK(primary.writes_paused_until > t.world.now());
    CHECK(logged("CLIENT UNPAUSE") == 0);
  }
  SUBCASE("or not, if there is none") {
    t.world.RunFor(seconds(1));
    CHECK(t.world.Happened("s0 -failover-abort-slave-timeout"));
    t.world.RunFor(seconds(2));
    CHECK(primary.writes_paused_until <= t.world.now());
    CHECK(logged("CLIENT UNPAUSE") == 0);
  }
  SUBCASE("which it could not vote for") {
    t.world.sentinel(0).disk_works = false;
    const uint64_t epoch = t.world.group(0).failover->epoch.number() + 1;
    t.world.Command(
        0, 2,
        MasterDownQuery{ClientId{}, primary.address, epoch,
                        t.world.sentinel(1).core->state().myid.ToString(), Candidacy::kOrdered});
    t.world.RunFor(milliseconds(50));
    CHECK(t.world.Happened("s0 -failover-abort-not-elected"));
    CHECK(logged("CLIENT UNPAUSE") == 0);
  }
}

TEST_CASE("switchover: a renewal that is refused gives up, and the writes go on soon") {
  Planned t(2);
  t.world.server(0).offset = 5000;
  t.world.server(1).lag = 10;
  FakeServer& primary = t.world.server(0);
  t.world.Command(0, 1, SwitchoverRequested{ClientId{}, "mymaster", {}, seconds(60)});
  REQUIRE(t.world.RunUntil([&] { return !primary.log.empty(); }, seconds(1)));
  t.world.RunFor(milliseconds(500));
  primary.pause_error = "BUSY Redis is busy running a script.";
  t.world.RunFor(seconds(1));
  CHECK(t.world.Happened("s0 -failover-abort-pause-refused"));
  t.world.RunFor(seconds(1));
  CHECK(primary.writes_paused_until <= t.world.now());
}

TEST_CASE("switchover: after a stall longer than the pause nothing is promoted") {
  Planned t(2);
  t.world.server(1).refuses_promotion = true;
  CHECK(t.Ask() == "OK");
  const auto renewed = [&] {
    return t.world.server(0).log ==
           std::vector<std::string>{"CLIENT PAUSE 2000 WRITE", "CLIENT PAUSE 2000 WRITE"};
  };
  REQUIRE(t.world.RunUntil(renewed, seconds(3)));
  t.world.RunFor(milliseconds(900));
  t.world.FreezeSentinel(0, true);
  t.world.RunFor(milliseconds(1300));  // no TILT yet, but the primary takes writes again
  REQUIRE(t.world.server(0).writes_paused_until < t.world.now());
  t.world.server(1).refuses_promotion = false;
  t.world.FreezeSentinel(0, false);
  t.world.RunFor(seconds(2));
  CHECK_FALSE(t.world.Happened("+tilt"));
  CHECK(t.world.Happened("s0 -failover-abort-master-timeout master mymaster 10.0.0.1 6379"));
  CHECK(t.world.PrimaryOf(0) == t.world.server(0).address);
}

TEST_CASE("switchover: a primary that stops answering is not waited for") {
  Planned t(2);
  t.world.FreezeServer(0, true);
  CHECK(t.Ask() == "OK");
  t.world.RunFor(milliseconds(1500));
  CHECK(t.world.Happened("s0 -failover-abort-master-timeout master mymaster 10.0.0.1 6379"));
  CHECK(t.world.server(1).log.empty());
}

TEST_CASE("switchover: RESET after the promotion forgets the failover, not the new primary") {
  Planned t(2);
  CHECK(t.Ask() == "OK");
  REQUIRE(t.world.RunUntil([&] { return t.world.Happened("+elected-leader"); }, seconds(5)));
  t.world.sentinel(0).disk_delay = milliseconds(500);
  REQUIRE(
      t.world.RunUntil([&] { return t.world.group(0).pending_config.has_value(); }, seconds(1)));
  t.world.Command(0, 2, ResetGroups{ClientId{}, "*"});
  CHECK_FALSE(t.world.group(0).failover);
  REQUIRE(t.world.RunUntil([&] { return t.Done(); }, seconds(15)));
  CHECK(t.world.PrimaryOf(0) == t.world.server(1).address);
  CHECK(t.world.RunUntil([&] { return t.world.server(0).follows.has_value(); }, seconds(30)));
}

TEST_CASE("switchover: RESET before the old primary is demoted does not let its clients go") {
  Planned t(2);
  t.world.sentinel(2).disk_delay = seconds(3);  // is waited for
  CHECK(t.Ask() == "OK");
  REQUIRE(t.world.RunUntil([&] { return t.world.Happened("s0 +switch-master"); }, seconds(5)));
  REQUIRE(t.world.server(0).writes_paused_until > t.world.now());
  REQUIRE_FALSE(t.world.server(0).follows);
  const Actions actions =
      t.world.sentinel(0).core->Step(t.world.now(), ResetGroups{ClientId{}, "*"});
  CHECK(std::ranges::none_of(actions, [](const Action& action) {
    const auto* send = std::get_if<Send>(&action);
    return send && send->argv.size() > 1 && send->argv[1] == "UNPAUSE";
  }));
}

TEST_CASE("switchover: a server without CLIENT PAUSE WRITE is failed over as Redis does it") {
  for (const char* error :
       {"ERR syntax error", "ERR Syntax error, try CLIENT (LIST | KILL ip:port)",
        "ERR Unknown subcommand or wrong number of arguments for 'PAUSE'. Try CLIENT HELP.",
        "ERR unknown subcommand 'PAUSE'. Try CLIENT HELP.",
        "ERR wrong number of arguments for 'client|pause' command"}) {
    CAPTURE(error);
    Planned t(2);
    t.world.server(0).pause_error = error;
    CHECK(t.Ask() == "OK");
    REQUIRE(t.world.RunUntil([&] { return t.Done(); }, seconds(5)));
    t.world.RunFor(milliseconds(100));
    CHECK(t.world.server(0).follows == t.world.server(1).address);
  }
}

TEST_CASE("switchover: a primary that refuses to pause keeps its role, and nothing changes") {
  for (const char* error : {"NOPERM this user has no permissions to run the 'client|pause' command",
                            "ERR unknown command 'CLIENT', with args beginning with: 'PAUSE' ",
                            "LOADING Redis is loading the dataset in memory"}) {
    CAPTURE(error);
    Planned t(2);
    t.world.server(0).pause_error = error;
    CHECK(t.Ask() == "OK");
    t.world.RunFor(seconds(3));
    CHECK(t.world.Happened("s0 -failover-abort-pause-refused master mymaster 10.0.0.1 6379 #" +
                           std::string(error)));
    CHECK(t.world.server(0).log == std::vector<std::string>{"CLIENT PAUSE 2000 WRITE"});
    CHECK(t.world.server(1).log.empty());
    CHECK(t.world.PrimaryOf(0) == t.world.server(0).address);
  }
}

TEST_CASE("switchover: a replica of another history is no heir, even if it is the only one") {
  Planned t(2);
  t.world.server(1).replication_id = *base::ReplicationId::Parse(std::string(40, 'b'));
  t.world.RunFor(seconds(11));
  CHECK(t.Ask() == "NOGOODSLAVE No suitable replica to promote");
  // Found out by the INFO after the election only: given up there.
  t.world.server(1).replication_id = t.world.server(0).replication_id;
  t.world.RunFor(seconds(2));
  t.world.server(1).replication_id = *base::ReplicationId::Parse(std::string(40, 'c'));
  CHECK(t.Ask() == "OK");
  t.world.RunFor(seconds(3));
  CHECK(t.world.Happened("s0 -failover-abort-no-good-slave master mymaster 10.0.0.1 6379"));
  CHECK(t.world.server(0).log.empty());
  CHECK(t.world.server(1).log.empty());
}

TEST_CASE("switchover: no hello is published on a paused primary") {
  Planned t(2);
  t.world.server(0).offset = 5000;
  t.world.server(1).lag = 10;
  t.Ask();
  REQUIRE(t.world.RunUntil([&] { return t.world.server(0).log.size() == 1; }, seconds(1)));
  const Instant before = t.world.group(0).primary.last_hello_sent;
  t.world.RunFor(milliseconds(900));
  CHECK(t.world.group(0).primary.last_hello_sent == before);
}

TEST_CASE("switchover: the priority decides, since the data will be equal") {
  Planned t;
  t.world.server(1).offset = 1000;
  t.world.server(2).offset = 900;
  t.world.server(2).priority = 10;
  t.world.RunFor(seconds(11));
  CHECK(t.Ask() == "OK");
  REQUIRE(t.world.RunUntil([&] { return t.Done(); }, seconds(5)));
  CHECK(t.world.PrimaryOf(0) == t.world.server(2).address);
}

TEST_CASE("forced failover: errors are Redis'") {
  Planned t(2);
  t.world.Command(0, 7, FailoverRequested{ClientId{}, "nosuch"});
  CHECK(std::get<ErrorReply>(*t.world.ReplyTo(0, 7)).text == "ERR No such master with that name");
  CHECK(t.Ask() == "OK");
  CHECK(t.Ask() == "INPROG Failover already in progress");
  t.world.RunFor(seconds(5));
  t.world.KillServer(0);
  t.world.RunFor(milliseconds(100));
  CHECK(t.Ask() == "NOGOODSLAVE No suitable replica to promote");
}

TEST_CASE("forced failover: needs the votes of a majority, too") {
  Planned t(2);
  t.world.KillSentinel(1);
  t.world.KillSentinel(2);
  t.world.RunFor(milliseconds(50));
  CHECK(t.Ask() == "OK");
  t.world.RunFor(seconds(20));
  CHECK(t.world.Happened("s0 -failover-abort-not-elected"));
  CHECK(t.world.PrimaryOf(0) == t.world.server(0).address);
}

TEST_CASE(
    "forced failover: a candidate whose disk is slower than its voters' waits for its own vote") {
  Planned t(2);
  t.world.sentinel(0).disk_delay = milliseconds(50);
  CHECK(t.Ask() == "OK");
  t.world.RunFor(milliseconds(40));
  CHECK_FALSE(t.world.Happened("s0 +elected-leader"));
  REQUIRE(t.world.RunUntil([&] { return t.Done(); }, seconds(5)));
  CHECK_FALSE(t.world.Happened("-failover-abort-not-elected"));
}

TEST_CASE("forced failover: a candidate that cannot save its vote does not stand again") {
  Planned t(2);
  t.world.sentinel(0).disk_works = false;
  CHECK(t.Ask() == "OK");
  t.world.RunFor(seconds(1));
  CHECK(t.world.Events({"+try-failover"}).size() == 1);
  CHECK(t.world.Happened("s0 -failover-abort-not-elected"));
  CHECK(t.Ask() == "ERR The state cannot be saved, no failover is started");
}

TEST_CASE("forced failover: two sentinels ordered at once never share an epoch") {
  for (uint64_t seed = 1; seed <= 20; ++seed) {
    CAPTURE(seed);
    World world(3, 3, Planned::Options(), seed);
    world.RunFor(seconds(8));
    world.Command(0, 1, FailoverRequested{ClientId{}, "mymaster"});
    world.Command(1, 1, FailoverRequested{ClientId{}, "mymaster"});
    world.RunFor(seconds(30));
    for (const auto& [epoch, leaders] : world.leaders()) CHECK(leaders.size() == 1);
    CHECK(world.PrimaryOf(0) == world.PrimaryOf(1));
    CHECK(world.PrimaryOf(0) == world.PrimaryOf(2));
  }
}

}  // namespace
}  // namespace quorate::sentinel::core::test
