// Dial-back: hellos that anybody may have said, about sentinels that do or do not live where they
// claim.
#include "sentinel/core/strangers.h"

#include <string>
#include <vector>

#include "sentinel/core/electorate.h"
#include "tests/unit/sentinel/core/world.h"

#include <doctest/doctest.h>

namespace quorate::sentinel::core::test {
namespace {

const std::string kOne(40, '1');
const std::string kTwo(40, '2');
const base::Endpoint kThere{"10.0.9.1", 26379};
const base::Endpoint kElsewhere{"10.0.9.2", 26379};

std::string Line(const std::string& id, const base::Endpoint& at, uint64_t epoch = 0,
                 const std::string& primary = "10.0.0.1", const std::string& group = "mymaster") {
  const std::string number = std::to_string(epoch);
  return at.host + "," + std::to_string(at.port) + "," + id + "," + number + "," + group + "," +
         primary + ",6379," + number;
}

std::string Unproven(const std::string& id, const base::Endpoint& at, const std::string& reason) {
  return "s0 -hello-unproven sentinel " + id + " " + at.host + " " + std::to_string(at.port) +
         " @ mymaster 10.0.0.1 6379 " + reason;
}

// One sentinel, which hears what anybody may have said.
struct Listener {
  explicit Listener(int sentinels = 1) : world(sentinels, 2) { world.RunFor(seconds(5)); }

  void Lives(const base::Endpoint& at, const std::string& id) {
    world.strangers[at].answer = WireReply::Bulk(id);
  }
  void Says(const base::Endpoint& at, const std::string& error) {
    world.strangers[at].answer = WireReply::Error(error);
  }
  void Hears(const std::string& line, base::Duration then = milliseconds(20)) {
    world.Command(0, 5, HelloPublished{ClientId{}, line});
    world.RunFor(then);
  }
  const State& state() { return world.sentinel(0).core->state(); }
  const Group& group() { return world.group(0); }
  bool Knows(const std::string& id, const base::Endpoint& at) {
    const auto peer = group().peers.find(*base::RunId::Parse(id));
    return peer != group().peers.end() && peer->second.address == at;
  }
  std::vector<std::string> Warnings() { return world.Events({"-hello-unproven"}); }

  World world;
};

TEST_CASE("strangers: a hello counts when its address has answered with its id, and not before") {
  Listener l;
  l.Lives(kThere, kOne);
  const DurableState before = l.world.sentinel(0).core->Durable();
  l.Hears(Line(kOne, kThere, 4, "10.0.0.2"), milliseconds(0));
  CHECK(l.world.sentinel(0).core->Durable() == before);
  CHECK(l.group().peers.empty());
  REQUIRE(l.state().strangers.size() == 1);
  l.world.RunFor(milliseconds(4));  // the connection, the question and its answer
  CHECK(l.Knows(kOne, kThere));
  CHECK(Electorate(l.group()) == 2);
  CHECK(l.state().current_epoch == base::Epoch(4));
  l.world.RunFor(milliseconds(10));
  CHECK(l.world.PrimaryOf(0) == l.world.server(1).address);
  CHECK(l.Warnings().empty());
  l.world.RunFor(kDialBackPause);
  CHECK(l.state().strangers.empty());
}

TEST_CASE("strangers: sentinels meet each other by dial-back as quickly as by hello") {
  World world(3, 2);
  world.RunFor(milliseconds(200 + 50));
  for (int i = 0; i < 3; ++i) CHECK(world.group(i).peers.size() == 2);
}

TEST_CASE("strangers: nothing of a hello counts that its address does not confirm") {
  const std::string answers[] = {"NOAUTH Authentication required.",
                                 "ERR unknown command 'SENTINEL', with args beginning with: 'MYID'",
                                 "ERR unknown subcommand 'MYID'. Try SENTINEL HELP.",
                                 "NOPERM this user has no permissions to run 'sentinel|myid'"};
  for (const std::string& answer : answers) {
    CAPTURE(answer);
    Listener l;
    l.Says(kThere, answer);
    const DurableState before = l.world.sentinel(0).core->Durable();
    l.Hears(Line(kOne, kThere, 4, "10.0.0.2"));
    CHECK(l.world.sentinel(0).core->Durable() == before);
    REQUIRE(l.Warnings().size() == 1);
    CHECK(l.Warnings()[0] == Unproven(kOne, kThere, "#" + answer));
  }
}

TEST_CASE("strangers: another id, another kind of answer, nobody, and silence are no proof") {
  Listener l;
  l.Lives(kThere, kTwo);
  l.Hears(Line(kOne, kThere));
  CHECK(l.Warnings().back() == Unproven(kOne, kThere, "#" + kTwo));
  l.world.strangers[kElsewhere].answer = WireReply::Integer(1);
  l.Hears(Line(kOne, kElsewhere));
  CHECK(l.Warnings().back() == Unproven(kOne, kElsewhere, "#Not an id"));
  l.Hears(Line(kOne, {"10.0.9.3", 26379}));
  CHECK(l.Warnings().back() == Unproven(kOne, {"10.0.9.3", 26379}, "#Connection refused"));
  l.world.strangers[{"10.0.9.4", 26379}].answer.reset();
  l.Hears(Line(kOne, {"10.0.9.4", 26379}), kDialBackTimeout + milliseconds(1));
  CHECK(l.Warnings().back() == Unproven(kOne, {"10.0.9.4", 26379}, "#No answer"));
  CHECK(l.Warnings().size() == 4);
  CHECK(l.group().peers.empty());
}

TEST_CASE("strangers: an address is asked once in a while, and its silence told once") {
  Listener l;
  l.Says(kThere, "NOAUTH Authentication required.");
  for (int i = 0; i < 5; ++i) l.Hears(Line(kOne, kThere), kDialBackPause / 6);
  CHECK(l.world.strangers[kThere].asked == 1);
  CHECK(l.Warnings().size() == 1);
  l.world.RunFor(kDialBackPause);
  l.Lives(kThere, kOne);
  l.Hears(Line(kOne, kThere));
  CHECK(l.world.strangers[kThere].asked == 2);
  CHECK(l.Knows(kOne, kThere));
}

TEST_CASE("strangers: with another password they are asked at once") {
  Listener l;
  l.Says(kThere, "NOAUTH Authentication required.");
  l.Hears(Line(kOne, kThere));
  Settings settings = l.state().settings;
  settings.sentinel_pass = "secret";
  l.world.Command(0, 8, SettingsChanged{ClientId{}, settings});
  l.Lives(kThere, kOne);
  l.Hears(Line(kOne, kThere));
  CHECK(l.Knows(kOne, kThere));
}

TEST_CASE("strangers: a sentinel that is too old to know the question is believed") {
  Listener l;
  l.Says(kThere, "ERR Unknown sentinel subcommand 'MYID'");
  l.Hears(Line(kOne, kThere));
  CHECK(l.Knows(kOne, kThere));
  CHECK(l.Warnings().empty());
}

TEST_CASE("strangers: a peer moves only to where it answers") {
  Listener l;
  l.Lives(kThere, kOne);
  l.Hears(Line(kOne, kThere));
  l.Hears(Line(kOne, kElsewhere));
  CHECK(l.Knows(kOne, kThere));
  l.world.RunFor(kDialBackPause);
  l.Lives(kElsewhere, kOne);
  l.Hears(Line(kOne, kElsewhere));
  CHECK(l.Knows(kOne, kElsewhere));
  CHECK(l.world.Events({"+sentinel-address-switch"}).size() == 1);
}

TEST_CASE("strangers: a peer is replaced only by who answers at its address") {
  Listener l;
  l.Lives(kThere, kOne);
  l.Hears(Line(kOne, kThere), 2 * kDialBackPause);
  l.Hears(Line(kTwo, kThere));
  CHECK(l.Knows(kOne, kThere));
  CHECK(l.Warnings().back() == Unproven(kTwo, kThere, "#" + kOne));
  l.world.RunFor(kDialBackPause);
  l.Lives(kThere, kTwo);
  l.Hears(Line(kTwo, kThere));
  CHECK_FALSE(l.Knows(kOne, kThere));
  CHECK(l.Knows(kTwo, kThere));
  CHECK(Electorate(l.group()) == 2);
}

TEST_CASE("strangers: who claims an address first does not keep out who lives there") {
  Listener l;
  l.Lives(kThere, kOne);
  l.Hears(Line(kTwo, kThere), milliseconds(0));
  l.Hears(Line(kOne, kThere));
  CHECK(l.Knows(kOne, kThere));
  CHECK(l.group().peers.size() == 1);
  // Nor who comes after the answer.
  l.Lives(kElsewhere, kTwo);
  l.Hears(Line(std::string(40, '3'), kElsewhere));
  l.Hears(Line(kTwo, kElsewhere));
  CHECK(l.Knows(kTwo, kElsewhere));
  CHECK(l.world.strangers[kElsewhere].asked == 2);  // the second time as a peer
}

TEST_CASE("strangers: one answer is enough for all groups") {
  Listener l;
  l.world.Command(0, 7, MonitorRequested{ClientId{}, "other", "10.0.0.2", "6379", "1"});
  l.world.Command(0, 7, MonitorRequested{ClientId{}, "third", "10.0.0.2", "6379", "1"});
  l.Lives(kThere, kOne);
  l.Hears(Line(kOne, kThere), milliseconds(0));
  l.Hears(Line(kOne, kThere, 0, "10.0.0.2", "other"));
  l.world.RunFor(2 * kDialBackPause);
  l.Hears(Line(kOne, kThere, 0, "10.0.0.2", "third"));
  for (const auto& [name, group] : l.state().groups) CHECK(group.peers.size() == 1);
  CHECK(l.world.strangers[kThere].asked == 1);
}

TEST_CASE("strangers: a group that is gone when the answer comes is not missed") {
  Listener l;
  l.world.Command(0, 7, MonitorRequested{ClientId{}, "other", "10.0.0.2", "6379", "1"});
  l.Lives(kThere, kTwo);
  l.Hears(Line(kOne, kThere, 0, "10.0.0.2", "other"), milliseconds(0));
  l.Hears(Line(kTwo, kThere, 0, "10.0.0.2", "other"), milliseconds(0));
  l.world.Command(0, 7, RemoveRequested{ClientId{}, "other"});
  l.world.RunFor(milliseconds(20));
  CHECK(l.state().peer_links.empty());
  CHECK(l.Warnings().empty());
}

TEST_CASE("strangers: our own id in a forged hello does not keep us from elections") {
  Listener l;
  l.Hears(Line(l.state().myid.ToString(), kThere));
  CHECK_FALSE(l.world.Happened("+duplicate-myid"));
  CHECK(l.Warnings().size() == 1);
  l.world.RunFor(kDialBackPause);
  l.Lives(kThere, l.state().myid.ToString());
  l.Hears(Line(l.state().myid.ToString(), kThere));
  CHECK(l.world.Happened("+duplicate-myid"));
}

TEST_CASE("strangers: peers known from before a restart are believed at once") {
  Listener l;
  l.Lives(kThere, kOne);
  l.Hears(Line(kOne, kThere));
  l.world.KillSentinel(0);
  l.world.strangers.clear();
  l.world.StartSentinel(0);
  l.world.RunFor(seconds(1));
  l.Hears(Line(kOne, kThere, 3));
  CHECK(l.state().current_epoch == base::Epoch(3));
  CHECK(l.state().strangers.empty());
}

TEST_CASE("strangers: a flood of them is bounded, and peers are heard through it") {
  Listener l(2);
  const base::RunId peer = l.world.sentinel(1).core->state().myid;
  for (size_t i = 0; i < 10 * kMaxStrangers; ++i) {
    const base::Endpoint at{"10.7." + std::to_string(i / 256) + "." + std::to_string(i % 256), 1};
    l.world.strangers[at].answer.reset();  // accepts, and keeps us waiting
    l.Hears(Line(kOne, at), milliseconds(i % 8 == 0 ? 1 : 0));
    CHECK(l.state().strangers.size() <= kMaxStrangers);
  }
  CHECK(l.state().strangers.size() == kMaxStrangers);
  l.Lives(kThere, kTwo);
  l.Hears(Line(kTwo, kThere));
  CHECK(l.group().peers.size() == 1);
  l.world.RunFor(kDialBackTimeout);
  const base::Instant* heard = &*l.group().peers.at(peer).last_hello;
  CHECK(l.world.now() - *heard <= seconds(2));
  // Those that have been asked make room, whether or not their time has passed.
  l.Hears(Line(kTwo, kThere));
  CHECK(l.Knows(kTwo, kThere));
}

TEST_CASE("strangers: a flood of claims of one address is bounded") {
  Listener l;
  l.world.strangers[kThere].answer.reset();
  for (size_t i = 0; i < 2 * kMaxClaims; ++i) {
    std::string id = std::to_string(i);
    id.insert(0, 40 - id.size(), 'a');
    l.Hears(Line(id, kThere), milliseconds(0));
  }
  l.world.RunFor(milliseconds(20));
  CHECK(l.state().strangers.at(kThere).claims.size() == kMaxClaims);
  CHECK(l.world.strangers[kThere].asked == 1);
  l.world.RunFor(kDialBackTimeout);
  CHECK(l.Warnings().size() == 1);
}

TEST_CASE("strangers: our own stall is no silence of theirs") {
  Listener l;
  l.world.strangers[kThere].answer.reset();
  l.Hears(Line(kOne, kThere));
  l.world.FreezeSentinel(0, true);
  l.world.RunFor(2 * kDialBackTimeout);
  l.world.FreezeSentinel(0, false);
  CHECK(l.Warnings().empty());
  l.world.RunFor(kDialBackTimeout);
  CHECK(l.Warnings().size() == 1);
}

}  // namespace
}  // namespace quorate::sentinel::core::test
