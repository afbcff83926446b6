// Who belongs to a group, learned from its primary.
#include <string>

#include "sentinel/core/timings.h"
#include "tests/unit/sentinel/core/support.h"

#include <doctest/doctest.h>

namespace quorate::sentinel::core::test {
namespace {

TEST_CASE("discovery: sentinels find each other and the replicas through the primary") {
  World world(3, 3, FastOptions());
  Settle(world, 3, 2);
  CHECK(world.Happened("s0 +slave slave 10.0.0.2:6379 10.0.0.2 6379 @ mymaster 10.0.0.1 6379"));
  CHECK(world.Happened("s0 +sentinel sentinel " + world.sentinel(1).core->state().myid.ToString() +
                       " 10.0.1.2 26379 @ mymaster 10.0.0.1 6379"));
  CHECK_FALSE(world.Happened("+sdown"));
}

TEST_CASE("discovery: in a full group who is down gives its place to who is not") {
  constexpr int kServers = static_cast<int>(kMaxReplicasPerGroup) + 2;  // one too many
  World world(1, kServers, FastOptions());
  world.RunFor(seconds(15));
  const auto knows = [&](int i) {
    return world.group(0).replicas.count(world.server(i).address) != 0;
  };
  REQUIRE(world.group(0).replicas.size() == kMaxReplicasPerGroup);
  int left_out = 1;
  while (knows(left_out)) ++left_out;
  // All are well: none gives way.
  world.RunFor(seconds(15));
  CHECK_FALSE(knows(left_out));
  const int first = left_out == 1 ? 2 : 1;
  const int second = left_out == 5 ? 6 : 5;
  world.KillServer(second);
  world.RunFor(seconds(2));
  world.KillServer(first);
  CHECK(world.RunUntil([&] { return knows(left_out); }, seconds(15)));
  CHECK(world.group(0).replicas.size() == kMaxReplicasPerGroup);
  CHECK_FALSE(knows(second));  // the longest
  CHECK(knows(first));
}

TEST_CASE("discovery: however many primaries a peer's name tells of, replicas have their limit") {
  World world(1, 2, FastOptions());
  world.RunFor(seconds(3));
  for (int epoch = 1; epoch <= 2 * static_cast<int>(kMaxReplicasPerGroup); ++epoch) {
    const std::string host =
        "10.9." + std::to_string(epoch / 200) + "." + std::to_string(1 + epoch % 200);
    world.Hear(0, "10.0.9.1,26379," + kOne + "," + std::to_string(epoch) + ",mymaster," + host +
                      ",6379," + std::to_string(epoch));
    CHECK(world.PrimaryOf(0).host == host);
    CHECK(world.group(0).replicas.size() <= kMaxReplicasPerGroup + 1);
  }
}

}  // namespace
}  // namespace quorate::sentinel::core::test
