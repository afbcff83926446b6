// What is written down of failovers.
#include "sentinel/core/history.h"

#include <algorithm>
#include <string>

#include "tests/unit/sentinel/core/world.h"

#include <doctest/doctest.h>

namespace quorate::sentinel::core::test {
namespace {

GroupOptions Options() {
  GroupOptions options;
  options.down_after = seconds(1);
  return options;
}

std::vector<std::string> PhasesOf(const FailoverRecord& record) {
  std::vector<std::string> names;
  for (const PhaseSpan& phase : record.phases) names.push_back(phase.name);
  return names;
}

// The newest record of the sentinel that led, and of one that did not.
const FailoverRecord* Newest(World& world, bool led) {
  for (int i = 0; i < 3; ++i)
    if (!world.sentinel(i).history.empty() && world.sentinel(i).history.back().led == led)
      return &world.sentinel(i).history.back();
  return nullptr;
}

TEST_CASE("history: of a lost primary, by who led and by who looked on") {
  World world(3, 3, Options());
  world.RunFor(seconds(8));
  world.server(1).lag = 40;
  world.server(1).offset = world.server(2).offset = 960;
  world.server(2).lag = 40;
  world.RunFor(seconds(11));
  world.KillServer(0);
  REQUIRE(world.RunUntil([&] { return world.Happened("+failover-end"); }, seconds(20)));
  world.RunFor(seconds(3));
  const FailoverRecord* led = Newest(world, true);
  REQUIRE(led != nullptr);
  CHECK(led->group == "mymaster");
  CHECK(led->outcome == kOutcomeDone);
  CHECK(led->cause == Cause::kSilence);
  CHECK(led->from == world.server(0).address);
  CHECK(led->to == world.PrimaryOf(0));
  CHECK(led->votes.size() >= 2);
  CHECK(std::ranges::count(led->votes, *led->leader) == 1);
  CHECK(led->votes_needed == 2);
  CHECK(led->bytes_at_risk == 40);
  CHECK(PhasesOf(*led) == std::vector<std::string>{"election", "selection", "promotion", "commit",
                                                   "reconfiguration"});
  base::Duration until_announced{};
  for (const PhaseSpan& phase : led->phases)
    if (phase.name != "reconfiguration") until_announced += phase.took;
  CHECK(led->took == until_announced);
  REQUIRE(led->evidence.size() == 2);
  CHECK(led->evidence[0].starts_with("no valid answer for 1"));
  CHECK(led->evidence[1].starts_with("seen down by " + led->leader->ToString() + ", "));
  const FailoverRecord* observed = Newest(world, false);
  REQUIRE(observed != nullptr);
  CHECK(observed->outcome == kOutcomeObserved);
  CHECK(observed->epoch == led->epoch);
  CHECK(observed->to == led->to);
}

TEST_CASE("history: of a switchover, which puts nothing at risk; all know that it was ordered") {
  World world(3, 3, Options());
  world.RunFor(seconds(8));
  world.Command(0, 1, SwitchoverRequested{ClientId{}, "mymaster", {}, {}});
  REQUIRE(world.RunUntil([&] { return world.ReplyTo(0, 1) != nullptr; }, seconds(10)));
  world.RunFor(seconds(3));
  const FailoverRecord* led = Newest(world, true);
  REQUIRE(led != nullptr);
  CHECK(led->cause == Cause::kOrder);
  CHECK(led->bytes_at_risk == 0);
  CHECK(PhasesOf(*led) == std::vector<std::string>{"election", "selection", "pause-of-writes",
                                                   "promotion", "commit", "reconfiguration"});
  const FailoverRecord* observed = Newest(world, false);
  REQUIRE(observed != nullptr);
  CHECK(observed->cause == Cause::kOrder);
  CHECK(observed->leader == world.sentinel(0).core->state().myid);
}

TEST_CASE("history: one that was given up, with its event; lost elections leave nothing") {
  World world(3, 2, Options());
  world.server(1).priority = 0;
  world.RunFor(seconds(8));
  world.KillServer(0);
  REQUIRE(
      world.RunUntil([&] { return world.Happened("-failover-abort-no-good-slave"); }, seconds(20)));
  const FailoverRecord* led = Newest(world, true);
  REQUIRE(led != nullptr);
  CHECK(led->outcome == "failover-abort-no-good-slave");
  CHECK_FALSE(led->to.has_value());
  // Peers whose disks fail refuse their votes: elections are lost.
  for (int i : {1, 2}) world.sentinel(i).disk_works = false;
  for (int i : {1, 2}) world.Command(i, 1, FlushRequested{ClientId{}});
  world.RunFor(seconds(3));
  const size_t before = world.sentinel(0).history.size();
  const size_t lost_before = world.Events({"-failover-abort-not-elected"}).size();
  world.RunFor(seconds(60));
  CHECK(world.Events({"-failover-abort-not-elected"}).size() > lost_before);
  CHECK(world.sentinel(0).history.size() == before);
}

TEST_CASE("history: the record that the old primary makes of what it discards") {
  World world(3, 3, Options());
  world.server(0).rollback_record = "old-1-2 1 1";
  world.RunFor(seconds(8));
  world.KillServer(0);
  REQUIRE(world.RunUntil([&] { return world.Happened("+switch-master"); }, seconds(20)));
  world.RunFor(seconds(3));
  for (int i = 0; i < 3; ++i) CHECK(world.sentinel(i).discarded.empty());
  world.server(0).rollback_record = "abc-960-1000 7 40";
  world.StartServer(0);
  world.RunFor(seconds(20));
  for (int i = 0; i < 3; ++i) {
    REQUIRE(world.sentinel(i).discarded.size() == 1);
    const RecordDiscarded& news = world.sentinel(i).discarded[0];
    CHECK(news.group == "mymaster");
    CHECK(news.epoch == world.group(i).config_epoch);
    CHECK(news.discarded == DiscardedWrites{world.server(0).address, "abc-960-1000", 7, 40});
  }
}

}  // namespace
}  // namespace quorate::sentinel::core::test
