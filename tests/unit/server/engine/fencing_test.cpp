#include "server/engine/fencing.h"

#include <string>

#include <doctest/doctest.h>

using namespace quorate;
using namespace std::chrono_literals;
using server::engine::Fencing;
using Refusal = Fencing::Refusal;
using Role = Fencing::Role;

namespace {

base::Instant At(base::Duration time) { return base::Instant(1000s + time); }

Fencing::Heartbeat From(char sentinel, uint64_t epoch,
                        std::optional<base::Instant> returned = std::nullopt) {
  return {*base::RunId::Parse(std::string(40, sentinel)), base::Epoch(epoch), 3, true, returned};
}

Fencing::Heartbeat Deposing(char sentinel, uint64_t epoch) {
  Fencing::Heartbeat heartbeat = From(sentinel, epoch);
  heartbeat.primary = false;
  return heartbeat;
}

}  // namespace

TEST_CASE("fencing: without sentinels of ours nothing is refused") {
  Fencing fencing;
  fencing.SetLease(500ms);
  CHECK(fencing.WritesRefused(At(1h)) == Refusal::kNone);
  CHECK(fencing.OnOrder(At(0s), std::nullopt, true).ok());
  CHECK(fencing.WritesRefused(At(1h)) == Refusal::kNone);
}

TEST_CASE("fencing: a lease lasts while a majority gives fresh stamps back") {
  Fencing fencing;
  fencing.SetLease(500ms);
  CHECK(fencing.OnHeartbeat(At(0ms), From('a', 1)).ok());
  CHECK(fencing.WritesRefused(At(0ms)) == Refusal::kNoMajority);
  CHECK(fencing.OnHeartbeat(At(10ms), From('a', 1, At(0ms))).ok());
  CHECK(fencing.WritesRefused(At(10ms)) == Refusal::kNoMajority);
  CHECK(fencing.OnHeartbeat(At(20ms), From('b', 1, At(5ms))).ok());
  CHECK(fencing.WritesRefused(At(20ms)) == Refusal::kNone);
  // The majority's older stamp counts.
  CHECK(fencing.WritesRefused(At(499ms)) == Refusal::kNone);
  CHECK(fencing.WritesRefused(At(500ms)) == Refusal::kNoMajority);
  CHECK(fencing.OnHeartbeat(At(510ms), From('c', 1, At(400ms))).ok());
  CHECK(fencing.WritesRefused(At(504ms)) == Refusal::kNone);
  CHECK(fencing.WritesRefused(At(505ms)) == Refusal::kNoMajority);
  const Fencing::Majority majority = fencing.CountHeard(At(505ms));
  CHECK(majority.heard == 1);
  CHECK(majority.electorate == 3);
  fencing.SetLease(0ms);
  CHECK(fencing.WritesRefused(At(1h)) == Refusal::kNone);
}

TEST_CASE("fencing: with an electorate of 0 there is no lease") {
  Fencing fencing;
  fencing.SetLease(500ms);
  Fencing::Heartbeat mixed = From('a', 1, At(0ms));
  mixed.electorate = 0;
  CHECK(fencing.OnHeartbeat(At(10ms), mixed).ok());
  CHECK(fencing.WritesRefused(At(1h)) == Refusal::kNone);
  CHECK(fencing.CountHeard(At(10ms)).electorate == 0);
  // It does not outlive the stock sentinel, nor does it lift anything else.
  CHECK(fencing.OnHeartbeat(At(20ms), From('a', 1, At(10ms))).ok());
  CHECK(fencing.WritesRefused(At(20ms)) == Refusal::kNoMajority);
  mixed.primary = false;
  CHECK(fencing.OnHeartbeat(At(30ms), mixed).ok());
  CHECK(fencing.WritesRefused(At(30ms)) == Refusal::kDeposed);
}

TEST_CASE("fencing: the largest electorate that was told counts, for as long as the role lasts") {
  Fencing fencing;
  fencing.SetLease(500ms);
  Fencing::Heartbeat knows_five = From('a', 1, At(0ms));
  knows_five.electorate = 5;
  CHECK(fencing.OnHeartbeat(At(10ms), knows_five).ok());
  CHECK(fencing.OnHeartbeat(At(10ms), From('b', 1, At(5ms))).ok());
  CHECK(fencing.CountHeard(At(10ms)).electorate == 5);
  CHECK(fencing.WritesRefused(At(10ms)) == Refusal::kNoMajority);
  CHECK(fencing.OnHeartbeat(At(10ms), From('c', 1, At(5ms))).ok());
  CHECK(fencing.WritesRefused(At(10ms)) == Refusal::kNone);
  // Who told it is heard no more, and counts on.
  CHECK(fencing.OnHeartbeat(At(10min), From('b', 1, At(10min))).ok());
  CHECK(fencing.OnHeartbeat(At(10min), From('c', 1, At(10min))).ok());
  CHECK(fencing.WritesRefused(At(10min)) == Refusal::kNoMajority);
  // Until it says otherwise itself, and three of five do.
  CHECK(fencing.OnHeartbeat(At(10min), From('a', 1, At(0ms))).ok());
  CHECK(fencing.CountHeard(At(10min)).electorate == 5);
  CHECK(fencing.WritesRefused(At(10min)) == Refusal::kNoMajority);
  CHECK(fencing.OnHeartbeat(At(10min), From('a', 1, At(10min))).ok());
  CHECK(fencing.CountHeard(At(10min)).electorate == 3);
  CHECK(fencing.WritesRefused(At(10min)) == Refusal::kNone);
}

TEST_CASE("fencing: a sentinel without a memory gives no lease on its own after a restart") {
  Fencing before;
  before.SetLease(500ms);
  for (const char sentinel : {'a', 'b', 'c'})
    CHECK(before.OnHeartbeat(At(0ms), From(sentinel, 1, At(0ms))).ok());
  CHECK(before.word().electorate == 3);
  Fencing fencing;
  fencing.SetLease(500ms);
  fencing.Restore(before.word());
  Fencing::Heartbeat alone = From('d', 1, At(0ms));
  alone.electorate = 1;
  CHECK(fencing.OnHeartbeat(At(10ms), alone).ok());
  CHECK(fencing.WritesRefused(At(10ms)) == Refusal::kNoMajority);
  SUBCASE("the others join it") {
    CHECK(fencing.OnHeartbeat(At(20ms), From('a', 1, At(10ms))).ok());
    CHECK(fencing.WritesRefused(At(20ms)) == Refusal::kNone);
  }
  SUBCASE("a majority says that there are fewer now") {
    Fencing::Heartbeat another = From('a', 1, At(10ms));
    another.electorate = 1;
    CHECK(fencing.OnHeartbeat(At(20ms), another).ok());
    CHECK(fencing.word().electorate == 1);
  }
  SUBCASE("an operator says so") {
    CHECK(fencing.OnOrder(At(20ms), std::nullopt, true).ok());
    CHECK(fencing.OnHeartbeat(At(30ms), alone).ok());
    CHECK(fencing.WritesRefused(At(30ms)) == Refusal::kNone);
  }
  SUBCASE("it was elected anew: the number is of another time") {
    CHECK(fencing.OnOrder(At(20ms), base::Epoch(1), true).ok());
    CHECK(fencing.word().electorate == 3);
    CHECK(fencing.OnOrder(At(20ms), base::Epoch(2), true).ok());
    CHECK(fencing.word().electorate == 0);
  }
  SUBCASE("without a lease nothing is to be guarded") {
    fencing.SetLease(0ms);
    CHECK(fencing.OnHeartbeat(At(30ms), alone).ok());
    CHECK(fencing.word().electorate == 1);
  }
}

TEST_CASE("fencing: who was promoted without an epoch does not pass for the elected one") {
  Fencing fencing;
  CHECK(fencing.OnOrder(At(0s), base::Epoch(5), false).ok());
  SUBCASE("by an operator") { CHECK(fencing.OnOrder(At(1s), std::nullopt, true).ok()); }
  SUBCASE("by the primary before it") { fencing.OnPromoted(); }
  CHECK(fencing.WritesRefused(At(1s)) == Refusal::kNone);
  CHECK(fencing.OnHeartbeat(At(1s), From('a', 4))
            .error()
            .message.starts_with("STALEEPOCH 5 released: "));
  Fencing again;
  again.Restore(fencing.word());
  CHECK(again.WritesRefused(At(2s)) == Refusal::kBooted);
  CHECK(again.OnHeartbeat(At(2s), From('a', 6)).ok());
  CHECK(again.word().role == Role::kPrimary);
}

TEST_CASE(
    "fencing: a stock sentinel that one of ours knows ends the lease, while that one is heard") {
  Fencing fencing;
  fencing.SetLease(500ms);
  Fencing::Heartbeat mixed = From('a', 1, At(0ms));
  mixed.electorate = 0;
  CHECK(fencing.OnHeartbeat(At(0ms), mixed).ok());
  CHECK(fencing.OnHeartbeat(At(10ms), From('b', 1, At(5ms))).ok());
  CHECK(fencing.WritesRefused(At(10ms)) == Refusal::kNone);
  CHECK(fencing.OnHeartbeat(At(59s), From('b', 1, At(5ms))).ok());
  CHECK(fencing.WritesRefused(At(59s)) == Refusal::kNone);
  CHECK(fencing.OnHeartbeat(At(60s), From('b', 1, At(5ms))).ok());
  CHECK(fencing.WritesRefused(At(60s)) == Refusal::kNoMajority);
}

TEST_CASE("fencing: what lay in a buffer meanwhile renews no lease") {
  Fencing fencing;
  fencing.SetLease(500ms);
  for (const char sentinel : {'a', 'b', 'c'})
    CHECK(fencing.OnHeartbeat(At(100ms), From(sentinel, 1, At(90ms))).ok());
  CHECK(fencing.WritesRefused(At(100ms)) == Refusal::kNone);
  // Stopped for ten seconds; these were sent in the first of them.
  for (const char sentinel : {'a', 'b', 'c'})
    CHECK(fencing.OnHeartbeat(At(10s), From(sentinel, 1, At(100ms))).ok());
  CHECK(fencing.WritesRefused(At(10s)) == Refusal::kNoMajority);
}

TEST_CASE("fencing: who is made the primary again has no lease of the time before") {
  Fencing fencing;
  fencing.SetLease(5s);
  for (const char sentinel : {'a', 'b'})
    CHECK(fencing.OnHeartbeat(At(100ms), From(sentinel, 1, At(90ms))).ok());
  CHECK(fencing.WritesRefused(At(100ms)) == Refusal::kNone);
  CHECK(fencing.OnOrder(At(200ms), base::Epoch(2), false).ok());
  CHECK(fencing.OnOrder(At(300ms), base::Epoch(3), true).ok());
  CHECK(fencing.WritesRefused(At(300ms)) == Refusal::kNoMajority);
  for (const char sentinel : {'a', 'b'})
    CHECK(fencing.OnHeartbeat(At(400ms), From(sentinel, 3, At(350ms))).ok());
  CHECK(fencing.WritesRefused(At(400ms)) == Refusal::kNone);
  // An election whose outcome was that it stays.
  CHECK(fencing.OnHeartbeat(At(500ms), From('c', 4)).ok());
  CHECK(fencing.WritesRefused(At(500ms)) == Refusal::kNone);
}

TEST_CASE("fencing: a stamp from the future is none, an older one takes nothing back") {
  Fencing fencing;
  fencing.SetLease(500ms);
  CHECK(fencing.OnHeartbeat(At(0ms), From('a', 1, At(1h))).ok());
  CHECK(fencing.OnHeartbeat(At(0ms), From('b', 1, At(1h))).ok());
  CHECK(fencing.WritesRefused(At(0ms)) == Refusal::kNoMajority);
  for (const base::Duration stamp : {400ms, 100ms})
    for (const char sentinel : {'a', 'b'})
      CHECK(fencing.OnHeartbeat(At(450ms), From(sentinel, 1, At(stamp))).ok());
  CHECK(fencing.WritesRefused(At(899ms)) == Refusal::kNone);
}

TEST_CASE("fencing: an earlier epoch is refused and changes nothing") {
  Fencing fencing;
  CHECK(fencing.OnHeartbeat(At(0s), From('a', 5)).ok());
  const base::Status order = fencing.OnOrder(At(0s), base::Epoch(4), false);
  CHECK(order.error().message ==
        "STALEEPOCH 5 primary: that is the epoch here, and this server's role in it, not 4");
  CHECK_FALSE(fencing.OnHeartbeat(At(0s), Deposing('b', 4)).ok());
  CHECK_FALSE(fencing.OnFence(At(0s), base::Epoch(4), 1s).ok());
  CHECK(fencing.WritesRefused(At(0s)) == Refusal::kNone);
  CHECK(fencing.word() == Fencing::Word{base::Epoch(5), Role::kPrimary, 3});
  // One without an epoch is an operator's.
  CHECK(fencing.OnOrder(At(0s), std::nullopt, false).ok());
  CHECK(fencing.word() == Fencing::Word{base::Epoch(5), Role::kReplica, 0});
}

TEST_CASE("fencing: after a restart writes wait for a sentinel's word") {
  Fencing fencing;
  fencing.Restore({base::Epoch(5), Role::kPrimary, 3});
  CHECK(fencing.WritesRefused(At(0s)) == Refusal::kBooted);
  CHECK_FALSE(fencing.OnHeartbeat(At(0s), From('a', 4)).ok());
  CHECK(fencing.WritesRefused(At(0s)) == Refusal::kBooted);
  SUBCASE("it is the primary") {
    CHECK(fencing.OnHeartbeat(At(0s), From('a', 5)).ok());
    CHECK(fencing.WritesRefused(At(0s)) == Refusal::kNone);
  }
  SUBCASE("another was elected") {
    CHECK(fencing.OnHeartbeat(At(0s), Deposing('a', 6)).ok());
    CHECK(fencing.WritesRefused(At(0s)) == Refusal::kDeposed);
    CHECK(fencing.OnOrder(At(0s), base::Epoch(7), true).ok());
    CHECK(fencing.WritesRefused(At(0s)) == Refusal::kNone);
  }
  SUBCASE("an operator says so") {
    CHECK(fencing.OnOrder(At(0s), std::nullopt, true).ok());
    CHECK(fencing.WritesRefused(At(0s)) == Refusal::kNone);
  }
}

TEST_CASE("fencing: before a group's first election a restart waits for a word, too") {
  Fencing fencing;
  CHECK_FALSE(fencing.watched());
  CHECK(fencing.OnHeartbeat(At(0s), From('a', 0)).ok());
  REQUIRE(fencing.watched());
  Fencing again;
  again.Restore(fencing.word());
  CHECK(again.WritesRefused(At(0s)) == Refusal::kBooted);
  CHECK(again.OnHeartbeat(At(0s), From('a', 0)).ok());
  CHECK(again.WritesRefused(At(0s)) == Refusal::kNone);
}

TEST_CASE("fencing: a fence lets only its own epoch through, for its time") {
  Fencing fencing;
  CHECK(fencing.OnHeartbeat(At(0s), From('a', 5)).ok());
  CHECK(fencing.OnFence(At(0s), base::Epoch(7), 2s).ok());
  CHECK(fencing.WritesRefused(At(1s)) == Refusal::kFenced);
  CHECK(fencing.held_until() == At(2s));
  CHECK(fencing.OnHeartbeat(At(1s), From('a', 6)).error().message ==
        "STALEEPOCH 7 elected: an order of that epoch is awaited here, not of 6");
  CHECK_FALSE(fencing.OnOrder(At(1s), base::Epoch(6), true).ok());
  CHECK_FALSE(fencing.OnFence(At(1s), base::Epoch(6), 9s).ok());
  SUBCASE("its time") {
    CHECK(fencing.WritesRefused(At(2s)) == Refusal::kNone);
    CHECK(fencing.OnOrder(At(2s), base::Epoch(6), true).ok());
  }
  SUBCASE("its order") {
    CHECK(fencing.OnOrder(At(1s), base::Epoch(7), true).ok());
    CHECK(fencing.WritesRefused(At(1s)) == Refusal::kNone);
    CHECK(fencing.held_until() == base::Instant{});
    // Late, from the same election.
    CHECK(fencing.OnFence(At(1s), base::Epoch(7), 2s).ok());
    CHECK(fencing.WritesRefused(At(1s)) == Refusal::kNone);
  }
  SUBCASE("it was raised in vain") {
    CHECK(fencing.OnFence(At(1s), base::Epoch(6), 0s).ok());
    CHECK(fencing.WritesRefused(At(1s)) == Refusal::kFenced);
    CHECK(fencing.OnFence(At(1s), base::Epoch(7), 0s).ok());
    CHECK(fencing.WritesRefused(At(1s)) == Refusal::kNone);
  }
  SUBCASE("no fence is for ever") {
    CHECK(fencing.OnFence(At(1s), base::Epoch(8), 1h).ok());
    CHECK(fencing.held_until() == At(1s) + Fencing::kLongestFence);
  }
}

TEST_CASE("fencing: of too many sentinels the latest are remembered") {
  Fencing fencing;
  fencing.SetLease(500ms);
  for (size_t i = 0; i < 2 * Fencing::kMaxSentinels; ++i) {
    Fencing::Heartbeat heartbeat = From('a', 1, At(std::chrono::milliseconds(i)));
    std::string id = std::to_string(i);
    id.insert(0, 40 - id.size(), '0');
    heartbeat.sentinel = *base::RunId::Parse(id);
    CHECK(fencing.OnHeartbeat(At(300ms), heartbeat).ok());
  }
  CHECK(fencing.CountHeard(At(300ms)).heard == Fencing::kMaxSentinels);
}
