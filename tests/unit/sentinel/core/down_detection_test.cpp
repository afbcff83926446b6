// Who is down, and how soon that is known.
#include "tests/unit/sentinel/core/support.h"

#include <doctest/doctest.h>

namespace quorate::sentinel::core::test {
namespace {

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

}  // namespace
}  // namespace quorate::sentinel::core::test
