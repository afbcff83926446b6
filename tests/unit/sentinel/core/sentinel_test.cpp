// What holds for every request, whichever rule answers it.
#include <string>
#include <vector>

#include "tests/unit/sentinel/core/support.h"

#include <doctest/doctest.h>

namespace quorate::sentinel::core::test {
namespace {

TEST_CASE("a disk that hangs: past the limit, changes and votes are refused and nothing changes") {
  Operator o;
  o.world.sentinel(0).disk_delay = seconds(60);
  for (uint64_t i = 0; i < kMaxHeldReplies; ++i)
    o.world.Command(0, 1000 + i, FlushRequested{ClientId{}});
  CHECK(o.world.ReplyTo(0, 1000) == nullptr);
  const std::string refusal = "ERR Too many requests wait for the disk. Try again later.";
  CHECK(o.Ask(FlushRequested{}) == refusal);
  CHECK(o.Set({"parallel-syncs", "7"}) == refusal);
  CHECK(o.options().parallel_syncs == 1);
  CHECK(o.Ask(RemoveRequested{ClientId{}, "mymaster"}) == refusal);
  CHECK(o.Ask(ForgetRequested{ClientId{}, "mymaster", kOne}) == refusal);
  CHECK(o.AskVote(5, kOne) == "0 * 0");
  CHECK(o.world.group(0).vote.epoch == base::Epoch(0));
  // What needs no disk goes on; and all goes on once the disk does.
  CHECK(o.AskVote(5, "") == "0 * 0");
  o.world.RunFor(seconds(70));
  CHECK(o.world.ReplyTo(0, 1000) != nullptr);
  o.world.sentinel(0).disk_delay = milliseconds(1);
  CHECK(o.Set({"parallel-syncs", "7"}) == "OK");
  CHECK(o.AskVote(5, kOne) == "0 " + kOne + " 5");
}

}  // namespace
}  // namespace quorate::sentinel::core::test
