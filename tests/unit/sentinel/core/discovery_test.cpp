// Who belongs to a group, learned from its primary; and who does not any more.
#include <string>

#include "sentinel/core/hello.h"
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

const std::string kForeigner(40, '7');

// The hello of another group's sentinel, that has that server for its primary.
std::string ForeignHello(const FakeServer& server) {
  return "10.0.9.9,26379," + kForeigner + ",0,other," + server.address.host + ",6379,0";
}

// So many times two seconds, in which another group's sentinels publish at the server.
void RunWithForeignHellos(World& world, const FakeServer& server, int rounds) {
  for (int round = 0; round < rounds; ++round) {
    world.RunFor(milliseconds(1900));
    for (int i = 0; i < 3; ++i) {
      const auto replica = world.group(i).replicas.find(server.address);
      REQUIRE(replica != world.group(i).replicas.end());
      if (replica->second.pubsub.up())
        world.Command(
            i, 9, MessageReceived{replica->second.pubsub.id, kHelloChannel, ForeignHello(server)});
    }
    world.RunFor(milliseconds(100));
  }
}

TEST_CASE("redis 14313: a replica whose address is now another group's primary is let be") {
  World world(3, 3, FastOptions());
  world.RunFor(seconds(8));
  FakeServer& foreign = world.server(2);
  foreign.follows.reset();
  foreign.run_id = *base::RunId::Parse(std::string(40, '3'));
  foreign.replication_id = *base::ReplicationId::Parse(std::string(40, '4'));
  foreign.offset = 1'000'000;
  foreign.fencible = true;
  foreign.log.clear();
  RunWithForeignHellos(world, foreign, 20);
  CHECK(world.Happened(
      "+foreign-primary slave 10.0.0.3:6379 10.0.0.3 6379 @ mymaster 10.0.0.1 6379"));
  CHECK(world.Events({"+foreign-primary"}).size() == 3);
  CHECK(foreign.log.empty());
  CHECK(foreign.word_primary == false);
  // Nor is it an heir, or told to follow one.
  world.KillServer(0);
  RunWithForeignHellos(world, foreign, 10);
  CHECK(world.PrimaryOf(0) == world.server(1).address);
  CHECK(foreign.log.empty());
  CHECK_FALSE(foreign.follows.has_value());
  // When nobody calls it a primary any more it is a stray like any other.
  world.RunFor(seconds(40));
  CHECK(foreign.follows == world.server(1).address);
}

TEST_CASE("redis 14313: another group's primary at the address of our former one is let be, too") {
  World world(3, 3, FastOptions());
  for (int i = 0; i < 3; ++i) world.server(i).fencible = true;
  world.RunFor(seconds(8));
  FakeServer& foreign = world.server(0);
  world.KillServer(0);
  bool started_anew = false;
  SUBCASE("") {}
  SUBCASE("and who replaced it never knew its process") {
    // All sentinels are started again while the primary is dead.
    started_anew = true;
    for (int i = 0; i < 3; ++i) world.KillSentinel(i);
    world.RunFor(milliseconds(100));
    for (int i = 0; i < 3; ++i) world.StartSentinel(i);
  }
  REQUIRE(world.RunUntil([&] { return world.Happened("s2 +switch-master"); }, seconds(20)));
  world.RunFor(seconds(10));
  world.StartServer(0);
  foreign.follows.reset();
  foreign.replication_id = *base::ReplicationId::Parse(std::string(40, '4'));
  foreign.epoch = 0;
  foreign.word_primary = true;
  foreign.log.clear();
  RunWithForeignHellos(world, foreign, 20);
  CHECK(world.Happened("+foreign-primary slave 10.0.0.1:6379 10.0.0.1 6379 @ mymaster"));
  if (!started_anew)
    for (int i = 0; i < 3; ++i) world.Command(i, 5, ResetGroups{ClientId{}, "*"});
  RunWithForeignHellos(world, foreign, 5);
  CHECK(foreign.log.empty());
  CHECK(foreign.epoch == 0);
  CHECK(foreign.word_primary);
  CHECK_FALSE(foreign.follows.has_value());
}

}  // namespace
}  // namespace quorate::sentinel::core::test
