// Commands of operators, against one sentinel in the small world. Error texts are those of
// redis-sentinel 7.0.15.
#include <string>
#include <vector>

#include "sentinel/core/electorate.h"
#include "sentinel/core/views.h"
#include "tests/unit/sentinel/core/support.h"

#include <doctest/doctest.h>

namespace quorate::sentinel::core::test {
namespace {

TEST_CASE("MONITOR: errors, in Redis' order") {
  Operator o;
  CHECK(o.Monitor("a", "127.0.0.1", "x", "y") == "ERR Invalid quorum");
  CHECK(o.Monitor("a", "127.0.0.1", "x", "1") == "ERR Invalid port");
  CHECK(o.Monitor("a", "127.0.0.1", "6379", "0") == "ERR Quorum must be 1 or greater.");
  CHECK(o.Monitor("a", "foo", "6379", "1") == "ERR Invalid IP address or hostname specified");
  CHECK(o.Monitor("a", "127.0.0.1", "70000", "1") == "ERR Invalid port number.");
  CHECK(o.Monitor("mymaster", "127.0.0.1", "6379", "1") == "ERR Duplicate master name.");
  CHECK(o.Monitor("a\nb", "127.0.0.1", "6379", "1") == "ERR Invalid master name");
}

TEST_CASE("MONITOR and REMOVE: events, and links come and go") {
  Operator o;
  CHECK(o.Monitor("other", "10.0.0.2", "6379", "2") == "OK");
  CHECK(o.world.Happened("s0 +monitor master other 10.0.0.2 6379 quorum 2"));
  o.world.RunFor(seconds(1));
  CHECK(o.world.sentinel(0).core->state().groups.at("other").primary.command.up());
  CHECK(o.Ask(RemoveRequested{ClientId{}, "other"}) == "OK");
  CHECK(o.world.Happened("s0 -monitor master other 10.0.0.2 6379"));
  CHECK(o.Ask(RemoveRequested{ClientId{}, "other"}) == "ERR No such master with that name");
}

TEST_CASE("a change that cannot be saved says so") {
  Operator o;
  o.world.sentinel(0).disk_works = false;
  CHECK(o.Set({"quorum", "1"}) == "ERR Failed to save config file. Check server logs.");
  CHECK(o.Ask(FlushRequested{}) == "ERR Failed to save config file. Check server logs.");
  o.world.sentinel(0).disk_works = true;
  CHECK(o.Ask(FlushRequested{}) == "OK");
}

TEST_CASE("SET: options, errors and events") {
  Operator o;
  CHECK(o.Set({"down-after-milliseconds", "1500", "failover-timeout", "7000"}) == "OK");
  CHECK(o.options().down_after == milliseconds(1500));
  CHECK(o.options().failover_timeout == milliseconds(7000));
  CHECK(o.world.Happened("+set master mymaster 10.0.0.1 6379 down-after-milliseconds 1500"));
  CHECK(o.Set({"quorum", "0"}) == "ERR Invalid argument '0' for SENTINEL SET 'quorum'");
  CHECK(o.Set({"quorum", "x"}) == "ERR Invalid argument 'x' for SENTINEL SET 'quorum'");
  CHECK(o.Set({"foo", "1"}) == "ERR Unknown option or number of arguments for SENTINEL SET 'foo'");
  CHECK(o.Set({"quorum"}) == "ERR Unknown option or number of arguments for SENTINEL SET 'quorum'");
  CHECK(o.Set({"quorum", "1"}, "nosuch") == "ERR No such master with that name");
  CHECK(o.Set({"rename-command", "config"}) ==
        "ERR Unknown option or number of arguments for SENTINEL SET 'rename-command'");
  CHECK(o.Set({"rename-command", "", "x"}) ==
        "ERR Invalid argument '' for SENTINEL SET 'rename-command'");
  CHECK(o.Set({"notification-script", "/bin/true"}) ==
        "ERR Reconfiguration of scripts path is denied for security reasons. Check the "
        "deny-scripts-reconfig configuration directive in your Sentinel configuration");
  // What came before the error stays.
  CHECK(o.Set({"parallel-syncs", "3", "quorum", "-1"}) ==
        "ERR Invalid argument '-1' for SENTINEL SET 'quorum'");
  CHECK(o.options().parallel_syncs == 3);
}

TEST_CASE("SET: scripts are judged in the order of the options, as in Redis") {
  Operator o;
  Settings settings;
  settings.deny_scripts_reconfig = false;
  CHECK(o.Ask(SettingsChanged{ClientId{}, settings}) == "OK");
  const auto set = [&o](std::vector<std::string> arguments) {
    return o.Ask(SetRequested{ClientId{}, "mymaster", std::move(arguments), {"/missing"}});
  };
  CHECK(set({"bogus", "1", "notification-script", "/missing"}) ==
        "ERR Unknown option or number of arguments for SENTINEL SET 'bogus'");
  CHECK(set({"quorum", "0", "notification-script", "/missing"}) ==
        "ERR Invalid argument '0' for SENTINEL SET 'quorum'");
  CHECK(set({"parallel-syncs", "7", "notification-script", "/missing"}) ==
        "ERR Notification script seems non existing or non executable");
  CHECK(o.options().parallel_syncs == 7);
  CHECK(set({"client-reconfig-script", "/missing"}) ==
        "ERR Client reconfiguration script seems non existing or non executable");
  CHECK(set({"notification-script", "/there", "client-reconfig-script", ""}) == "OK");
  CHECK(o.options().notification_script == "/there");
}

TEST_CASE("SET: control characters are refused, passwords are not shown") {
  Operator o;
  CHECK(o.Set({"auth-pass", "x\nsentinel myid 0"}).rfind("ERR Invalid argument", 0) == 0);
  CHECK(o.options().auth_pass.empty());
  CHECK(o.Set({"auth-pass", "secret"}) == "OK");
  CHECK(o.world.Happened("auth-pass ******"));
  CHECK_FALSE(o.world.Happened("secret"));
}

TEST_CASE("SET rename-command: the servers are spoken to by their names") {
  Operator o;
  CHECK(o.Set({"rename-command", "ping", "gnip"}) == "OK");
  CHECK(o.options().renamed_commands.at("PING") == "gnip");
  CHECK(o.Set({"rename-command", "PING", "ping"}) == "OK");
  CHECK(o.options().renamed_commands.empty());
}

TEST_CASE("RESET: counts, and forgets replicas and peers but no epochs") {
  Operator o(3);
  CHECK(o.AskVote(5, kOne) == "0 " + kOne + " 5");
  CHECK(o.Ask(ResetGroups{ClientId{}, "nosuch*"}) == "0");
  REQUIRE(o.world.group(0).peers.size() == 2);
  o.world.Command(0, 9, ResetGroups{ClientId{}, "my*"});
  CHECK(o.world.group(0).peers.empty());
  CHECK(ReplicaCount(o.world.group(0)) == 0);
  CHECK(o.world.group(0).vote.epoch == base::Epoch(5));
  CHECK(o.world.Happened("+reset-master master mymaster 10.0.0.1 6379"));
  CHECK(VotesNeeded(o.world.group(0)) == 2);
}

TEST_CASE("RESET: a replica that has taken the role is watched, and demoted") {
  Operator o(3);
  const auto known_as_primary = [&](int i) {
    const auto& replicas = o.world.group(i).replicas;
    return !replicas.empty() && replicas.begin()->second.reported_role == Role::kPrimary;
  };
  o.world.server(1).follows.reset();
  REQUIRE(o.world.RunUntil(
      [&] { return known_as_primary(0) && known_as_primary(1) && known_as_primary(2); },
      seconds(12)));
  for (int i = 0; i < 3; ++i) {
    o.world.Command(i, 9, ResetGroups{ClientId{}, "*"});
    o.world.Command(i, 9, ResetGroups{ClientId{}, "*"});
    CHECK(ReplicaCount(o.world.group(i)) == 0);
  }
  CHECK(o.world.RunUntil([&] { return o.world.server(1).follows == o.world.server(0).address; },
                         seconds(30)));
}

TEST_CASE(
    "RESET: a replica that is gone is forgotten when the primary has been there for a while") {
  Operator o(3);
  o.world.KillServer(1);
  o.world.RunFor(seconds(2));
  o.world.Command(0, 9, ResetGroups{ClientId{}, "*"});
  CHECK(ReplicaCount(o.world.group(0)) == 0);
  CHECK(o.world.group(0).replicas.size() == 1);
  o.world.RunFor(kResetSettling + seconds(2));
  CHECK(o.world.group(0).replicas.empty());
  CHECK(o.world.sentinel(0).disk.groups[0].replicas.empty());
  CHECK_FALSE(o.world.Happened("s0 -sdown slave"));
}

TEST_CASE("RESET: a dead primary can still be replaced") {
  Operator o(3);
  o.world.KillServer(0);
  for (int i = 0; i < 3; ++i) o.world.Command(i, 9, ResetGroups{ClientId{}, "*"});
  CHECK(o.world.RunUntil(
      [&] { return o.world.group(0).primary.address == o.world.server(1).address; }, seconds(90)));
}

TEST_CASE(
    "RESET: a primary that was replaced while it was off does not come back as a second one") {
  Operator o(3);
  o.world.KillServer(0);
  REQUIRE(o.world.RunUntil(
      [&] { return o.world.group(0).primary.address == o.world.server(1).address; }, seconds(60)));
  o.world.RunFor(seconds(3));
  for (int i = 0; i < 3; ++i) o.world.Command(i, 9, ResetGroups{ClientId{}, "*"});
  o.world.RunFor(seconds(1));
  o.world.StartServer(0);
  CHECK(o.world.RunUntil([&] { return o.world.server(0).follows == o.world.server(1).address; },
                         seconds(20)));
}

}  // namespace
}  // namespace quorate::sentinel::core::test
