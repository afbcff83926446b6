#include "replication/core/offset_clock.h"

#include <doctest/doctest.h>

using namespace quorate::base;
using namespace quorate::replication::core;

TEST_CASE("offset clock: a byte was written between the sample before it and the one after") {
  OffsetClock clock;
  clock.Note(Offset(100), {1000});
  clock.Note(Offset(150), {1500});  // too soon for a sample of its own
  clock.Note(Offset(200), {2000});
  clock.Note(Offset(300), {3000});
  CHECK(clock.NotBefore(Offset(160))->ms == 1000);
  CHECK(clock.NotBefore(Offset(200))->ms == 2000);
  CHECK(clock.Reached(Offset(150))->ms == 2000);
  CHECK(clock.Reached(Offset(300))->ms == 3000);
}

TEST_CASE("offset clock: the latest length is known to the turn") {
  OffsetClock clock;
  clock.Note(Offset(100), {1000});
  clock.Note(Offset(150), {1200});
  CHECK(clock.Reached(Offset(150))->ms == 1200);
  CHECK(!clock.Reached(Offset(151)));
  CHECK(!clock.NotBefore(Offset(99)));
}

TEST_CASE("offset clock: a shorter history is another one") {
  OffsetClock clock;
  clock.Note(Offset(100), {1000});
  clock.Note(Offset(50), {5000});
  CHECK(clock.NotBefore(Offset(60))->ms == 5000);
  CHECK(!clock.NotBefore(Offset(49)));
  CHECK(!clock.Reached(Offset(100)));
}

TEST_CASE("offset clock: what is too long ago is forgotten") {
  OffsetClock clock;
  for (int64_t i = 0; i <= static_cast<int64_t>(OffsetClock::kSamples); ++i)
    clock.Note(Offset(i), {i * OffsetClock::kPeriodMs});
  CHECK(!clock.NotBefore(Offset(0)));
  CHECK(clock.NotBefore(Offset(1))->ms == OffsetClock::kPeriodMs);
}
