// Defects that Redis Sentinel has or had, each by its number among redis' issues where it has one,
// and of the same kind what a reading of this sentinel found, by the rule that was broken (its file
// in sentinel/core): none of them is to be here (again).
#include <algorithm>
#include <string>

#include "sentinel/core/election.h"
#include "sentinel/core/electorate.h"
#include "tests/unit/sentinel/core/world.h"

#include <doctest/doctest.h>

namespace quorate::sentinel::core::test {
namespace {

GroupOptions Options(uint32_t quorum = 2) {
  GroupOptions options;
  options.quorum = quorum;
  options.down_after = seconds(1);
  return options;
}

MasterDownReply AskForVote(World& world, int sentinel, const base::Endpoint& primary,
                           uint64_t epoch, const std::string& candidate,
                           Candidacy candidacy = Candidacy::kOrdered) {
  world.Command(sentinel, 6, MasterDownQuery{ClientId{}, primary, epoch, candidate, candidacy});
  world.RunFor(milliseconds(20));
  return std::get<MasterDownReply>(*world.ReplyTo(sentinel, 6));
}

const std::string kStranger(40, '7');

TEST_CASE("redis pull 2230: votes of another epoch than was asked for are not counted") {
  World world(3, 2, Options());
  world.RunFor(seconds(8));
  world.Command(0, 1, FailoverRequested{ClientId{}, "mymaster"});
  REQUIRE(world.RunUntil([&] { return world.Happened("s0 +failover-end"); }, seconds(30)));
  world.RunFor(seconds(10));
  // The others have voted for us once, and cannot vote in the next epoch.
  const Vote vote = world.group(0).vote;
  REQUIRE(vote.leader == world.sentinel(0).core->state().myid);
  REQUIRE(std::ranges::any_of(world.group(0).peers,
                              [&](const auto& entry) { return entry.second.vote == vote; }));
  for (int i : {1, 2}) world.sentinel(i).disk_works = false;
  world.Command(0, 2, FailoverRequested{ClientId{}, "mymaster"});
  world.RunFor(seconds(15));
  CHECK(world.Events({"+try-failover"}).size() > 1);
  CHECK(world.Events({"+elected-leader"}).size() == 1);
}

TEST_CASE("redis 12865: groups that lose their primaries at once are all failed over at once") {
  World world(3, 4, Options());
  world.server(2).follows.reset();
  world.server(2).replication_id = *base::ReplicationId::Parse(std::string(40, '2'));
  world.server(3).follows = world.server(2).address;
  world.server(3).replication_id = world.server(2).replication_id;
  world.RunFor(seconds(3));
  for (int i = 0; i < 3; ++i) {
    world.Command(i, 1, MonitorRequested{ClientId{}, "other", "10.0.0.3", "6379", "2"});
    world.Command(i, 2, SetRequested{ClientId{}, "other", {"down-after-milliseconds", "1000"}});
  }
  world.RunFor(seconds(40));
  world.KillServer(0);
  world.KillServer(2);
  const base::Instant killed = world.now();
  const auto both = [&] {
    return world.Happened("+switch-master mymaster 10.0.0.1 6379 10.0.0.2 6379") &&
           world.Happened("+switch-master other 10.0.0.3 6379 10.0.0.4 6379");
  };
  REQUIRE(world.RunUntil(both, seconds(3)));
  CHECK(world.now() - killed < milliseconds(1500));
  world.RunFor(seconds(2));
  for (int i = 0; i < 3; ++i) {
    const auto& groups = world.sentinel(i).core->state().groups;
    CHECK(groups.at("mymaster").primary.address == world.server(1).address);
    CHECK(groups.at("other").primary.address == world.server(3).address);
  }
}

TEST_CASE("redis 6459: a sentinel that has met only some of the others needs a majority of all") {
  World world(4, 2, Options());
  // The last one is added: it gets to know the first alone.
  for (int i : {1, 2}) world.Cut(world.sentinel(i).address, world.sentinel(3).address);
  world.RunFor(seconds(1));
  for (int i : {1, 2}) {
    // Nor do hellos of these two reach it through the servers.
    for (int s : {0, 1}) world.Cut(world.sentinel(i).address, world.server(s).address);
  }
  world.RunFor(seconds(12));
  REQUIRE(VotesNeeded(world.group(3)) == 2);
  world.Command(3, 1, FailoverRequested{ClientId{}, "mymaster"});
  world.RunFor(seconds(3));
  CHECK(VotesNeeded(world.group(0)) == 3);
  CHECK(world.Happened("s3 +try-failover"));
  CHECK_FALSE(world.Happened("s3 +elected-leader"));
}

TEST_CASE("election: groups with one primary are one voter in an epoch") {
  World world(1, 2, Options(1));
  world.RunFor(seconds(5));
  world.Command(0, 1, MonitorRequested{ClientId{}, "other", "10.0.0.1", "6379", "1"});
  world.RunFor(seconds(3));
  const auto& groups = world.sentinel(0).core->state().groups;
  const uint64_t epoch = world.sentinel(0).core->state().current_epoch.number() + 5;
  CHECK(AskForVote(world, 0, world.server(0).address, epoch, kStranger).leader == kStranger);
  CHECK(groups.at("other").vote.epoch.number() == epoch);
  CHECK(groups.at("mymaster").vote.epoch.number() == epoch);
  // And in neither before it is on disk.
  CHECK(groups.at("other").vote_version == groups.at("mymaster").vote_version);
}

TEST_CASE("redis 7145: who missed two failovers asks for the newest before it acts") {
  World world(3, 3, Options());
  world.RunFor(seconds(8));
  for (int i : {0, 1}) world.Cut(world.sentinel(i).address, world.sentinel(2).address);
  for (int s : {0, 1, 2}) world.Cut(world.sentinel(2).address, world.server(s).address);
  for (int round : {1, 2}) {
    world.Command(0, static_cast<uint64_t>(round), FailoverRequested{ClientId{}, "mymaster"});
    world.RunFor(seconds(20));
  }
  REQUIRE(world.group(0).config_epoch.number() >= 2);
  REQUIRE(world.group(2).config_epoch.number() == 0);
  world.Heal();
  world.RunFor(seconds(12));
  CHECK(world.group(2).config_epoch == world.group(0).config_epoch);
  CHECK(world.PrimaryOf(2) == world.PrimaryOf(0));
  CHECK_FALSE(world.Happened("s2 +convert-to-slave"));
}

TEST_CASE("tilt: a stalled sentinel neither votes nor goes on with its candidacy") {
  World world(3, 2, Options());
  world.RunFor(seconds(8));
  world.FreezeSentinel(1, true);
  world.RunFor(seconds(4));
  world.FreezeSentinel(1, false);
  REQUIRE(world.sentinel(1).core->state().tilt_since.has_value());
  CHECK(AskForVote(world, 1, world.server(0).address, 50, kStranger).refusal == "stalled");
}

TEST_CASE("election: a candidacy does not outlive a stall") {
  World world(3, 2, Options());
  world.RunFor(seconds(8));
  for (int i = 0; i < 3; ++i) world.sentinel(i).disk_delay = milliseconds(100);  // votes take time
  world.KillServer(0);
  REQUIRE(world.RunUntil([&] { return world.Happened("+try-failover"); }, seconds(5)));
  int candidate = 0;
  while (!world.Happened("s" + std::to_string(candidate) + " +try-failover")) ++candidate;
  const uint64_t epoch = world.group(candidate).failover->epoch.number();
  world.FreezeSentinel(candidate, true);
  world.RunFor(seconds(13));
  world.FreezeSentinel(candidate, false);
  world.RunFor(seconds(30));
  const auto led = world.leaders().find({"mymaster", epoch});
  CHECK((led == world.leaders().end() || led->second.count(candidate) == 0));
  CHECK(world.PrimaryOf(candidate) == world.server(1).address);
}

// Sentinel 2 comes back with a new disk: another id, and no memory.
void Replace(World& world) {
  DurableState& disk = world.sentinel(2).disk;
  DurableGroup fresh;
  fresh.name = disk.groups[0].name;
  fresh.options = disk.groups[0].options;
  fresh.primary = world.server(0).address;
  disk = {};
  disk.groups.push_back(fresh);
  world.StartSentinel(2);
}

TEST_CASE("electorate: who has taken a voter's place does not make an epoch be won twice") {
  World world(3, 3, Options());
  world.RunFor(seconds(8));
  const auto cut_off = [&](int sentinel) {
    for (int i = 0; i < 3; ++i) {
      if (i != sentinel) world.Cut(world.sentinel(sentinel).address, world.sentinel(i).address);
      world.Cut(world.sentinel(sentinel).address, world.server(i).address);
    }
  };
  // Sentinel 1 is elected by 2, and 0 hears nothing of it.
  cut_off(0);
  world.Command(1, 1, FailoverRequested{ClientId{}, "mymaster"});
  REQUIRE(world.RunUntil([&] { return world.Happened("s1 +elected-leader"); }, seconds(5)));
  world.KillSentinel(2);
  world.Heal();
  cut_off(1);
  Replace(world);
  world.RunFor(seconds(5));
  REQUIRE(world.group(0).peers.size() == 2);
  CHECK(Electorate(world.group(0)) == 3);
  CHECK(VotesNeeded(world.group(0)) == 3);
  for (uint64_t round = 0; round < 4; ++round) {
    for (int i : {0, 2}) world.Command(i, 20 + round, FailoverRequested{ClientId{}, "mymaster"});
    world.RunFor(seconds(20));
  }
  CHECK(world.Happened("s0 +try-failover"));
  CHECK(world.Happened("s2 +try-failover"));
  CHECK(world.Events({"+elected-leader"}).size() == 1);
  // When the third is back its epoch is known to all, and two are enough again.
  world.Heal();
  world.RunFor(seconds(60));
  for (int i = 0; i < 3; ++i) CHECK(VotesNeeded(world.group(i)) == 2);
  for (int i = 0; i < 3; ++i) CHECK(world.group(i).config_epoch == world.group(1).config_epoch);
  for (const auto& [epoch, leaders] : world.leaders()) CHECK(leaders.size() == 1);
}

TEST_CASE(
    "electorate: an electorate with a new sentinel in another's place is settled in half a "
    "minute") {
  World world(3, 2, Options());
  world.RunFor(seconds(8));
  world.KillSentinel(2);
  Replace(world);
  world.RunFor(seconds(5));
  CHECK(VotesNeeded(world.group(0)) == 3);
  SUBCASE("if nothing happens") {
    world.RunFor(kResetSettling);
    for (int i = 0; i < 3; ++i) {
      CHECK(VotesNeeded(world.group(i)) == 2);
      CHECK(world.sentinel(i).disk.groups[0].electorate_met == 3);
    }
  }
  SUBCASE("through a restart") {
    world.KillSentinel(0);
    world.StartSentinel(0);
    world.RunFor(seconds(5));
    CHECK(VotesNeeded(world.group(0)) == 3);
    world.RunFor(kResetSettling);
    CHECK(VotesNeeded(world.group(0)) == 2);
  }
  SUBCASE("through a RESET") {
    for (int i = 0; i < 3; ++i) world.Command(i, 8, ResetGroups{ClientId{}, "*"});
    world.RunFor(seconds(5));
    CHECK(VotesNeeded(world.group(0)) == 3);
    world.RunFor(kResetSettling);
    for (int i = 0; i < 3; ++i) CHECK(VotesNeeded(world.group(i)) == 2);
  }
  SUBCASE("however often it is replaced meanwhile") {
    for (int round = 0; round < 3; ++round) {
      world.KillSentinel(2);
      Replace(world);
      world.RunFor(seconds(6));
      CHECK(VotesNeeded(world.group(0)) == 3);
    }
    world.RunFor(seconds(15));
    CHECK(VotesNeeded(world.group(0)) == 2);
  }
  SUBCASE("if another is replaced as well, and there is no old one to hear") {
    world.KillSentinel(1);
    DurableState& disk = world.sentinel(1).disk;
    disk.myid = {};
    disk.groups[0].peers.clear();
    disk.groups[0].electorate_met = 0;
    world.StartSentinel(1);
    world.RunFor(seconds(5));
    CHECK(VotesNeeded(world.group(0)) == 3);
    world.RunFor(kResetSettling + seconds(5));
    CHECK(VotesNeeded(world.group(0)) == 2);
  }
  SUBCASE("until then all three have to agree") {
    world.KillServer(0);
    CHECK(world.RunUntil([&] { return world.Happened("+switch-master"); }, seconds(10)));
  }
}

TEST_CASE("links: somebody else at a peer's address is not asked in the peer's name") {
  World world(3, 2, Options());
  world.RunFor(seconds(8));
  const base::RunId gone = world.sentinel(2).core->state().myid;
  world.KillSentinel(2);
  // It watches other groups, and says nothing in ours.
  world.sentinel(2).disk = {};
  world.sentinel(2).disk.myid = *base::RunId::Parse(kStranger);
  world.StartSentinel(2);
  world.RunFor(seconds(5));
  CHECK_FALSE(world.sentinel(0).core->state().peer_links.at(gone).proven);
  CHECK(UsableSentinels(world.sentinel(0).core->state(), world.group(0)) == 2);
  CHECK(world.RunUntil([&] { return world.group(0).peers.at(gone).sdown_since.has_value(); },
                       seconds(5)));
}

TEST_CASE(
    "links: until a peer has said who it is, it does not count, is not asked and gets no orders") {
  World world(3, 2, Options());
  world.RunFor(seconds(8));
  const base::RunId silent = world.sentinel(2).core->state().myid;
  world.KillSentinel(2);
  world.sentinel(2).withholds_myid = true;
  world.StartSentinel(2);
  const State& state = world.sentinel(0).core->state();
  const PeerLink& link = state.peer_links.at(silent);
  const auto is_awaited = [&] { return link.up() && !link.proven; };
  REQUIRE(world.RunUntil(is_awaited, seconds(3)));
  const Peer& peer = world.group(0).peers.at(silent);
  CHECK(UsableSentinels(state, world.group(0)) == 2);
  world.Command(0, 1, PauseRequested{ClientId{}, "mymaster", 1, "work", {}});
  world.Command(0, 2, SetRequested{ClientId{}, "mymaster", {"parallel-syncs", "2", "PROPAGATE"}});
  world.RunFor(milliseconds(20));
  REQUIRE(is_awaited());
  CHECK(peer.maintenance_told < world.group(0).maintenance.version);
  CHECK(peer.shared_told == 0);
  world.KillServer(0);
  REQUIRE(
      world.RunUntil([&] { return world.group(0).primary.sdown_since.has_value(); }, seconds(3)));
  world.RunFor(milliseconds(20));
  REQUIRE(is_awaited());
  CHECK_FALSE(peer.asked_at);
  // Who says it is a peer like any other.
  world.KillSentinel(2);
  world.sentinel(2).withholds_myid = false;
  world.StartSentinel(2);
  CHECK(world.RunUntil([&] { return link.proven && peer.asked_at && peer.shared_told > 0; },
                       seconds(10)));
}

TEST_CASE("valkey 2158: an epoch is not raised by a configuration whose primary has no address") {
  World world(1, 2, Options(1));
  world.RunFor(seconds(5));
  world.Hear(0, "10.0.9.9,26379," + kStranger + ",4,mymaster,nosuchname,6379,4");
  CHECK(world.group(0).config_epoch == base::Epoch(0));
  CHECK(world.PrimaryOf(0) == world.server(0).address);
  // Epoch and address come together.
  world.Hear(0, "10.0.9.9,26379," + kStranger + ",4,mymaster,10.0.0.2,6379,4");
  CHECK(world.group(0).config_epoch == base::Epoch(4));
  CHECK(world.PrimaryOf(0) == world.server(1).address);
}

TEST_CASE(
    "down detection: a reboot period that is set to 0 does not fail over a primary that is "
    "loading") {
  World world(3, 2, Options());
  world.RunFor(seconds(8));
  const auto set = [&](const std::string& period) {
    for (int i = 0; i < 3; ++i)
      world.Command(
          i, 1, SetRequested{ClientId{}, "mymaster", {"master-reboot-down-after-period", period}});
  };
  set("60000");
  world.KillServer(0);
  world.server(0).loading = true;
  world.StartServer(0);
  world.RunFor(seconds(15));
  REQUIRE(world.group(0).primary.rebooted_at.has_value());
  set("0");
  world.RunFor(seconds(5));
  CHECK_FALSE(world.Happened("+sdown master"));
  set("1000");
  world.RunFor(milliseconds(100));
  CHECK(world.Happened("+sdown master"));
}

TEST_CASE(
    "election: groups with one primary: what one leads is given up for a vote asked of the other") {
  World world(1, 2, Options(1));
  world.RunFor(seconds(5));
  world.Command(0, 1, MonitorRequested{ClientId{}, "zother", "10.0.0.1", "6379", "1"});
  world.RunFor(seconds(15));
  world.server(1).lag = 10;
  world.server(0).offset = 5000;
  world.Command(0, 2, SwitchoverRequested{ClientId{}, "zother", {}, seconds(20)});
  world.RunFor(seconds(1));
  const auto& groups = world.sentinel(0).core->state().groups;
  REQUIRE(groups.at("zother").failover.has_value());
  // Not two at once.
  world.Command(0, 3, FailoverRequested{ClientId{}, "mymaster"});
  REQUIRE(world.ReplyTo(0, 3) != nullptr);
  CHECK(std::get<ErrorReply>(*world.ReplyTo(0, 3)).text == "INPROG Failover already in progress");
  const uint64_t epoch = world.sentinel(0).core->state().current_epoch.number() + 5;
  CHECK(AskForVote(world, 0, world.server(0).address, epoch, kStranger).leader == kStranger);
  CHECK_FALSE(groups.at("zother").failover.has_value());
}

TEST_CASE("election: groups with one primary: each holds it for lost by its own down-after") {
  World world(3, 2, Options());
  world.RunFor(seconds(5));
  for (int i = 0; i < 3; ++i) {
    world.Command(i, 1, MonitorRequested{ClientId{}, "aother", "10.0.0.1", "6379", "2"});
    world.Command(i, 2, SetRequested{ClientId{}, "aother", {"down-after-milliseconds", "30000"}});
  }
  world.RunFor(seconds(10));
  world.FreezeServer(0, true);
  CHECK(world.RunUntil([&] { return world.Happened("+switch-master mymaster"); }, seconds(3)));
}

TEST_CASE(
    "election: an ordered election that is lost does not shorten the wait for another leader") {
  World world(3, 2, Options());
  world.RunFor(seconds(8));
  const uint64_t epoch = world.sentinel(0).core->state().current_epoch.number() + 1;
  CHECK(AskForVote(world, 0, world.server(0).address, epoch, kStranger).leader == kStranger);
  const base::Instant wait = world.group(0).may_stand_at;
  REQUIRE(wait > world.now() + seconds(4));
  for (int i : {1, 2}) world.sentinel(i).disk_works = false;
  world.Command(0, 1, FailoverRequested{ClientId{}, "mymaster"});
  world.RunFor(seconds(2));
  REQUIRE(world.Happened("s0 -failover-abort-not-elected"));
  CHECK(world.group(0).may_stand_at >= wait);
}

TEST_CASE("propagate: what no sentinel can apply is not passed on as a shared setting") {
  World world(3, 2, Options());
  world.RunFor(seconds(8));
  for (const std::string& value : {std::string("a\nb"), std::string(kMaxOptionValue + 1, 'x')})
    world.Command(0, 5,
                  SetRequested{ClientId{}, "mymaster", {"VERSION", "99", "2", "auth-pass", value}});
  world.RunFor(seconds(3));
  CHECK(world.Events({"-set-refused"}).size() == 2);
  for (int i = 0; i < 3; ++i) CHECK(world.group(i).shared.empty());
}

TEST_CASE("propagate: what was refused here is not kept, and not passed on either") {
  World world(3, 2, Options());
  world.RunFor(seconds(8));
  world.Command(0, 5,
                SetRequested{ClientId{}, "mymaster", {"VERSION", "99", "2", "quorum", "none"}});
  world.Command(0, 6,
                SetRequested{ClientId{}, "mymaster", {"VERSION", "99", "2", "new\noption", "1"}});
  world.RunFor(seconds(3));
  CHECK(world.Events({"-set-refused"}) ==
        std::vector<std::string>{"s0 -set-refused master mymaster 10.0.0.1 6379 quorum",
                                 "s0 -set-refused master mymaster 10.0.0.1 6379 #new?option"});
  for (int i = 0; i < 3; ++i) CHECK(world.group(i).shared.empty());
}

TEST_CASE("failover: a primary that is back before its heir takes the role keeps it") {
  World world(3, 2, Options());
  world.RunFor(seconds(8));
  world.server(1).refuses_promotion = true;
  world.FreezeServer(0, true);
  REQUIRE(world.RunUntil([&] { return world.Happened("+failover-state-wait-promotion"); },
                         seconds(10)));
  world.RunFor(milliseconds(300));
  world.FreezeServer(0, false);
  world.RunFor(milliseconds(700));
  world.server(1).refuses_promotion = false;
  world.RunFor(seconds(10));
  CHECK_FALSE(world.Happened("+promoted-slave"));
  CHECK(world.PrimaryOf(0) == world.server(0).address);
}

TEST_CASE("names: names are learned from nobody unless they are resolved") {
  World world(1, 2, Options(1));
  world.RunFor(seconds(5));
  const DurableState before = world.sentinel(0).core->Durable();
  world.Hear(0, "db9,26379," + kStranger + ",0,mymaster,10.0.0.1,6379,0");
  world.Hear(0, "10.0.9.9,26379," + kStranger + ",4,mymaster,db2,6379,4");
  world.Hear(0, "1.2.3.999,26379," + kStranger + ",0,mymaster,10.0.0.1,6379,0");
  CHECK(world.sentinel(0).core->Durable() == before);
}

TEST_CASE("redis docs 3607: whoever can publish is not believed for that") {
  World world(3, 2, Options());
  world.RunFor(seconds(8));
  const DurableState before = world.sentinel(0).core->Durable();
  const auto publish = [&](const std::string& hello) {
    world.Command(0, 5, HelloPublished{ClientId{}, hello + ",9,mymaster,10.0.0.2,6379,9"});
    world.RunFor(seconds(1));
  };
  const base::RunId peer = world.sentinel(1).core->state().myid;
  publish("10.0.9.9,26379," + kStranger);                               // nobody
  publish("10.0.0.1,6379," + kStranger);                                // a server
  publish("10.0.1.2,26379," + kStranger);                               // in a peer's place
  publish("10.0.9.8,26379," + peer.ToString());                         // a peer elsewhere
  publish("10.0.9.7,26379," + world.sentinel(0).disk.myid.ToString());  // ourselves
  CHECK(world.sentinel(0).core->Durable() == before);
  CHECK(world.Events({"-hello-unproven"}).size() == 5);
  CHECK_FALSE(world.Happened("+duplicate-myid"));
  world.KillServer(0);
  CHECK(world.RunUntil([&] { return world.Happened("+switch-master"); }, seconds(5)));
}

TEST_CASE("hello: a hello from our own address under another id makes nobody our peer") {
  World world(1, 2, Options());
  world.RunFor(seconds(5));
  world.Hear(0, "10.0.1.1,26379," + kStranger + ",0,mymaster,10.0.0.1,6379,0");
  CHECK(world.group(0).peers.empty());
  // Nor does a file in which we are a peer of our own.
  DurableState& disk = world.sentinel(0).disk;
  world.KillSentinel(0);
  disk.groups[0].peers.push_back({*base::RunId::Parse(kStranger), world.sentinel(0).address});
  disk.groups[0].electorate_met = 2;
  world.StartSentinel(0);
  world.RunFor(seconds(8));
  CHECK(world.group(0).peers.empty());
  CHECK(Electorate(world.group(0)) == 1);
}

TEST_CASE("config: another primary of our own epoch is announced, once, and not adopted") {
  World world(1, 3, Options(1));
  world.RunFor(seconds(5));
  world.Hear(0, "10.0.9.9,26379," + kStranger + ",4,mymaster,10.0.0.2,6379,4");
  REQUIRE(world.PrimaryOf(0) == world.server(1).address);
  for (int i = 0; i < 3; ++i)
    world.Hear(0, "10.0.9.9,26379," + kStranger + ",4,mymaster,10.0.0.3,6379,4");
  CHECK(world.PrimaryOf(0) == world.server(1).address);
  const auto events = world.Events({"+config-conflict"});
  REQUIRE(events.size() == 1);
  CHECK(events[0] ==
        "s0 +config-conflict master mymaster 10.0.0.2 6379 #epoch 4 is also said to be of "
        "10.0.0.3:6379");
}

TEST_CASE("maintenance: what was paused and has expired does not come back from a peer") {
  World world(3, 2, Options());
  world.RunFor(seconds(8));
  world.Command(0, 1, PauseRequested{ClientId{}, "mymaster", 20, "x", {}});
  world.RunFor(seconds(1));
  REQUIRE(world.group(2).maintenance.until.has_value());
  const uint64_t version = world.group(0).maintenance.version;
  world.RunFor(seconds(21));
  world.Command(0, 2, PauseRequested{ClientId{}, "mymaster", 1, "x", version});
  world.RunFor(milliseconds(20));
  CHECK_FALSE(world.group(0).maintenance.until.has_value());
}

TEST_CASE("failover: with no epoch left an order is refused and nobody waits for ever") {
  World world(1, 2, Options(1));
  world.RunFor(seconds(5));
  world.KillSentinel(0);
  world.sentinel(0).disk.current_epoch = base::Epoch(kMaxEpoch);
  world.StartSentinel(0);
  world.RunFor(seconds(15));
  world.Command(0, 1, FailoverRequested{ClientId{}, "mymaster"});
  world.Command(0, 2, SwitchoverRequested{ClientId{}, "mymaster", {}, {}});
  world.RunFor(milliseconds(20));
  for (uint64_t client : {1, 2}) {
    REQUIRE(world.ReplyTo(0, client) != nullptr);
    CHECK(std::get<ErrorReply>(*world.ReplyTo(0, client)).text ==
          "ERR No epoch is left to stand in");
  }
}

TEST_CASE("electorate: voters tell the candidate how many sentinels they count on") {
  World world(3, 2, Options());
  world.RunFor(seconds(8));
  CHECK(AskForVote(world, 0, world.server(0).address, 20, kStranger).electorate == 4);
  CHECK(AskForVote(world, 0, world.server(0).address, 10, kStranger).electorate == 4);
  // Who is one of them already is not counted once more.
  const std::string peer = world.sentinel(1).core->state().myid.ToString();
  CHECK(AskForVote(world, 0, world.server(0).address, 30, peer).electorate == 3);
}

}  // namespace
}  // namespace quorate::sentinel::core::test
