#include "sentinel/core/explain.h"

#include "tests/unit/sentinel/core/world.h"

#include <doctest/doctest.h>

namespace quorate::sentinel::core::test {
namespace {

Explanation Ask(World& world) {
  return Explain(world.sentinel(0).core->state(), world.group(0), world.now());
}

TEST_CASE("explain: what it says is what happens") {
  World world(3, 3);
  world.server(1).priority = 10;
  world.server(1).lag = 50;
  world.server(1).offset = 950;
  world.RunFor(seconds(15));
  const Explanation said = Ask(world);
  CHECK(said.obstacles.empty());
  CHECK(said.electorate == 3);
  CHECK(said.votes_needed == 2);
  CHECK(said.votes_reachable == 3);
  CHECK(said.heir_if_lost == world.server(2).address);     // the most data
  CHECK(said.heir_if_planned == world.server(1).address);  // the better priority
  CHECK(base::ToMs(said.until_silence_counts) == 30000);
  CHECK(said.until_death_counts == said.until_silence_counts);  // classic
  const DurableState before = world.sentinel(0).core->Durable();
  Ask(world);
  CHECK(world.sentinel(0).core->Durable() == before);
  world.KillServer(0);
  REQUIRE(world.RunUntil([&] { return world.Happened("+switch-master"); }, seconds(60)));
  CHECK(world.PrimaryOf(0) == *said.heir_if_lost);
}

TEST_CASE("explain: why each replica would not be chosen") {
  World world(1, 3);
  world.server(1).priority = 0;
  world.server(2).replication_id = *base::ReplicationId::Parse(std::string(40, 'b'));
  world.RunFor(seconds(15));
  const Explanation said = Ask(world);
  CHECK(said.heir_if_lost == world.server(2).address);
  CHECK_FALSE(said.heir_if_planned);
  REQUIRE(said.replicas.size() == 2);
  CHECK(said.replicas[0].if_planned == Eligibility::kOtherHistory);
  CHECK(said.replicas[1].if_lost == Eligibility::kPriorityZero);
}

TEST_CASE("explain: what stands in the way") {
  World world(3, 2);
  world.RunFor(seconds(8));
  world.KillSentinel(1);
  world.KillSentinel(2);
  world.KillServer(1);
  world.sentinel(0).disk_works = false;
  world.Command(0, 1, FlushRequested{ClientId{}});
  world.RunFor(milliseconds(100));
  const std::vector<std::string> said = Ask(world).obstacles;
  CHECK(said == std::vector<std::string>{"the state cannot be saved: no vote, no candidacy",
                                         "quorum 2 cannot agree: 1 sentinels answer",
                                         "2 votes are needed: 1 sentinels answer",
                                         "no replica is eligible"});
}

}  // namespace
}  // namespace quorate::sentinel::core::test
