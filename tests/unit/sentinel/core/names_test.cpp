// resolve-hostnames and announce-hostnames: a group that is monitored by names.
#include "sentinel/core/names.h"

#include "sentinel/core/views.h"
#include "tests/unit/sentinel/core/world.h"

#include <doctest/doctest.h>

namespace quorate::sentinel::core::test {
namespace {

// Three sentinels that are told of the primary by its name; INFO tells of everyone by address.
struct Named {
  explicit Named(bool announce, std::vector<std::string> other_ips = {}) : world(3, 3) {
    world.other_ips = std::move(other_ips);
    world.dns["db1"] = "10.0.0.1";
    world.RunFor(seconds(5));
    for (int i = 0; i < 3; ++i) {
      Settings settings = world.sentinel(i).core->state().settings;
      settings.resolve_hostnames = true;
      settings.announce_hostnames = announce;
      world.Command(i, 1, SettingsChanged{ClientId{}, settings});
      world.Command(i, 2, RemoveRequested{ClientId{}, "mymaster"});
      world.Command(i, 3, MonitorRequested{ClientId{}, "mymaster", "DB1", "6379", "2"});
      world.Command(i, 4,
                    SetRequested{ClientId{},
                                 "mymaster",
                                 {"down-after-milliseconds", "2000", "failover-timeout", "10000"}});
    }
    world.RunFor(seconds(15));
  }
  World world;
};

TEST_CASE("names: one host under its name and its address is one instance") {
  Named t(false);
  for (int i = 0; i < 3; ++i) {
    CHECK(t.world.group(i).replicas.size() == 2);
    CHECK(t.world.group(i).peers.size() == 2);
    CHECK(t.world.group(i).primary.address == Endpoint{"DB1", 6379});
    for (const auto& [address, replica] : t.world.group(i).replicas)
      CHECK(replica.primary == t.world.group(i).primary.address);
  }
  CHECK_FALSE(t.world.Happened("+fix-slave-config"));
  CHECK_FALSE(t.world.Happened("+sdown"));
}

TEST_CASE("names: not announced, everyone is told the address") {
  Named t(false);
  const State& state = t.world.sentinel(0).core->state();
  CHECK(CurrentPrimary(state, "mymaster") == Endpoint{"10.0.0.1", 6379});
  CHECK(t.world.Happened("s0 +slave slave 10.0.0.2:6379 10.0.0.2 6379 @ mymaster 10.0.0.1 6379"));
  t.world.Command(0, 9, FailoverRequested{ClientId{}, "mymaster"});
  REQUIRE(t.world.RunUntil([&] { return t.world.Happened("s0 +failover-end"); }, seconds(20)));
  CHECK(t.world.Happened("s0 +switch-master mymaster 10.0.0.1 6379 10.0.0."));
}

TEST_CASE("names: announced, everyone is told the name") {
  Named t(true);
  const State& state = t.world.sentinel(0).core->state();
  CHECK(CurrentPrimary(state, "mymaster") == Endpoint{"DB1", 6379});
  CHECK(t.world.Happened("s0 +slave slave 10.0.0.2:6379 10.0.0.2 6379 @ mymaster DB1 6379"));
  t.world.KillServer(0);
  REQUIRE(t.world.RunUntil([&] { return t.world.Happened("+failover-end"); }, seconds(60)));
  CHECK(t.world.Happened("+switch-master mymaster DB1 6379 10.0.0."));
  // The old primary is asked by name, and follows the new one.
  t.world.StartServer(0);
  REQUIRE(t.world.RunUntil([&] { return t.world.server(0).follows.has_value(); }, seconds(30)));
  // And back: the replicas are sent to the name, and recognised as its followers.
  t.world.RunFor(seconds(15));
  t.world.server(0).priority = 1;
  t.world.RunFor(seconds(15));
  t.world.Command(0, 9, FailoverRequested{ClientId{}, "mymaster"});
  REQUIRE(t.world.RunUntil(
      [&] {
        return t.world.group(0).primary.address == Endpoint{"DB1", 6379};
      },
      seconds(20)));
  t.world.RunFor(seconds(20));
  CHECK(t.world.server(1).follows == Endpoint{"DB1", 6379});
  CHECK(t.world.server(2).follows == Endpoint{"DB1", 6379});
  CHECK_FALSE(t.world.Happened("+fix-slave-config"));
}

TEST_CASE("names: a host that moved is found again by its name") {
  Named t(false);
  t.world.KillServer(0);
  t.world.server(0).address.host = "10.0.0.99";
  t.world.StartServer(0);
  t.world.server(1).follows = t.world.server(2).follows = t.world.server(0).address;
  t.world.dns["db1"] = "10.0.0.99";
  t.world.RunFor(seconds(10));
  CHECK(CurrentPrimary(t.world.sentinel(0).core->state(), "mymaster") ==
        Endpoint{"10.0.0.99", 6379});
  CHECK(t.world.group(0).primary.command.up());
}

TEST_CASE("names: a host with several addresses is recognised by each") {
  Named t(false, {"::1", "fd00::7"});
  for (int i = 0; i < 3; ++i) {
    CHECK(t.world.group(i).replicas.size() == 2);
    for (const auto& [address, replica] : t.world.group(i).replicas)
      CHECK(replica.primary == t.world.group(i).primary.address);
  }
  t.world.RunFor(seconds(30));
  CHECK_FALSE(t.world.Happened("+fix-slave-config"));
  CHECK(CurrentPrimary(t.world.sentinel(0).core->state(), "mymaster") == Endpoint{"::1", 6379});
}

TEST_CASE("names: without resolve-hostnames a name is refused, and nothing is resolved") {
  World world(1, 2);
  world.RunFor(seconds(5));
  world.Command(0, 1, MonitorRequested{ClientId{}, "other", "db1", "6379", "2"});
  CHECK(std::get<ErrorReply>(*world.ReplyTo(0, 1)).text ==
        "ERR Invalid IP address or hostname specified");
  CHECK(world.sentinel(0).core->state().names.empty());
}

TEST_CASE("names: those that others made up make room after a while, those of members stay") {
  Named t(false);
  const auto& names = t.world.sentinel(0).core->state().names;
  const Peer& peer = t.world.group(0).peers.begin()->second;
  const auto tell = [&](const std::string& host) {
    const std::string hello =
        peer.address.host + ",26379," + peer.id.ToString() + ",0,mymaster," + host + ",6379,0";
    t.world.Command(0, 9, HelloPublished{ClientId{}, hello});
  };
  for (size_t i = 0; i < 2 * kMaxNames; ++i) tell("made-up-" + std::to_string(i));
  CHECK(names.size() == kMaxNames);
  tell("another");
  CHECK(names.count("another") == 0);
  t.world.RunFor(kNameKept);
  tell("another");
  CHECK(names.count("another") == 1);
  CHECK(names.count("db1") == 1);
  CHECK(names.count("made-up-1") == 0);
}

}  // namespace
}  // namespace quorate::sentinel::core::test
