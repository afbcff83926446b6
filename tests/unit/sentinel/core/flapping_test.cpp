// Anti-flapping: after so many failovers that nobody ordered the group is paused.
#include "sentinel/core/flapping.h"

#include <string>

#include "sentinel/core/maintenance.h"
#include "tests/unit/sentinel/core/world.h"

#include <doctest/doctest.h>

namespace quorate::sentinel::core::test {
namespace {

struct Flapping {
  Flapping() : world(3, 3, Options()) { world.RunFor(seconds(8)); }
  static GroupOptions Options() {
    GroupOptions options;
    options.down_after = seconds(1);
    options.flap_limit = 2;
    options.flap_window = seconds(120);
    return options;
  }
  int Primary() {
    for (int i = 0; i < 3; ++i)
      if (world.server(i).address == world.PrimaryOf(0)) return i;
    return -1;
  }
  // Kills the primary, and brings it back when another has the role.
  bool Lose() {
    const int old = Primary();
    world.KillServer(old);
    const bool moved = world.RunUntil([&] { return Primary() != old; }, seconds(15));
    world.RunFor(seconds(2));
    world.StartServer(old);
    world.RunFor(seconds(10));
    return moved;
  }
  std::string Ask(int sentinel, Input input) {
    world.Command(sentinel, ++client, std::move(input));
    world.RunFor(milliseconds(20));
    const CommandReply* reply = world.ReplyTo(sentinel, client);
    REQUIRE(reply != nullptr);
    return std::holds_alternative<OkReply>(*reply) ? "OK" : "?";
  }
  int Paused() {
    int paused = 0;
    for (int i = 0; i < 3; ++i)
      if (IsPaused(world.group(i))) ++paused;
    return paused;
  }

  World world;
  uint64_t client = 100;
};

TEST_CASE("flapping: at the limit every sentinel pauses the group, until it is acknowledged") {
  Flapping t;
  REQUIRE(t.Lose());
  CHECK(t.Paused() == 0);
  REQUIRE(t.Lose());
  CHECK(t.Paused() == 3);
  CHECK(t.world.Happened("#120 s: flapping: 2 failovers within 120 s"));
  CHECK_FALSE(t.Lose());
  SUBCASE("by RESUME, after which counting begins anew") {
    CHECK(t.Ask(1, ResumeRequested{ClientId{}, "mymaster", {}}) == "OK");
    CHECK(t.Paused() == 0);
    CHECK(t.Lose());
    CHECK(t.Paused() == 0);
    CHECK(t.Lose());
    CHECK(t.Paused() == 3);
  }
  SUBCASE("or the window is over") {
    t.world.RunFor(seconds(120));
    CHECK(t.Paused() == 0);
    CHECK(t.Lose());
  }
}

TEST_CASE("flapping: what was ordered is neither counted nor stopped") {
  Flapping t;
  for (int i = 0; i < 4; ++i) {
    const int old = t.Primary();
    CHECK(t.Ask(i % 3, FailoverRequested{ClientId{}, "mymaster"}) == "OK");
    CHECK(t.world.RunUntil([&] { return t.Primary() != old; }, seconds(15)));
    t.world.RunFor(seconds(12));
  }
  CHECK(t.Paused() == 0);
  REQUIRE(t.Lose());
  REQUIRE(t.Lose());
  REQUIRE(t.Paused() == 3);
  const int old = t.Primary();
  CHECK(t.Ask(0, FailoverRequested{ClientId{}, "mymaster"}) == "OK");
  CHECK(t.world.RunUntil([&] { return t.Primary() != old; }, seconds(15)));
}

TEST_CASE("flapping: a sentinel that was away does not count what it only hears of") {
  Flapping t;
  t.world.KillSentinel(2);
  REQUIRE(t.Lose());
  t.world.StartSentinel(2);
  t.world.RunFor(seconds(8));
  REQUIRE(t.world.group(2).config_epoch == t.world.group(0).config_epoch);
  CHECK(t.world.group(2).unordered_failovers.empty());
  CHECK(t.Paused() == 0);
}

TEST_CASE("flapping: failovers further apart than the window are no flapping") {
  Flapping t;
  for (int i = 0; i < 3; ++i) {
    CHECK(t.Lose());
    t.world.RunFor(seconds(120));
  }
  CHECK(t.Paused() == 0);
}

}  // namespace
}  // namespace quorate::sentinel::core::test
