#include "tests/simulation/world/event_queue.h"

#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "shared/base/random.h"
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

TEST_CASE("event queue: cancelling what has run, or is running, does not touch another event") {
  EventQueue events;
  std::string order;
  EventQueue::Handle first;
  first = events.After(1ms, [&] {
    events.Cancel(first);
    events.After(1ms, [&] { order += 'b'; });  // takes the place of what runs
    events.Cancel(first);
    order += 'a';
  });
  while (events.RunNext(events.now() + 1h)) {
  }
  events.Cancel(first);
  CHECK(order == "ab");
}

TEST_CASE("event queue: thousands of events, some cancelled, run in order") {
  EventQueue events;
  base::Random random(7);
  struct Planned {
    EventQueue::Handle handle;
    bool cancelled = false;
  };
  std::vector<Planned> planned;
  std::vector<EventQueue::Handle> ran;
  const base::Instant start = events.now();
  for (size_t i = 0; i < 5000; ++i) {
    const auto when = start + base::Duration(random.Below(1000));
    planned.push_back({events.At(when, [&, i] { ran.push_back(planned[i].handle); })});
    if (random.Chance(1, 3)) {
      Planned& victim = planned[random.Below(planned.size())];
      victim.cancelled = true;
      events.Cancel(victim.handle);
    }
    if (random.Chance(1, 10)) events.RunNext(start + base::Duration(random.Below(1000)));
  }
  while (events.RunNext(start + 1s)) {
  }
  std::set<uint64_t> ran_sequences;
  for (size_t i = 0; i < ran.size(); ++i) {
    ran_sequences.insert(ran[i].sequence);
    if (i == 0) continue;
    CHECK(std::pair(ran[i - 1].when, ran[i - 1].sequence) <
          std::pair(ran[i].when, ran[i].sequence));
  }
  CHECK(ran_sequences.size() == ran.size());
  for (const Planned& one : planned)
    if (!one.cancelled) CHECK(ran_sequences.contains(one.handle.sequence));
  events.AdvanceTo(start + 1h);
}

TEST_CASE("event queue: what is cancelled lets go of what it owns at once") {
  EventQueue events;
  const auto owned = std::make_shared<int>(1);
  const auto cancelled = events.After(1ms, [owned] {});
  events.After(1ms, [owned] {});
  CHECK(owned.use_count() == 3);
  events.Cancel(cancelled);
  CHECK(owned.use_count() == 2);
  events.CancelAll();
  CHECK(owned.use_count() == 1);
  CHECK_FALSE(events.RunNext(events.now() + 1h));
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
