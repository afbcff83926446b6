// SENTINEL PAUSE and RESUME.
#include "sentinel/core/maintenance.h"

#include <string>

#include "tests/unit/sentinel/core/world.h"

#include <doctest/doctest.h>

namespace quorate::sentinel::core::test {
namespace {

struct Maintained {
  Maintained() : world(3, 3, Options()) {
    world.RunFor(seconds(8));
    REQUIRE(world.group(0).peers.size() == 2);
  }
  static GroupOptions Options() {
    GroupOptions options;
    options.quorum = 2;
    options.down_after = seconds(1);
    return options;
  }
  std::string Ask(int sentinel, Input input) {
    world.Command(sentinel, ++client, std::move(input));
    world.RunFor(milliseconds(20));
    const CommandReply* reply = world.ReplyTo(sentinel, client);
    REQUIRE(reply != nullptr);
    if (const auto* error = std::get_if<ErrorReply>(reply)) return error->text;
    return std::holds_alternative<OkReply>(*reply) ? "OK" : "?";
  }
  std::string PauseAt(int sentinel, int64_t seconds, const std::string& reason = "new disks") {
    return Ask(sentinel, PauseRequested{ClientId{}, "mymaster", seconds, reason, {}});
  }
  std::string ResumeAt(int sentinel) {
    return Ask(sentinel, ResumeRequested{ClientId{}, "mymaster", {}});
  }
  int Paused() {
    int paused = 0;
    for (int i = 0; i < 3; ++i)
      if (world.sentinel(i).alive && IsPaused(world.group(i))) ++paused;
    return paused;
  }
  bool Moved() { return world.PrimaryOf(1) != world.server(0).address; }

  World world;
  uint64_t client = 100;
};

TEST_CASE("pause: nobody fails the group over, until it has ended") {
  Maintained t;
  CHECK(t.PauseAt(0, 60) == "OK");
  CHECK(t.Paused() == 3);
  CHECK(t.world.Happened("s0 +pause master mymaster 10.0.0.1 6379 #60 s: new disks"));
  CHECK(t.world.Happened("s2 +pause master mymaster 10.0.0.1 6379 #60 s: new disks"));
  t.world.KillServer(0);
  t.world.RunFor(seconds(30));
  CHECK(t.world.Happened("+odown"));
  CHECK_FALSE(t.world.Happened("+try-failover"));
  SUBCASE("by RESUME, anywhere") {
    CHECK(t.ResumeAt(1) == "OK");
    CHECK(t.Paused() == 0);
    CHECK(t.world.Happened("s2 -pause master mymaster 10.0.0.1 6379 #resumed"));
    CHECK(t.world.RunUntil([&] { return t.Moved(); }, seconds(5)));
  }
  SUBCASE("by itself") {
    t.world.RunFor(seconds(29));
    CHECK_FALSE(t.world.Happened("+try-failover"));
    CHECK(t.world.RunUntil([&] { return t.Moved(); }, seconds(5)));
    CHECK(t.world.Happened("#expired"));
  }
  SUBCASE("or until somebody orders it") {
    CHECK(t.Ask(0, FailoverRequested{ClientId{}, "mymaster"}) == "OK");
    CHECK(t.world.RunUntil([&] { return t.Moved(); }, seconds(5)));
  }
}

TEST_CASE("pause: a candidacy under way is given up") {
  Maintained t;
  t.world.KillServer(0);
  REQUIRE(t.world.RunUntil([&] { return t.world.Happened("+try-failover"); }, seconds(5)));
  for (int i = 0; i < 3; ++i)
    t.world.Command(i, 50 + i, PauseRequested{ClientId{}, "mymaster", 60, "stop", {}});
  t.world.RunFor(seconds(10));
  CHECK_FALSE(t.world.Happened("+promoted-slave"));
  CHECK(t.world.Happened("-failover-abort-not-elected"));
}

TEST_CASE("pause: a sentinel that was started again, or was away, hears of it") {
  Maintained t;
  t.world.KillSentinel(2);
  CHECK(t.PauseAt(0, 60) == "OK");
  t.world.StartSentinel(2);
  t.world.RunFor(seconds(3));
  CHECK(t.Paused() == 3);
  t.world.KillSentinel(1);
  t.world.StartSentinel(1);
  CHECK(t.ResumeAt(0) == "OK");
  t.world.RunFor(seconds(3));
  CHECK(t.Paused() == 0);
}

TEST_CASE("pause: what was ended does not come back with a peer that missed it") {
  Maintained t;
  CHECK(t.PauseAt(0, 600) == "OK");
  for (int i : {0, 1}) t.world.Cut(t.world.sentinel(i).address, t.world.sentinel(2).address);
  t.world.RunFor(seconds(5));
  CHECK(t.ResumeAt(0) == "OK");
  CHECK(t.Paused() == 1);
  t.world.Heal();
  t.world.RunFor(seconds(30));
  CHECK(t.Paused() == 0);
  // Paused anew, it is a newer one.
  CHECK(t.PauseAt(2, 10, "again") == "OK");
  CHECK(t.Paused() == 3);
}

TEST_CASE("pause: a vote for the loss of a paused primary is refused, one that is ordered is not") {
  Maintained t;
  CHECK(t.PauseAt(0, 60) == "OK");
  t.world.KillServer(0);
  t.world.RunFor(seconds(2));
  const auto ask = [&](Candidacy candidacy, uint64_t epoch) {
    t.world.Command(1, ++t.client,
                    MasterDownQuery{ClientId{}, t.world.server(0).address, epoch,
                                    std::string(40, 'c'), candidacy});
    t.world.RunFor(milliseconds(20));
    return std::get<MasterDownReply>(*t.world.ReplyTo(1, t.client)).refusal;
  };
  CHECK(ask(Candidacy::kLost, 10) == "paused");
  CHECK(ask(Candidacy::kOrdered, 11) == "");
}

TEST_CASE("pause: what is refused") {
  Maintained t;
  CHECK(t.PauseAt(0, 0).starts_with("ERR Invalid time"));
  CHECK(t.PauseAt(0, 604801).starts_with("ERR Invalid time"));
  CHECK(t.PauseAt(0, 1, "").starts_with("ERR Invalid reason"));
  CHECK(t.PauseAt(0, 1, "a\nb").starts_with("ERR Invalid reason"));
  CHECK(t.PauseAt(0, 1, std::string(201, 'x')).starts_with("ERR Invalid reason"));
  CHECK(t.Ask(0, PauseRequested{ClientId{}, "nobody", 1, "x", {}}) == kNoSuchGroup);
  CHECK(t.Ask(0, ResumeRequested{ClientId{}, "nobody", {}}) == kNoSuchGroup);
  CHECK(t.ResumeAt(0) == "ERR The master is not paused");
  CHECK(t.Ask(0, PauseRequested{ClientId{}, "mymaster", 1, "x", uint64_t{1} << 63}) ==
        "ERR Invalid version");
  CHECK(t.Paused() == 0);
}

}  // namespace
}  // namespace quorate::sentinel::core::test
