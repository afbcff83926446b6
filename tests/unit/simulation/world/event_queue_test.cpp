#include "tests/simulation/world/event_queue.h"

#include <string>

#include "tests/simulation/world/host_clock.h"

#include <doctest/doctest.h>

using namespace quorate;
using namespace std::chrono_literals;
using simulation::EventQueue;
using simulation::HostClock;

TEST_CASE("event queue: runs in order of time, then of scheduling, up to the limit") {
  EventQueue events;
  std::string order;
  const base::Instant start = events.now();
  events.After(2ms, [&] { order += 'c'; });
  events.After(1ms, [&] { order += 'a'; });
  events.After(1ms, [&] {
    order += 'b';
    events.After(0ms, [&] { order += '!'; });
  });
  const auto cancelled = events.After(1ms, [&] { order += 'x'; });
  events.Cancel(cancelled);
  while (events.RunNext(start + 1ms)) {
  }
  CHECK(order == "ab!");
  CHECK(events.now() == start + 1ms);
  CHECK(events.RunNext(start + 1h));
  CHECK(order == "ab!c");
  CHECK_FALSE(events.RunNext(start + 1h));
}

TEST_CASE("host clock: a skewed clock maps to true time and back without ever being early") {
  const base::Instant world = base::Instant(1000s);
  for (const int64_t ppm : {0, 37, -250, 100'000, -400'000}) {
    CAPTURE(ppm);
    HostClock clock(world, base::Instant(77s), base::WallTime{0});
    clock.SetRate(world, ppm);
    for (const base::Duration ahead : {1ns, 999ns, 1'234'567ns, 3'600'000'000'001ns}) {
      const base::Instant local = base::Instant(77s) + ahead;
      const base::Instant at = clock.WorldAt(local);
      CHECK(clock.Local(at) >= local);
      CHECK(clock.Local(at - 1ns) < local);
    }
  }
}

TEST_CASE(
    "host clock: the monotonic clock does not fall when the rate changes, the wall clock jumps") {
  base::Instant world = base::Instant(1000s);
  HostClock clock(world, base::Instant(5s), base::WallTime{1'000'000});
  clock.SetRate(world, 500'000);
  world += 10s;
  CHECK(clock.Local(world) == base::Instant(20s));
  clock.SetRate(world, -500'000);
  CHECK(clock.Local(world) == base::Instant(20s));
  CHECK(clock.Local(world + 10s) == base::Instant(25s));
  CHECK(clock.Wall(world).ms == 1'010'000);
  clock.JumpWall(-1h);
  CHECK(clock.Wall(world).ms == 1'010'000 - 3'600'000);
  CHECK(clock.Local(world) == base::Instant(20s));
}
