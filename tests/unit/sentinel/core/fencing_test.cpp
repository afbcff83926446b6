// What is said to servers of ours beyond Redis' protocol: heartbeats, fences, orders with epochs.
#include <algorithm>

#include "sentinel/core/fencing.h"
#include "tests/unit/sentinel/core/world.h"

#include <doctest/doctest.h>

namespace quorate::sentinel::core::test {
namespace {

struct Fenced {
  explicit Fenced(Duration lease = {}, Duration down_after = seconds(2))
      : world(3, 3, Options(down_after)) {
    for (int i = 0; i < 3; ++i) {
      world.server(i).fencible = true;
      world.server(i).primary_lease = lease;
    }
    world.RunFor(seconds(8));
    REQUIRE(world.group(0).peers.size() == 2);
    REQUIRE(world.group(0).replicas.size() == 2);
  }
  static GroupOptions Options(Duration down_after) {
    GroupOptions options;
    options.quorum = 2;
    options.down_after = down_after;
    options.failover_timeout = seconds(10);
    return options;
  }
  // Sentinels that have given the server a stamp back within `time`.
  int64_t Heard(int server, Duration time) {
    const auto& heard = world.server(server).heard;
    return std::ranges::count_if(
        heard, [&](const auto& entry) { return world.now() - entry.second < time; });
  }
  int Promoted() { return world.PrimaryOf(0) == world.server(1).address ? 1 : 2; }
  bool Logged(int server, const std::string& command) {
    const std::vector<std::string>& log = world.server(server).log;
    return std::ranges::find(log, command) != log.end();
  }

  World world;
};

TEST_CASE("fencing: the primary hears from every sentinel at every ping, or often enough") {
  Fenced pings;
  CHECK(pings.Heard(0, milliseconds(410)) == 3);
  CHECK(pings.world.server(0).word_primary);
  CHECK(pings.world.server(1).heard.empty());
  Fenced leased(milliseconds(400), seconds(30));
  CHECK(leased.Heard(0, milliseconds(110)) == 3);
}

TEST_CASE("fencing: a server of others is told nothing of it") {
  World world(3, 3, Fenced::Options(seconds(1)));
  world.RunFor(seconds(8));
  world.KillServer(0);
  REQUIRE(
      world.RunUntil([&] { return world.PrimaryOf(0) != world.server(0).address; }, seconds(5)));
  world.RunFor(seconds(1));
  for (int i : {1, 2})
    for (const std::string& command : world.server(i).log)
      CHECK(command.find("QUORATE") == std::string::npos);
}

TEST_CASE("fencing: after an election the servers are fenced, and ordered with its epoch") {
  Fenced t;
  t.world.KillServer(0);
  REQUIRE(t.world.RunUntil([&] { return t.world.PrimaryOf(0) != t.world.server(0).address; },
                           seconds(5)));
  t.world.RunFor(seconds(1));
  const int heir = t.Promoted();
  const FakeServer& other = t.world.server(3 - heir);
  CHECK(t.world.server(heir).log ==
        std::vector<std::string>{"QUORATE FENCE 1 5000", "QUORATE REPLICAOF NO ONE 1",
                                 "CONFIG REWRITE", "CLIENT KILL TYPE normal",
                                 "CLIENT KILL TYPE pubsub"});
  CHECK(t.Logged(3 - heir, "QUORATE FENCE 1 5000"));
  CHECK(t.Logged(3 - heir, "QUORATE REPLICAOF " + t.world.server(heir).address.host + " 6379 1"));
  CHECK(other.follows == t.world.server(heir).address);
  CHECK(t.world.server(heir).word_primary);
  // Who comes back and claims the role is told that it is over, before it is told whom to follow.
  t.world.StartServer(0);
  REQUIRE(t.world.RunUntil([&] { return t.world.server(0).epoch == 1; }, seconds(3)));
  CHECK_FALSE(t.world.server(0).word_primary);
  CHECK(t.world.RunUntil([&] { return t.world.server(0).follows.has_value(); }, seconds(20)));
}

TEST_CASE("fencing: a switchover needs the replicas' links, and raises no fence") {
  Fenced t;
  t.world.server(0).offset = 5000;
  t.world.Command(0, 1, FailoverRequested{ClientId{}, "mymaster"});
  REQUIRE(t.world.RunUntil([&] { return t.world.server(0).follows.has_value(); }, seconds(5)));
  for (int i = 0; i < 3; ++i)
    for (const std::string& command : t.world.server(i).log)
      CHECK(command.find("FENCE") == std::string::npos);
}

TEST_CASE(
    "fencing: a primary that is lost after the election is fenced before the heir is chosen") {
  Fenced t;
  t.world.Command(0, 1, FailoverRequested{ClientId{}, "mymaster"});
  REQUIRE(t.world.RunUntil([&] { return t.world.Happened("s0 +elected-leader"); }, seconds(5)));
  REQUIRE_FALSE(t.world.Happened("+selected-slave"));
  t.world.KillServer(0);
  REQUIRE(t.world.RunUntil([&] { return t.world.Happened("+promoted-slave"); }, seconds(5)));
  const int heir = t.Promoted();
  const std::vector<std::string>& log = t.world.server(heir).log;
  REQUIRE_FALSE(log.empty());
  CHECK(log.front().starts_with("QUORATE FENCE "));
}

TEST_CASE("fencing: a primary that is back under the fence is not waited for to catch up with") {
  Fenced t;
  t.world.Command(0, 1, FailoverRequested{ClientId{}, "mymaster"});
  REQUIRE(t.world.RunUntil([&] { return t.world.Happened("s0 +elected-leader"); }, seconds(5)));
  t.world.KillServer(0);
  REQUIRE(t.world.RunUntil([&] { return t.Logged(1, "QUORATE FENCE 1 5000"); }, seconds(1)));
  t.world.StartServer(0);
  REQUIRE(t.world.RunUntil([&] { return t.world.Happened("+switch-master"); }, seconds(2)));
  CHECK_FALSE(t.Logged(0, "CLIENT PAUSE 2000 WRITE"));
}

TEST_CASE("fencing: a fence that nothing comes of is lifted") {
  Fenced t;
  // Elected, but there is nobody to promote.
  for (int i : {1, 2}) t.world.server(i).priority = 0;
  t.world.RunFor(seconds(11));
  t.world.KillServer(0);
  REQUIRE(t.world.RunUntil([&] { return t.world.Happened("-failover-abort-no-good-slave"); },
                           seconds(10)));
  t.world.RunFor(milliseconds(20));
  for (int i : {1, 2}) {
    CHECK(t.Logged(i, "QUORATE FENCE 1 5000"));
    CHECK(t.world.server(i).fence == 0);
  }
}

TEST_CASE("fencing: no two primaries have a lease that rests on one sentinel") {
  // Paused: it may have the lease of its last answer still, which is longer than its silence.
  Fenced t(seconds(4), seconds(1));
  t.world.FreezeServer(0, true);
  const Instant last = t.world.now();
  REQUIRE(t.world.RunUntil([&] { return t.world.PrimaryOf(0) != t.world.server(0).address; },
                           seconds(5)));
  const int heir = t.Promoted();
  CHECK(t.world.now() - last < seconds(2));
  REQUIRE(t.world.RunUntil([&] { return !t.world.server(heir).heard.empty(); }, seconds(10)));
  CHECK(t.world.now() - last >= seconds(4));
  CHECK(t.world.RunUntil([&] { return t.Heard(heir, seconds(1)) == 3; }, seconds(3)));
}

TEST_CASE("fencing: who is the primary again has its lease as soon as the first time") {
  Fenced t(seconds(1));
  for (int turn = 0; turn < 4; ++turn) {
    const int heir = turn % 2 == 0 ? 1 : 0;
    t.world.server(heir).heard.clear();
    t.world.Command(0, 1,
                    SwitchoverRequested{ClientId{}, "mymaster", t.world.server(heir).address, {}});
    REQUIRE(t.world.RunUntil(
        [&] { return t.world.server(1 - heir).follows == t.world.server(heir).address; },
        seconds(5)));
    CHECK(
        t.world.RunUntil([&] { return t.world.server(heir).heard.size() >= 2; }, milliseconds(50)));
    t.world.RunFor(seconds(2));
  }
}

TEST_CASE("fencing: a sentinel that was started again has forgotten whose lease rests on it") {
  Fenced t(seconds(4), seconds(1));
  t.world.FreezeServer(0, true);
  t.world.KillSentinel(2);
  t.world.StartSentinel(2);
  const Instant started = t.world.now();
  REQUIRE(t.world.RunUntil([&] { return t.world.PrimaryOf(2) != t.world.server(0).address; },
                           seconds(5)));
  const std::string third = t.world.sentinel(2).core->state().myid.ToString();
  FakeServer& heir = t.world.server(t.world.PrimaryOf(2) == t.world.server(1).address ? 1 : 2);
  REQUIRE(t.world.RunUntil([&] { return heir.heard.count(third) == 1; }, seconds(10)));
  CHECK(t.world.now() - started >= seconds(4));
}

TEST_CASE("fencing: with a stock sentinel among the peers the primary is told of no electorate") {
  Fenced t(seconds(1));
  CHECK(t.world.server(0).electorate == 3);
  t.world.KillSentinel(2);
  t.world.sentinel(2).stock = true;
  t.world.StartSentinel(2);
  t.world.RunFor(milliseconds(500));
  t.world.KillSentinel(2);  // which thinks of the others that they are ours
  t.world.RunFor(milliseconds(300));
  CHECK(t.world.server(0).electorate == 0);
  t.world.sentinel(2).stock = false;
  t.world.StartSentinel(2);
  CHECK(t.world.RunUntil([&] { return t.world.server(0).electorate == 3; }, seconds(5)));
}

TEST_CASE("fencing: a lease is remembered through a second change") {
  // The first heir dies at once: that says nothing of the one before it, which is only silent.
  Fenced t(seconds(4), seconds(1));
  t.world.FreezeServer(0, true);
  const Instant last = t.world.now();
  REQUIRE(t.world.RunUntil([&] { return t.world.PrimaryOf(0) != t.world.server(0).address; },
                           seconds(5)));
  const int first = t.Promoted();
  t.world.KillServer(first);
  FakeServer& second = t.world.server(3 - first);
  REQUIRE(t.world.RunUntil([&] { return !second.follows.has_value(); }, seconds(5)));
  REQUIRE(t.world.RunUntil([&] { return !second.heard.empty(); }, seconds(10)));
  CHECK(t.world.now() - last >= seconds(4));
}

TEST_CASE("fencing: RESET and a restart forget no lease") {
  Fenced t(seconds(4), seconds(1));
  t.world.FreezeServer(0, true);
  REQUIRE(t.world.RunUntil([&] { return t.world.PrimaryOf(1) != t.world.server(0).address; },
                           seconds(5)));
  FakeServer& heir = t.world.server(t.world.PrimaryOf(1) == t.world.server(1).address ? 1 : 2);
  t.world.RunFor(milliseconds(100));
  const Instant then = t.world.now();
  const auto id = [&](int i) { return t.world.sentinel(i).core->state().myid.ToString(); };
  const std::string reset = id(1);
  const std::string restarted = id(2);
  t.world.Command(1, 50, ResetGroups{ClientId{}, "*"});
  t.world.KillSentinel(2);
  t.world.StartSentinel(2);
  t.world.KillServer(0);  // the one that was silent: only who saw it break knows that it is gone
  for (const std::string& sentinel : {reset, restarted}) {
    REQUIRE(t.world.RunUntil([&] { return heir.heard.count(sentinel) == 1; }, seconds(10)));
    CHECK(t.world.now() - then >= seconds(3));
  }
}

TEST_CASE("fencing: what is remembered of leases does not grow with every RESET") {
  Fenced t(seconds(4), seconds(1));
  for (uint64_t i = 0; i < 50; ++i) {
    t.world.Command(0, 50 + i, ResetGroups{ClientId{}, "*"});
    t.world.RunFor(milliseconds(10));
  }
  CHECK(t.world.group(0).former_leases.size() == 1);
}

TEST_CASE("fencing: a primary that is well comes before a promotion that nobody heard of") {
  Fenced t;
  t.world.Command(0, 1, FailoverRequested{ClientId{}, "mymaster"});
  REQUIRE(t.world.RunUntil([&] { return t.world.Happened("s0 +failover-state-wait-promotion"); },
                           seconds(5)));
  const int heir = t.world.Happened("+selected-slave slave 10.0.0.2") ? 1 : 2;
  // The order has left; its answer does not come, nor anything else.
  REQUIRE(t.world.RunUntil([&] { return !t.world.server(heir).follows; }, milliseconds(5)));
  for (int i = 0; i < 3; ++i)
    t.world.Cut(t.world.sentinel(i).address, t.world.server(heir).address);
  t.world.RunFor(seconds(20));
  CHECK(t.world.PrimaryOf(0) == t.world.server(0).address);
  CHECK_FALSE(t.world.server(0).follows);
  t.world.Heal();
  REQUIRE(t.world.RunUntil(
      [&] { return t.world.server(heir).follows == t.world.server(0).address; }, seconds(60)));
  for (int i = 0; i < 3; ++i) CHECK(t.world.PrimaryOf(i) == t.world.server(0).address);
  CHECK_FALSE(t.world.Happened("+switch-master"));
}

TEST_CASE("fencing: a heir that cannot be reached while the fence stands is given up") {
  Fenced t;
  t.world.KillServer(0);
  REQUIRE(t.world.RunUntil([&] { return t.world.Happened("+elected-leader"); }, seconds(5)));
  for (int i : {1, 2}) t.world.server(i).refuses_promotion = true;
  // failover-timeout is longer.
  CHECK(t.world.RunUntil([&] { return t.world.Happened("-failover-abort-slave-timeout"); },
                         seconds(5)));
}

TEST_CASE("fencing: a dead process has no lease") {
  Fenced t(seconds(4), seconds(1));
  t.world.KillServer(0);
  REQUIRE(t.world.RunUntil([&] { return t.world.PrimaryOf(0) != t.world.server(0).address; },
                           seconds(5)));
  const int heir = t.Promoted();
  CHECK(t.world.RunUntil([&] { return t.Heard(heir, seconds(1)) >= 2; }, milliseconds(50)));
}

TEST_CASE("fencing: an epoch of another life is risen above, and the primary stays") {
  Fenced t;
  // Once, elsewhere.
  FakeServer& other = t.world.server(1);
  other.follows.reset();
  other.epoch = 7;
  other.word_primary = true;
  REQUIRE(
      t.world.RunUntil([&] { return other.follows == t.world.server(0).address; }, seconds(60)));
  CHECK(t.world.PrimaryOf(0) == t.world.server(0).address);
  CHECK(t.world.group(0).config_epoch > base::Epoch(7));
  CHECK(t.world.server(0).epoch == t.world.group(0).config_epoch.number());
  CHECK(t.world.Happened("+try-confirm master mymaster 10.0.0.1 6379"));
  CHECK_FALSE(t.world.Happened("+try-failover"));
}

TEST_CASE("fencing: sentinels that lost their state take the word of the primary they are given") {
  Fenced t;
  t.world.server(0).epoch = 7;
  t.world.server(0).word_primary = true;
  t.world.RunFor(seconds(10));
  for (int i = 0; i < 3; ++i) CHECK(t.world.group(i).config_epoch == base::Epoch(7));
  CHECK(t.Heard(0, seconds(1)) == 3);
  CHECK_FALSE(t.world.Happened("+try"));
}

TEST_CASE("fencing: who was elected keeps the role, though its leader died before it said so") {
  Fenced t;
  t.world.KillServer(0);
  REQUIRE(t.world.RunUntil([&] { return t.world.Happened("+failover-state-wait-promotion"); },
                           seconds(5)));
  int leader = 0;
  while (!t.world.Happened("s" + std::to_string(leader) + " +failover-state-wait-promotion"))
    ++leader;
  t.world.sentinel(leader).disk_works = false;
  t.world.RunFor(milliseconds(3));
  t.world.KillSentinel(leader);
  FakeServer& heir = t.world.server(t.world.server(1).follows ? 2 : 1);
  REQUIRE_FALSE(heir.follows.has_value());
  t.world.StartServer(0);  // in time for nobody else to be elected
  t.world.RunFor(seconds(30));
  for (int i = 0; i < 3; ++i) {
    if (i == leader) continue;
    CHECK(t.world.PrimaryOf(i) == heir.address);
  }
  CHECK(t.world.server(0).follows == heir.address);
}

TEST_CASE("fencing: refusals are read with care") {
  const auto parse = [](const std::string& text) {
    return ParseStaleEpoch(WireReply::Error(text));
  };
  CHECK(parse("STALEEPOCH 7 primary: that is")->primary);
  CHECK(parse("STALEEPOCH 7 primary: that is")->epoch == base::Epoch(7));
  CHECK_FALSE(parse("STALEEPOCH 7 replica")->primary);
  CHECK_FALSE(parse("STALEEPOCH 7")->primary);
  CHECK_FALSE(parse("STALEEPOCH ").has_value());
  CHECK_FALSE(parse("STALEEPOCH x primary").has_value());
  CHECK_FALSE(parse("STALEEPOCH 9223372036854775808 primary").has_value());
  CHECK_FALSE(parse("ERR unknown command").has_value());
  CHECK_FALSE(ParseStaleEpoch(WireReply::Status("STALEEPOCH 7 primary")).has_value());
}

}  // namespace
}  // namespace quorate::sentinel::core::test
