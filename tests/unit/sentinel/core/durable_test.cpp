// What no sentinel may start with is put right.
#include "sentinel/core/durable.h"

#include <tuple>

#include "tests/unit/sentinel/core/support.h"

#include <doctest/doctest.h>

namespace quorate::sentinel::core::test {
namespace {

TEST_CASE("identity: a current epoch behind those that were used is brought forward") {
  World world(1, 2, FastOptions());
  world.RunFor(seconds(5));
  for (const auto& [vote, config, retired, floor] :
       {std::tuple{9, 0, 0, 0}, {0, 9, 0, 0}, {0, 0, 9, 0}, {0, 0, 0, 9}}) {
    DurableState& disk = world.sentinel(0).disk;
    world.KillSentinel(0);
    disk.current_epoch = base::Epoch(0);
    disk.groups[0].vote = {base::Epoch(vote), std::nullopt};
    disk.groups[0].config_epoch = base::Epoch(config);
    disk.retired = {{"gone", {base::Epoch(retired), 1}}};
    disk.retired_vote_floor = base::Epoch(floor);
    world.StartSentinel(0);
    CHECK(world.sentinel(0).core->state().current_epoch == base::Epoch(9));
  }
}

}  // namespace
}  // namespace quorate::sentinel::core::test
