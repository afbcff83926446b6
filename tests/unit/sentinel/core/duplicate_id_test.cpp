// One id is one voter: what a sentinel makes of its own id in its files and in the hellos of
// others.
#include <string>

#include "sentinel/core/electorate.h"
#include "tests/unit/sentinel/core/support.h"

#include <doctest/doctest.h>

namespace quorate::sentinel::core::test {
namespace {

std::string MyId(World& world, int i) { return world.sentinel(i).core->state().myid.ToString(); }

void HearHello(World& world, const std::string& host, const std::string& id) {
  world.Hear(0, host + ",26379," + id + ",0,mymaster,10.0.0.1,6379,0");
}

std::string AskForVote(World& world, uint64_t epoch) {
  world.Command(0, 6,
                MasterDownQuery{ClientId{}, world.server(0).address, epoch, std::string(40, '7'),
                                Candidacy::kOrdered});
  world.RunFor(milliseconds(20));
  return std::get<MasterDownReply>(*world.ReplyTo(0, 6)).leader;
}

TEST_CASE("identity: a sentinel whose file names it among its peers is not its own witness") {
  World world(1, 2, FastOptions());
  world.RunFor(seconds(5));
  DurableState& disk = world.sentinel(0).disk;
  world.KillSentinel(0);
  disk.groups[0].peers.push_back({disk.myid, world.sentinel(0).address});
  world.StartSentinel(0);
  CHECK(world.group(0).peers.empty());
  CHECK(Electorate(world.group(0)) == 1);
  world.RunFor(seconds(2));
  world.KillServer(0);
  world.RunFor(seconds(20));
  CHECK(world.Happened("+sdown master"));
  CHECK_FALSE(world.Happened("+odown"));
  CHECK(world.PrimaryOf(0) == world.server(0).address);
}

TEST_CASE("identity: a clone on another host is noticed by both, and neither votes or stands") {
  World world(2, 2, FastOptions());
  world.RunFor(milliseconds(50));
  world.sentinel(1).disk.myid = world.sentinel(0).disk.myid;
  world.RunFor(seconds(6));
  CHECK(world.Happened("s0 +duplicate-myid sentinel " + MyId(world, 0) + " 10.0.1.2 26379"));
  CHECK(world.Happened("s1 +duplicate-myid sentinel " + MyId(world, 0) + " 10.0.1.1 26379"));
  CHECK(world.Events({"+duplicate-myid"}).size() == 2);
  CHECK(AskForVote(world, 1000) == "*");
  world.Command(0, 7, FailoverRequested{ClientId{}, "mymaster"});
  CHECK(std::get<ErrorReply>(*world.ReplyTo(0, 7)).text ==
        "ERR Another sentinel uses our id, no failover is started");
}

TEST_CASE("identity: a candidacy under way is given up when a clone is heard") {
  World world(1, 2, [] {
    GroupOptions options = FastOptions();
    options.quorum = 1;
    return options;
  }());
  world.RunFor(seconds(5));
  world.sentinel(0).disk_delay = milliseconds(100);
  world.Command(0, 7, FailoverRequested{ClientId{}, "mymaster"});
  CHECK(world.group(0).failover);
  HearHello(world, "10.0.9.9", MyId(world, 0));
  CHECK_FALSE(world.group(0).failover);
  CHECK(world.Happened("-failover-abort-not-elected"));
}

TEST_CASE("identity: our own hellos, late ones too, are no clone") {
  World world(1, 2, FastOptions());
  world.RunFor(seconds(5));
  Settings settings = world.sentinel(0).core->state().settings;
  settings.announce_ip = "192.168.0.1";
  world.Command(0, 8, SettingsChanged{ClientId{}, settings});
  world.RunFor(seconds(5));
  HearHello(world, "10.0.1.1", MyId(world, 0));     // as before the change
  HearHello(world, "192.168.0.1", MyId(world, 0));  // as since
  CHECK_FALSE(world.Happened("+duplicate-myid"));
  CHECK(AskForVote(world, 1000) == std::string(40, '7'));
}

}  // namespace
}  // namespace quorate::sentinel::core::test
