// Who is voted for, who is not, and what the candidate hears of it.
#include "sentinel/core/election.h"

#include <string>

#include "tests/unit/sentinel/core/world.h"

#include <doctest/doctest.h>

namespace quorate::sentinel::core::test {
namespace {

GroupOptions Options(uint32_t quorum) {
  GroupOptions options;
  options.quorum = quorum;
  options.down_after = seconds(1);
  options.failover_timeout = seconds(10);
  return options;
}

const std::string kStranger(40, 'c');

// What sentinel 0 answers to a stranger that stands in `epoch`.
MasterDownReply Ask(World& world, uint64_t epoch, std::optional<Candidacy> candidacy) {
  static uint64_t client = 100;
  world.Command(0, ++client,
                MasterDownQuery{ClientId{}, world.server(0).address, epoch, kStranger, candidacy});
  world.RunFor(milliseconds(20));
  const CommandReply* reply = world.ReplyTo(0, client);
  REQUIRE(reply != nullptr);
  return std::get<MasterDownReply>(*reply);
}

TEST_CASE("election: a primary that the voters hear well is not replaced for one who does not") {
  World world(3, 3, Options(1));
  world.RunFor(seconds(8));
  world.Cut(world.sentinel(0).address, world.server(0).address);
  world.RunFor(seconds(20));
  CHECK(world.Happened("s0 +odown"));
  CHECK(world.Happened("s0 +try-failover"));
  CHECK(world.Happened("s0 -vote-refused sentinel " +
                       world.sentinel(1).core->state().myid.ToString()));
  CHECK(world.Happened("#healthy"));
  CHECK_FALSE(world.Happened("+elected-leader"));
  // Death is another matter.
  world.KillServer(0);
  CHECK(world.RunUntil([&] { return world.PrimaryOf(0) != world.server(0).address; }, seconds(10)));
}

TEST_CASE("election: an ordered change is voted for though the primary is well") {
  World world(3, 3, Options(2));
  world.RunFor(seconds(8));
  const MasterDownReply lost = Ask(world, 10, Candidacy::kLost);
  CHECK(lost.leader == "*");
  CHECK(lost.refusal == "healthy");
  // A stock candidate does not say what it wants; when it asks, it has lost the primary.
  const MasterDownReply stock = Ask(world, 11, std::nullopt);
  CHECK(stock.leader == "*");
  CHECK_FALSE(stock.refusal.has_value());
  const MasterDownReply ordered = Ask(world, 12, Candidacy::kOrdered);
  CHECK(ordered.leader == kStranger);
  CHECK(ordered.leader_epoch == 12);
  CHECK(ordered.refusal == "");
  // Asked again, it is the same vote.
  CHECK(Ask(world, 12, Candidacy::kOrdered).refusal == "");
}

TEST_CASE("election: silence of less than half of down-after is no silence") {
  World world(3, 3, Options(2));
  world.RunFor(seconds(8));
  world.FreezeServer(0, true);
  world.RunFor(milliseconds(250));
  CHECK(Ask(world, 10, Candidacy::kLost).refusal == "healthy");
  world.RunFor(milliseconds(480));
  CHECK(Ask(world, 10, Candidacy::kLost).refusal == "");
}

TEST_CASE("election: why a vote is refused is told") {
  World world(3, 3, Options(2));
  world.RunFor(seconds(8));
  CHECK(Ask(world, 10, Candidacy::kOrdered).refusal == "");
  const MasterDownReply spent = Ask(world, 9, Candidacy::kOrdered);
  CHECK(spent.refusal == "spent");
  CHECK(spent.leader_epoch == 10);
  world.sentinel(0).disk_works = false;
  const MasterDownReply unwritten = Ask(world, 11, Candidacy::kOrdered);
  CHECK(unwritten.refusal == "disk");
  CHECK(unwritten.leader == "*");
  CHECK(Ask(world, 12, Candidacy::kOrdered).refusal == "disk");
}

TEST_CASE("election: names of refusals") {
  for (const char* name :
       {"stalled", "disk", "duplicate", "busy", "spent", "promoting", "paused", "healthy"}) {
    const auto refusal = ParseVoteRefusal(name);
    REQUIRE(refusal.has_value());
    CHECK(VoteRefusalName(*refusal) == name);
  }
  CHECK_FALSE(ParseVoteRefusal("").has_value());
  CHECK_FALSE(ParseVoteRefusal("Healthy").has_value());
}

}  // namespace
}  // namespace quorate::sentinel::core::test
