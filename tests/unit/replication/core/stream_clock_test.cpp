#include "replication/core/stream_clock.h"

#include <chrono>

#include <doctest/doctest.h>

using namespace quorate::base;
using namespace std::chrono_literals;
using quorate::replication::core::StreamClock;

namespace {

const Instant kStart{std::chrono::seconds(100)};

}  // namespace

TEST_CASE("stream clock: who is at the end is not late, whatever the time") {
  StreamClock clock;
  clock.Advance(kStart, Offset(50));
  CHECK(clock.Age(kStart + 10s, Offset(50)) == Duration::zero());
  CHECK(clock.Age(kStart + 10s, Offset(60)) == Duration::zero());
}

TEST_CASE("stream clock: a replica is as late as the first byte that it misses is old") {
  StreamClock clock;
  clock.Advance(kStart, Offset(100));
  clock.Advance(kStart + 10s, Offset(200));  // nothing came in the ten seconds before
  clock.Advance(kStart + 11s, Offset(300));
  const Instant now = kStart + 12s;
  CHECK(clock.Age(now, Offset(0)) == 12s);
  CHECK(clock.Age(now, Offset(99)) == 12s);
  CHECK(clock.Age(now, Offset(100)) == 2s);
  CHECK(clock.Age(now, Offset(199)) == 2s);
  CHECK(clock.Age(now, Offset(200)) == 1s);
  CHECK(clock.Age(now, Offset(300)) == 0s);
}

TEST_CASE("stream clock: what came before the first mark came nobody knows when") {
  StreamClock clock;
  clock.Reset(Offset(1000));
  clock.Advance(kStart, Offset(1100));
  CHECK(clock.Age(kStart + 1s, Offset(1000)) == 1s);
  CHECK_FALSE(clock.Age(kStart + 1s, Offset(999)).has_value());
  clock.Advance(kStart + 2s, Offset(500));  // another history, shorter
  CHECK_FALSE(clock.Age(kStart + 2s, Offset(499)).has_value());
}

TEST_CASE(
    "stream clock: bounded; recent marks stay exact, old ones grow coarse and never younger") {
  StreamClock clock;
  constexpr int kSteps = 100'000;
  for (int i = 0; i < kSteps; ++i) clock.Advance(kStart + i * 1ms, Offset(i + 1));
  CHECK(clock.sample_count() <= StreamClock::kSamples);
  const Instant now = kStart + kSteps * 1ms;
  for (const int missing : {1, 10, 100, 1000, 50'000, kSteps}) {
    CAPTURE(missing);
    const Duration truth = missing * 1ms;
    const Duration told = clock.Age(now, Offset(kSteps - missing)).value();
    CHECK(told >= truth);
    CHECK(told <= truth + (missing <= 100 ? 0ms : missing * 2ms));
  }
}

TEST_CASE("stream clock: bytes of one millisecond share a mark") {
  StreamClock clock;
  for (int i = 0; i < 10; ++i)
    clock.Advance(kStart + std::chrono::microseconds(i * 100), Offset(i + 1));
  CHECK(clock.sample_count() == 1);
}
