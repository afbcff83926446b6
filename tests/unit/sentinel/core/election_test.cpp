// Who is voted for, who is not, and what the candidate hears of it.
#include "sentinel/core/election.h"

#include <string>

#include "tests/unit/sentinel/core/support.h"

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

TEST_CASE("votes: the first to ask in an epoch gets it, for ever") {
  Operator o;
  CHECK(o.AskVote(5, "") == "0 * 0");
  CHECK(o.AskVote(5, kOne) == "0 " + kOne + " 5");
  CHECK(o.world.Happened("s0 +new-epoch 5"));
  CHECK(o.world.Happened("s0 +vote-for-leader " + kOne + " 5"));
  CHECK(o.AskVote(5, kTwo) == "0 " + kOne + " 5");
  CHECK(o.AskVote(4, kTwo) == "0 " + kOne + " 5");
  CHECK(o.AskVote(6, kTwo) == "0 " + kTwo + " 6");
}

TEST_CASE("votes: not given twice in an epoch across REMOVE and MONITOR, nor across a crash") {
  Operator o;
  CHECK(o.AskVote(5, kOne) == "0 " + kOne + " 5");
  CHECK(o.Ask(RemoveRequested{ClientId{}, "mymaster"}) == "OK");
  CHECK(o.Monitor("mymaster", "10.0.0.1", "6379", "2") == "OK");
  CHECK(o.AskVote(5, kTwo) == "0 * 0");
  CHECK(o.AskVote(6, kOne) == "0 " + kOne + " 6");
  o.world.KillSentinel(0);
  o.world.StartSentinel(0);
  o.world.RunFor(seconds(1));
  CHECK(o.AskVote(6, kTwo) == "0 " + kOne + " 6");
}

TEST_CASE("votes: refused when they cannot be made durable, and still spent") {
  Operator o;
  o.world.sentinel(0).disk_works = false;
  CHECK(o.AskVote(5, kOne) == "0 * 0");
  o.world.sentinel(0).disk_works = true;
  CHECK(o.AskVote(5, kTwo) == "0 " + kOne + " 5");
}

TEST_CASE("votes: the reply does not leave before the vote is on disk") {
  Operator o;
  o.world.sentinel(0).disk_delay = milliseconds(100);
  CHECK(o.AskVote(5, kOne) == "(none)");
  o.world.RunFor(milliseconds(150));
  REQUIRE(o.world.ReplyTo(0, 9) != nullptr);
  CHECK(o.world.sentinel(0).disk.groups[0].vote == Vote{base::Epoch(5), base::RunId::Parse(kOne)});
}

TEST_CASE("votes: absurd epochs and candidates get none") {
  Operator o;
  CHECK(o.AskVote(UINT64_MAX, kOne) == "0 * 0");
  CHECK(o.AskVote(kMaxEpochJump + 100, kOne) == "0 * 0");
  CHECK(o.AskVote(5, "abc") == "0 * 0");
  CHECK(o.AskVote(5, std::string(40, '0')) == "0 * 0");
  CHECK(o.world.sentinel(0).core->state().current_epoch == base::Epoch(0));
}

TEST_CASE("the answer about an unknown primary") {
  Operator o;
  CHECK(o.Ask(MasterDownQuery{ClientId{}, {"10.9.9.9", 6379}, 5, kOne}) == "0 * 0");
}

TEST_CASE("election: many seeds, always one leader per epoch and a prompt end") {
  for (uint64_t seed = 1; seed <= 60; ++seed) {
    CAPTURE(seed);
    World world(5, 3, Options(2), seed);
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
  World world(3, 2, Options(2));
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
  World world(3, 2, Options(2));
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

}  // namespace
}  // namespace quorate::sentinel::core::test
