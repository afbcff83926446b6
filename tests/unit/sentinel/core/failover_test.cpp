// Failovers of the sentinel core in a small world of virtual time: who notices, who is elected,
// what is told to whom.
#include "tests/unit/sentinel/core/support.h"

#include <doctest/doctest.h>

namespace quorate::sentinel::core::test {
namespace {

TEST_CASE("failover: a primary that came back with less gives way to a replica that has more") {
  World world(3, 3, FastOptions());
  Settle(world, 3, 2);
  world.KillServer(0);
  world.RunFor(milliseconds(20));
  world.StartServer(0);
  FakeServer& primary = world.server(0);
  primary.replication_id = *base::ReplicationId::Parse(std::string(40, 'e'));
  // One replica keeps what it had. The other, that of another program, was emptied, and has come
  // far in the new history.
  world.server(1).replication_id = primary.replication_id;
  world.server(1).offset = 5000;
  world.server(2).refuses = primary.address;
  SUBCASE("it may be promoted") {
    REQUIRE(world.RunUntil([&] { return AllSee(world, 3, world.server(2).address); },
                           milliseconds(900)));
    CHECK(world.Happened("+data-lost master mymaster 10.0.0.1 6379"));
    ExpectOneLeaderPerEpoch(world);
    world.RunFor(seconds(2));
    CHECK(primary.follows == world.server(2).address);
    CHECK(world.server(1).follows == world.server(2).address);
  }
  SUBCASE("it may not: then the primary is as good as any") {
    world.server(2).priority = 0;
    world.RunFor(seconds(1));  // until that is known
    world.RunFor(seconds(20));
    CHECK(AllSee(world, 3, primary.address));
    CHECK_FALSE(world.group(0).primary.sdown_since.has_value());
  }
}

TEST_CASE("failover: a killed primary is replaced within down-after and a little") {
  World world(3, 3, FastOptions());
  Settle(world, 3, 2);
  const Instant killed = world.now();
  world.KillServer(0);
  REQUIRE(world.RunUntil(
      [&] {
        return !AllSee(world, 3, world.server(0).address) && AllSee(world, 3, world.PrimaryOf(0));
      },
      seconds(5)));
  CHECK(MsBetween(killed, world.now()) >= 750);
  CHECK(MsBetween(killed, world.now()) <= 1150);
  ExpectOneLeaderPerEpoch(world);
  world.RunFor(seconds(2));
  // The other replica follows the new primary, and the failover has ended.
  const bool first = world.PrimaryOf(0) == world.server(1).address;
  FakeServer& heir = world.server(first ? 1 : 2);
  FakeServer& other = world.server(first ? 2 : 1);
  CHECK_FALSE(heir.follows.has_value());
  CHECK(other.follows == heir.address);
  CHECK(world.Happened("+failover-end master mymaster " + heir.address.host + " 6379"));
  for (int i = 0; i < 3; ++i) {
    CHECK_FALSE(world.group(i).failover.has_value());
    CHECK(world.group(i).config_epoch == base::Epoch(1));
    CHECK(world.group(i).replicas.count(world.server(0).address) == 1);
  }
}

TEST_CASE("failover: the events of the leader, in order") {
  World world(3, 2, FastOptions());
  Settle(world, 3, 1);
  world.KillServer(0);
  world.RunFor(seconds(4));
  REQUIRE(world.leaders().size() == 1);
  const std::string leader = "s" + std::to_string(*world.leaders().begin()->second.begin());
  INFO(world.Story());
  std::vector<std::string> names;
  for (const std::string& line : world.Events({})) {
    if (line.rfind(leader, 0) != 0) continue;
    const std::string name = line.substr(3, line.find(' ', 3) - 3);
    if (name != "+slave" && name != "+sentinel" && name != "+monitor") names.push_back(name);
  }
  CHECK(names == std::vector<std::string>{
                     "+sdown", "+odown", "+new-epoch", "+try-failover", "+vote-for-leader",
                     "+elected-leader", "+failover-state-select-slave", "+selected-slave",
                     "+failover-state-send-slaveof-noone", "+failover-state-wait-promotion",
                     "-role-change", "+promoted-slave", "+failover-state-reconf-slaves",
                     "+switch-master", "+sdown", "+failover-end"});
}

TEST_CASE("failover: the promotion is one transaction") {
  World world(3, 2, FastOptions());
  Settle(world, 3, 1);
  world.KillServer(0);
  world.RunFor(seconds(3));
  CHECK(world.server(1).log == std::vector<std::string>{"SLAVEOF NO ONE", "CONFIG REWRITE",
                                                        "CLIENT KILL TYPE normal",
                                                        "CLIENT KILL TYPE pubsub"});
}

TEST_CASE("failover: a frozen primary is replaced, and demoted when it comes back") {
  World world(3, 2, FastOptions());
  Settle(world, 3, 1);
  const Instant frozen = world.now();
  world.FreezeServer(0, true);
  REQUIRE(world.RunUntil([&] { return AllSee(world, 3, world.server(1).address); }, seconds(5)));
  CHECK(MsBetween(frozen, world.now()) <= 1350);
  world.RunFor(seconds(5));
  world.FreezeServer(0, false);
  const Instant back = world.now();
  REQUIRE(world.RunUntil([&] { return world.server(0).follows == world.server(1).address; },
                         seconds(20)));
  CHECK(MsBetween(back, world.now()) <= 5000);
  CHECK(world.Happened(
      "+convert-to-slave slave 10.0.0.1:6379 10.0.0.1 6379 @ mymaster 10.0.0.2 6379"));
  world.RunFor(seconds(5));
  CHECK(AllSee(world, 3, world.server(1).address));
}

TEST_CASE("failover: nothing is published at a replaced primary before it follows") {
  World world(3, 3, FastOptions());
  Settle(world, 3, 2);
  FakeServer& old = world.server(0);
  CHECK(old.published > 0);
  world.KillServer(0);
  REQUIRE(world.RunUntil([&] { return world.Happened("+failover-end"); }, seconds(10)));
  old.published = 0;
  world.StartServer(0);
  REQUIRE(world.RunUntil([&] { return old.follows.has_value(); }, seconds(20)));
  CHECK(old.published == 0);
  world.RunFor(seconds(12));
  CHECK(old.published > 0);
}

TEST_CASE("failover: without a majority of the sentinels nothing is promoted") {
  World world(3, 2, FastOptions());
  Settle(world, 3, 1);
  world.KillSentinel(1);
  world.KillSentinel(2);
  world.RunFor(seconds(2));
  world.KillServer(0);
  world.RunFor(seconds(60));
  CHECK(world.Happened("s0 +sdown master"));
  CHECK_FALSE(world.Happened("+odown"));
  CHECK(world.PrimaryOf(0) == world.server(0).address);
}

TEST_CASE("failover: a quorum that is no majority does not elect") {
  GroupOptions options = FastOptions();
  options.quorum = 1;
  World world(3, 2, options);
  Settle(world, 3, 1);
  world.KillSentinel(1);
  world.KillSentinel(2);
  world.RunFor(seconds(2));
  world.KillServer(0);
  world.RunFor(seconds(60));
  CHECK(world.Happened("s0 +odown master mymaster 10.0.0.1 6379 #quorum 1/1"));
  CHECK_FALSE(world.Happened("+try-failover"));
  // One returns: two of three.
  world.StartSentinel(1);
  CHECK(world.RunUntil([&] { return AllSee(world, 2, world.server(1).address); }, seconds(30)));
  ExpectOneLeaderPerEpoch(world);
}

TEST_CASE("failover: a primary cut off with one sentinel is replaced by the majority") {
  World world(3, 3, FastOptions());
  Settle(world, 3, 2);
  for (const Endpoint& near : {world.server(0).address, world.sentinel(0).address})
    for (const Endpoint& far : {world.server(1).address, world.server(2).address,
                                world.sentinel(1).address, world.sentinel(2).address})
      world.Cut(near, far);
  REQUIRE(world.RunUntil(
      [&] {
        return world.PrimaryOf(1) != world.server(0).address &&
               world.PrimaryOf(2) == world.PrimaryOf(1);
      },
      seconds(10)));
  world.RunFor(seconds(10));
  CHECK(world.PrimaryOf(0) == world.server(0).address);
  world.Heal();
  REQUIRE(world.RunUntil(
      [&] {
        return AllSee(world, 3, world.PrimaryOf(1)) &&
               world.server(0).follows == world.PrimaryOf(1);
      },
      seconds(60)));
  CHECK(world.Happened("s0 +config-update-from sentinel"));
  CHECK(world.Happened("s0 +switch-master mymaster 10.0.0.1 6379"));
  ExpectOneLeaderPerEpoch(world);
}

TEST_CASE("failover: a leader that dies before promoting is replaced by another") {
  World world(5, 2, FastOptions());
  Settle(world, 5, 1);
  world.KillServer(0);
  REQUIRE(world.RunUntil([&] { return !world.leaders().empty(); }, seconds(5)));
  const int leader = *world.leaders().begin()->second.begin();
  world.KillSentinel(leader);
  const Instant died = world.now();
  REQUIRE(world.RunUntil([&] { return AllSee(world, 5, world.server(1).address); }, seconds(60)));
  CHECK(MsBetween(died, world.now()) <= 15000);
  ExpectOneLeaderPerEpoch(world);
}

TEST_CASE("failover: with no eligible replica it is aborted and tried again") {
  World world(3, 2, FastOptions());
  Settle(world, 3, 1);
  world.KillServer(1);
  world.RunFor(seconds(3));
  world.KillServer(0);
  world.RunFor(seconds(8));
  CHECK(world.Happened("-failover-abort-no-good-slave master mymaster 10.0.0.1 6379"));
  world.StartServer(1);
  CHECK(world.RunUntil([&] { return AllSee(world, 3, world.server(1).address); }, seconds(30)));
}

TEST_CASE("failover: a heir that refuses to be promoted times out") {
  GroupOptions options = FastOptions();
  options.failover_timeout = seconds(3);
  World world(3, 2, options);
  Settle(world, 3, 1);
  world.server(1).refuses_promotion = true;
  world.KillServer(0);
  world.RunFor(seconds(5));
  CHECK(world.Happened("-failover-abort-slave-timeout master mymaster 10.0.0.1 6379"));
  CHECK_FALSE(world.Happened("+switch-master"));
  world.server(1).refuses_promotion = false;
  CHECK(world.RunUntil([&] { return AllSee(world, 3, world.server(1).address); }, seconds(40)));
}

TEST_CASE("failover: the replica with the most data wins over priority") {
  World world(3, 3, FastOptions());
  Settle(world, 3, 2);
  world.server(1).offset = 900;
  world.server(1).priority = 1;
  world.server(2).offset = 1000;
  world.KillServer(0);
  REQUIRE(world.RunUntil([&] { return AllSee(world, 3, world.server(2).address); }, seconds(5)));
}

TEST_CASE("failover: replicas are re-pointed parallel-syncs at a time") {
  GroupOptions options = FastOptions();
  options.parallel_syncs = 1;
  World world(3, 5, options);
  Settle(world, 3, 4);
  world.KillServer(0);
  REQUIRE(world.RunUntil([&] { return world.Happened("+failover-end "); }, seconds(20)));
  size_t in_progress = 0;
  size_t most = 0;
  for (const std::string& line : world.Events({"+slave-reconf-sent", "+slave-reconf-done"})) {
    if (line.find("+slave-reconf-sent") != std::string::npos)
      most = std::max(most, ++in_progress);
    else
      --in_progress;
  }
  CHECK(most == 1);
  CHECK(world.Events({"+slave-reconf-sent"}).size() == 3);
}

}  // namespace
}  // namespace quorate::sentinel::core::test
