// Commands of operators, against one sentinel in the small world. Error texts are those of
// redis-sentinel 7.0.15.
#include <string>
#include <vector>

#include "sentinel/core/election.h"
#include "sentinel/core/electorate.h"
#include "sentinel/core/views.h"
#include "tests/unit/sentinel/core/world.h"

#include <doctest/doctest.h>

namespace quorate::sentinel::core::test {
namespace {

struct Operator {
  explicit Operator(int sentinels = 1) : world(sentinels, 2) { world.RunFor(seconds(5)); }

  std::string Ask(Input input, int sentinel = 0) {
    world.Command(sentinel, 9, std::move(input));
    world.RunFor(milliseconds(5));
    const CommandReply* reply = world.ReplyTo(sentinel, 9);
    if (!reply) return "(none)";
    if (const auto* error = std::get_if<ErrorReply>(reply)) return error->text;
    if (const auto* integer = std::get_if<IntegerReply>(reply))
      return std::to_string(integer->value);
    if (const auto* down = std::get_if<MasterDownReply>(reply))
      return std::to_string(down->down) + " " + down->leader + " " +
             std::to_string(down->leader_epoch);
    return "OK";
  }
  std::string Monitor(const std::string& name, const std::string& host, const std::string& port,
                      const std::string& quorum) {
    return Ask(MonitorRequested{ClientId{}, name, host, port, quorum});
  }
  std::string Set(std::vector<std::string> arguments, const std::string& group = "mymaster") {
    return Ask(SetRequested{ClientId{}, group, std::move(arguments)});
  }
  std::string AskVote(uint64_t epoch, const std::string& candidate) {
    return Ask(MasterDownQuery{ClientId{}, world.server(0).address, epoch, candidate,
                               Candidacy::kOrdered});
  }
  const GroupOptions& options() { return world.group(0).options; }
  World world;
};

const std::string kOne(40, '1');
const std::string kTwo(40, '2');

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

TEST_CASE("a disk that hangs: past the limit, changes and votes are refused and nothing changes") {
  Operator o;
  o.world.sentinel(0).disk_delay = seconds(60);
  for (uint64_t i = 0; i < kMaxHeldReplies; ++i)
    o.world.Command(0, 1000 + i, FlushRequested{ClientId{}});
  CHECK(o.world.ReplyTo(0, 1000) == nullptr);
  const std::string refusal = "ERR Too many requests wait for the disk. Try again later.";
  CHECK(o.Ask(FlushRequested{}) == refusal);
  CHECK(o.Set({"parallel-syncs", "7"}) == refusal);
  CHECK(o.options().parallel_syncs == 1);
  CHECK(o.Ask(RemoveRequested{ClientId{}, "mymaster"}) == refusal);
  CHECK(o.Ask(ForgetRequested{ClientId{}, "mymaster", kOne}) == refusal);
  CHECK(o.AskVote(5, kOne) == "0 * 0");
  CHECK(o.world.group(0).vote.epoch == base::Epoch(0));
  // What needs no disk goes on; and all goes on once the disk does.
  CHECK(o.AskVote(5, "") == "0 * 0");
  o.world.RunFor(seconds(70));
  CHECK(o.world.ReplyTo(0, 1000) != nullptr);
  o.world.sentinel(0).disk_delay = milliseconds(1);
  CHECK(o.Set({"parallel-syncs", "7"}) == "OK");
  CHECK(o.AskVote(5, kOne) == "0 " + kOne + " 5");
}

TEST_CASE("the answer about an unknown primary") {
  Operator o;
  CHECK(o.Ask(MasterDownQuery{ClientId{}, {"10.9.9.9", 6379}, 5, kOne}) == "0 * 0");
}

std::string HelloLine(const std::string& id, const std::string& host, uint64_t epoch,
                      const std::string& primary, uint64_t config_epoch) {
  return host + ",26379," + id + "," + std::to_string(epoch) + ",mymaster," + primary + ",6379," +
         std::to_string(config_epoch);
}

TEST_CASE("hello: a newer configuration is adopted, once it is durable") {
  Operator o;
  o.world.Hear(0, HelloLine(kOne, "10.0.9.1", 4, "10.0.0.2", 4));
  CHECK(o.world.PrimaryOf(0) == o.world.server(1).address);
  CHECK(o.world.Happened("s0 +new-epoch 4"));
  CHECK(o.world.Happened("s0 +config-update-from sentinel " + kOne + " 10.0.9.1 26379 @ mymaster"));
  CHECK(o.world.Happened("s0 +switch-master mymaster 10.0.0.1 6379 10.0.0.2 6379"));
  // Older, or of the same epoch: not adopted.
  o.world.Hear(0, HelloLine(kOne, "10.0.9.1", 4, "10.0.0.1", 4));
  o.world.Hear(0, HelloLine(kOne, "10.0.9.1", 4, "10.0.0.1", 3));
  CHECK(o.world.PrimaryOf(0) == o.world.server(1).address);
}

TEST_CASE("hello: absurd epochs, unknown groups and rubbish change nothing") {
  Operator o;
  const DurableState before = o.world.sentinel(0).core->Durable();
  for (const std::string& line :
       {std::string("x"), HelloLine(kOne, "10.0.9.1", kMaxEpoch, "10.0.0.2", 4),
        HelloLine(kOne, "10.0.9.1", 3, "10.0.0.2", 4),
        std::string("10.0.9.1,26379,") + kOne + ",4,other,10.0.0.2,6379,4"})
    CHECK(o.Ask(HelloPublished{ClientId{}, line}) == "1");
  CHECK(o.world.sentinel(0).core->Durable() == before);
}

TEST_CASE("hello: a sentinel that moved, and one that was replaced at its address") {
  Operator o;
  o.world.Hear(0, HelloLine(kOne, "10.0.9.1", 0, "10.0.0.1", 0));
  CHECK(o.world.Happened("s0 +sentinel sentinel " + kOne + " 10.0.9.1 26379"));
  o.world.Hear(0, HelloLine(kOne, "10.0.9.2", 0, "10.0.0.1", 0));
  CHECK(o.world.Happened(
      "s0 +sentinel-address-switch master mymaster 10.0.0.1 6379 ip 10.0.9.2 port 26379 for " +
      kOne));
  CHECK(o.world.group(0).peers.size() == 1);
  o.world.RunFor(kDialBackPause);
  o.world.Hear(0, HelloLine(kTwo, "10.0.9.2", 0, "10.0.0.1", 0));
  CHECK(o.world.Happened("s0 +sentinel-invalid-addr sentinel " + kOne + " 10.0.9.2 26379"));
  CHECK(o.world.group(0).peers.size() == 1);
  CHECK(o.world.group(0).peers.begin()->first.ToString() == kTwo);
}

TEST_CASE("hello: a sentinel that moved is found at its new address in every group") {
  Operator o;
  CHECK(o.Monitor("other", "10.0.0.2", "6379", "2") == "OK");
  const auto hello = [](const std::string& host, const std::string& group,
                        const std::string& primary) {
    return host + ",26379," + kOne + ",0," + group + "," + primary + ",6379,0";
  };
  o.world.Hear(0, hello("10.0.9.1", "mymaster", "10.0.0.1"));
  o.world.Hear(0, hello("10.0.9.1", "other", "10.0.0.2"));
  o.world.Hear(0, hello("10.0.9.2", "mymaster", "10.0.0.1"));
  CHECK(
      o.world.Happened("s0 +sentinel-address-update sentinel " + kOne +
                       " 10.0.9.2 26379 @ mymaster 10.0.0.1 6379 1 additional matching instances"));
  const auto& groups = o.world.sentinel(0).core->state().groups;
  CHECK(groups.at("other").peers.begin()->second.address.host == "10.0.9.2");
}

TEST_CASE("hello: members are bounded") {
  Operator o;
  for (int i = 0; i < 2 * static_cast<int>(kMaxPeersPerGroup); ++i) {
    std::string id = std::to_string(i);
    id.insert(0, 40 - id.size(), 'a');
    o.world.Hear(0, HelloLine(id, "10.8.0." + std::to_string(i), 0, "10.0.0.1", 0));
  }
  CHECK(o.world.group(0).peers.size() == kMaxPeersPerGroup);
}

TEST_CASE("hello: our own id from another address is reported, once") {
  Operator o;
  const std::string myid = o.world.sentinel(0).core->state().myid.ToString();
  const std::string line = "10.0.9.9,26999," + myid + ",0,mymaster,10.0.0.1,6379,0";
  o.world.Hear(0, line);
  o.world.Hear(0, line);
  CHECK(o.world.Events({"+duplicate-myid"}).size() == 1);
  CHECK(o.world.group(0).peers.empty());
}

TEST_CASE("hello: our own id from another address keeps us from elections until it is quiet") {
  Operator o;
  const std::string myid = o.world.sentinel(0).core->state().myid.ToString();
  const std::string line = "10.0.9.9,26999," + myid + ",0,mymaster,10.0.0.1,6379,0";
  o.world.Hear(0, line);
  o.world.RunFor(seconds(10));
  o.world.Hear(0, line);
  o.world.RunFor(seconds(10));
  CHECK_FALSE(MayTakePart(o.world.sentinel(0).core->state()));
  CHECK_FALSE(o.world.Happened("s0 -duplicate-myid sentinel " + myid));
  o.world.RunFor(seconds(6));
  CHECK(MayTakePart(o.world.sentinel(0).core->state()));
  CHECK(o.world.Happened("s0 -duplicate-myid sentinel " + myid));
  o.world.Hear(0, line);
  CHECK(o.world.Events({"+duplicate-myid"}).size() == 2);
}

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
    o.world.Hear(0, HelloLine(std::string(40, static_cast<char>('1' + i)),
                              "10.0.9." + std::to_string(1 + i), 0, "10.0.0.1", 0));
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
