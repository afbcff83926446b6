// Strays are made to follow the primary, and the primary to be one.
#include "tests/unit/sentinel/core/support.h"

#include <doctest/doctest.h>

namespace quorate::sentinel::core::test {
namespace {

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
