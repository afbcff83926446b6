// Failovers of the sentinel core in a small world of virtual time: who notices, who is elected,
// what is told to whom.
#include "tests/unit/sentinel/core/world.h"

#include <doctest/doctest.h>

namespace quorate::sentinel::core::test {
namespace {

GroupOptions FastOptions() {
  GroupOptions options;
  options.quorum = 2;
  options.down_after = milliseconds(1000);
  options.failover_timeout = seconds(10);
  return options;
}

bool AllSee(World& world, int sentinels, const Endpoint& primary) {
  for (int i = 0; i < sentinels; ++i)
    if (world.sentinel(i).alive && world.PrimaryOf(i) != primary) return false;
  return true;
}

bool AllKnowEachOther(World& world, int sentinels, size_t replicas) {
  for (int i = 0; i < sentinels; ++i)
    if (!world.sentinel(i).core || world.group(i).peers.size() + 1 != size_t(sentinels) ||
        world.group(i).replicas.size() != replicas)
      return false;
  return true;
}

void Settle(World& world, int sentinels, size_t replicas) {
  REQUIRE(
      world.RunUntil([&] { return AllKnowEachOther(world, sentinels, replicas); }, seconds(10)));
  world.RunFor(seconds(3));
}

int64_t MsBetween(Instant a, Instant b) { return base::ToMs(b - a); }

void ExpectOneLeaderPerEpoch(const World& world) {
  for (const auto& [epoch, leaders] : world.leaders()) CHECK(leaders.size() == 1);
}

TEST_CASE("discovery: sentinels find each other and the replicas through the primary") {
  World world(3, 3, FastOptions());
  Settle(world, 3, 2);
  CHECK(world.Happened("s0 +slave slave 10.0.0.2:6379 10.0.0.2 6379 @ mymaster 10.0.0.1 6379"));
  CHECK(world.Happened("s0 +sentinel sentinel " + world.sentinel(1).core->state().myid.ToString() +
                       " 10.0.1.2 26379 @ mymaster 10.0.0.1 6379"));
  CHECK_FALSE(world.Happened("+sdown"));
}

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

TEST_CASE("election: many seeds, always one leader per epoch and a prompt end") {
  for (uint64_t seed = 1; seed <= 60; ++seed) {
    CAPTURE(seed);
    World world(5, 3, FastOptions(), seed);
    Settle(world, 5, 2);
    const Instant killed = world.now();
    world.KillServer(0);
    REQUIRE(world.RunUntil(
        [&] {
          return world.PrimaryOf(0) != world.server(0).address &&
                 AllSee(world, 5, world.PrimaryOf(0));
        },
        seconds(20)));
    CHECK(MsBetween(killed, world.now()) <= 2500);
    ExpectOneLeaderPerEpoch(world);
  }
}

TEST_CASE("election: a sentinel that cannot write its state neither votes nor leads") {
  World world(3, 2, FastOptions());
  Settle(world, 3, 1);
  for (int i = 1; i < 3; ++i) world.sentinel(i).disk_works = false;
  world.KillServer(0);
  world.RunFor(seconds(30));
  CHECK_FALSE(world.Happened("+elected-leader"));
  for (int i = 1; i < 3; ++i) world.sentinel(i).disk_works = true;
  CHECK(world.RunUntil([&] { return AllSee(world, 3, world.server(1).address); }, seconds(60)));
  ExpectOneLeaderPerEpoch(world);
}

TEST_CASE("election: sentinels restarted from their disks keep epochs, members and the primary") {
  World world(3, 2, FastOptions());
  Settle(world, 3, 1);
  world.KillServer(0);
  REQUIRE(world.RunUntil([&] { return AllSee(world, 3, world.server(1).address); }, seconds(5)));
  world.RunFor(seconds(2));
  for (int i = 0; i < 3; ++i) world.KillSentinel(i);
  world.RunFor(seconds(1));
  for (int i = 0; i < 3; ++i) world.StartSentinel(i);
  for (int i = 0; i < 3; ++i) {
    CHECK(world.PrimaryOf(i) == world.server(1).address);
    CHECK(world.group(i).config_epoch == base::Epoch(1));
    CHECK(world.group(i).peers.size() == 2);
    CHECK(world.sentinel(i).core->state().current_epoch >= base::Epoch(1));
  }
  world.StartServer(0);
  CHECK(world.RunUntil([&] { return world.server(0).follows == world.server(1).address; },
                       seconds(30)));
}

TEST_CASE("tilt: a sentinel that did not run for seconds does not act on what it missed") {
  World world(3, 2, FastOptions());
  Settle(world, 3, 1);
  world.FreezeSentinel(0, true);
  world.RunFor(seconds(10));
  world.FreezeSentinel(0, false);
  world.RunFor(milliseconds(500));
  CHECK(world.Happened("s0 +tilt #tilt mode entered"));
  world.RunFor(seconds(5));
  CHECK(world.Happened("s0 -tilt #tilt mode exited"));
  CHECK_FALSE(world.Happened("s0 +sdown master"));
  CHECK_FALSE(world.Happened("s0 +odown"));
}

TEST_CASE("down detection: fast takes repeated refusals, confirmed by a replica, for death") {
  GroupOptions options = FastOptions();
  options.failure_detection = FailureDetection::kFast;
  World world(3, 3, options);
  Settle(world, 3, 2);
  const Instant killed = world.now();
  world.KillServer(0);
  REQUIRE(world.RunUntil(
      [&] {
        return world.PrimaryOf(0) != world.server(0).address &&
               AllSee(world, 3, world.PrimaryOf(0));
      },
      seconds(5)));
  CHECK(MsBetween(killed, world.now()) >= 100);
  CHECK(MsBetween(killed, world.now()) <= 350);
}

TEST_CASE("down detection: fast waits down-after for a primary that is silent only") {
  GroupOptions options = FastOptions();
  options.failure_detection = FailureDetection::kFast;
  World world(3, 3, options);
  Settle(world, 3, 2);
  world.FreezeServer(0, true);
  world.RunFor(milliseconds(790));  // its last answer was at most a ping period before
  CHECK_FALSE(world.Happened("+sdown master"));
  world.RunFor(milliseconds(220));
  CHECK(world.Happened("+sdown master"));
  world.RunFor(milliseconds(500));
  CHECK(world.Happened("+switch-master"));
}

TEST_CASE("down detection: a quick restart within the debounce is no death") {
  GroupOptions options = FastOptions();
  options.failure_detection = FailureDetection::kFast;
  World world(3, 3, options);
  Settle(world, 3, 2);
  world.KillServer(0);
  world.RunFor(milliseconds(60));
  world.StartServer(0);
  world.RunFor(seconds(5));
  CHECK_FALSE(world.Happened("+sdown"));
  CHECK(world.Happened("+reboot master mymaster 10.0.0.1 6379"));
}

TEST_CASE("down detection: a primary that reports to be a replica is replaced in time") {
  World world(3, 3, FastOptions());
  Settle(world, 3, 2);
  world.server(0).follows = Endpoint{"10.0.0.99", 6379};
  world.RunFor(seconds(40));
  CHECK(world.Happened("-role-change master mymaster 10.0.0.1 6379 new reported role is slave"));
  CHECK(world.PrimaryOf(0) != world.server(0).address);
}

TEST_CASE("repair: a replica that was away during the failover follows the new primary soon") {
  World world(3, 3, FastOptions());
  Settle(world, 3, 2);
  world.KillServer(2);
  world.RunFor(seconds(3));
  world.KillServer(0);
  REQUIRE(world.RunUntil([&] { return AllSee(world, 3, world.server(1).address); }, seconds(5)));
  world.RunFor(seconds(10));
  world.StartServer(2);
  const Instant back = world.now();
  REQUIRE(world.RunUntil([&] { return world.server(2).follows == world.server(1).address; },
                         seconds(30)));
  CHECK(MsBetween(back, world.now()) <= 5000);
  CHECK(world.Happened(
      "+fix-slave-config slave 10.0.0.3:6379 10.0.0.3 6379 @ mymaster 10.0.0.2 6379"));
}

TEST_CASE("repair: a replica that was promoted by hand is demoted after a grace") {
  World world(3, 3, FastOptions());
  Settle(world, 3, 2);
  world.server(2).follows.reset();
  world.RunFor(seconds(7));
  CHECK_FALSE(world.server(2).follows.has_value());
  world.RunFor(seconds(20));
  CHECK(world.server(2).follows == world.server(0).address);
  CHECK(world.Happened("+convert-to-slave slave 10.0.0.3:6379"));
}

TEST_CASE("repair: a primary that follows its own replica is given its role again") {
  World world(3, 2, FastOptions());
  Settle(world, 3, 1);
  world.server(0).follows = world.server(1).address;
  REQUIRE(world.RunUntil([&] { return !world.server(0).follows.has_value(); }, seconds(25)));
  CHECK(world.Happened("+fix-master-config master mymaster 10.0.0.1 6379"));
  world.RunFor(seconds(40));
  CHECK(AllSee(world, 3, world.server(0).address));
  CHECK_FALSE(world.Happened("+switch-master"));
}

TEST_CASE("repair: a primary that follows a node which cannot be asked is not given its role") {
  World world(3, 2, FastOptions());
  Settle(world, 3, 1);
  world.server(0).follows = world.server(1).address;
  world.KillServer(1);
  world.RunFor(seconds(60));
  CHECK(world.Happened("-role-change master mymaster 10.0.0.1 6379"));
  CHECK_FALSE(world.Happened("+fix-master-config"));
}

}  // namespace
}  // namespace quorate::sentinel::core::test
