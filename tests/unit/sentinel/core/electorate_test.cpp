// How many sentinels elections count on.
#include "sentinel/core/electorate.h"

#include <string>
#include <vector>

#include "tests/unit/sentinel/core/support.h"

#include <doctest/doctest.h>

namespace quorate::sentinel::core::test {
namespace {

TEST_CASE("quorum check: usable sentinels against quorum and majority") {
  Operator o(3);
  QuorumCheck check = CheckQuorum(o.world.sentinel(0).core->state(), o.world.group(0));
  CHECK(check.usable == 3);
  CHECK(check.quorum_reachable);
  CHECK(check.majority_reachable);
  o.world.KillSentinel(1);
  o.world.KillSentinel(2);
  o.world.RunFor(milliseconds(100));
  check = CheckQuorum(o.world.sentinel(0).core->state(), o.world.group(0));
  CHECK(check.usable == 1);
  CHECK_FALSE(check.quorum_reachable);
  CHECK_FALSE(check.majority_reachable);
}

// Sentinels that say hello once and are gone.
void MeetGhosts(Operator& o, int count) {
  for (int i = 0; i < count; ++i)
    o.world.Hear(0, "10.0.9." + std::to_string(1 + i) + ",26379," +
                        std::string(40, static_cast<char>('1' + i)) +
                        ",0,mymaster,10.0.0.1,6379,0");
  o.world.strangers.clear();
  o.world.RunFor(seconds(2));
}

TEST_CASE("electorate: ghosts inflate it, FORGET cures it") {
  Operator o(3);
  MeetGhosts(o, 4);
  CHECK(Electorate(o.world.group(0)) == 7);
  CHECK(VotesNeeded(o.world.group(0)) == 4);
  o.world.RunFor(seconds(11));
  CHECK(o.Ask(ForgetRequested{ClientId{}, "nosuch", kOne}) == "ERR No such master with that name");
  CHECK(o.Ask(ForgetRequested{ClientId{}, "mymaster", "xyz"}) ==
        "ERR No such sentinel with that run id");
  const std::string living = o.world.sentinel(1).core->state().myid.ToString();
  CHECK(o.Ask(ForgetRequested{ClientId{}, "mymaster", living}) ==
        "ERR That sentinel is alive. Stop it before it is forgotten");
  for (int i = 0; i < 4; ++i)
    CHECK(o.Ask(ForgetRequested{ClientId{}, "mymaster",
                                std::string(40, static_cast<char>('1' + i))}) == "OK");
  CHECK(o.world.Happened("s0 -sentinel sentinel " + kOne +
                         " 10.0.9.1 26379 @ mymaster 10.0.0.1 6379"));
  CHECK(o.world.group(0).peers.size() == 2);
  CHECK(VotesNeeded(o.world.group(0)) == 2);
  CHECK(o.world.sentinel(0).disk.groups[0].electorate_met == 3);
  CHECK(o.world.sentinel(0).disk.groups[0].peers.size() == 2);
}

TEST_CASE("electorate: the operator's number is what elections count on") {
  Operator o(3);
  MeetGhosts(o, 4);
  CHECK(o.Set({"electorate", "2"}) == "ERR Invalid argument '2' for SENTINEL SET 'electorate'");
  CHECK(o.Set({"electorate", "1000"}) ==
        "ERR Invalid argument '1000' for SENTINEL SET 'electorate'");
  CHECK(o.Set({"electorate", "-1"}) == "ERR Invalid argument '-1' for SENTINEL SET 'electorate'");
  CHECK(o.Set({"electorate", "3"}) == "OK");
  CHECK(VotesNeeded(o.world.group(0)) == 2);
  CHECK(CheckQuorum(o.world.sentinel(0).core->state(), o.world.group(0)).electorate == 3);
  o.world.KillServer(0);
  CHECK(o.world.RunUntil([&] { return o.world.Happened("+switch-master"); }, seconds(60)));
  CHECK(o.Set({"electorate", "0"}) == "OK");
  CHECK(Electorate(o.world.group(0)) == 7);
}

}  // namespace
}  // namespace quorate::sentinel::core::test
