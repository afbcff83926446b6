// A sentinel that did not run for a while.
#include "tests/unit/sentinel/core/support.h"

#include <doctest/doctest.h>

namespace quorate::sentinel::core::test {
namespace {

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

}  // namespace
}  // namespace quorate::sentinel::core::test
