#include "server/store/access.h"

#include <doctest/doctest.h>

using namespace quorate::server::store;
using quorate::base::Random;
using quorate::base::WallTime;

TEST_CASE("access: idle time counts whole seconds and survives the clock's wrap") {
  const WallTime then{1700000000123};
  CHECK(LruIdleMs(LruBits(then), then) == 0);
  CHECK(LruIdleMs(LruBits(then), {then.ms + 5000}) == 5000);
  const WallTime before_wrap{((int64_t{1} << 24) - 2) * 1000};
  CHECK(LruIdleMs(LruBits(before_wrap), {before_wrap.ms + 10000}) == 10000);
}

TEST_CASE("access: the LFU counter starts at 5, decays by the minute and saturates at 255") {
  const LfuSettings settings;
  const WallTime start{60000 * 1000};
  const uint32_t fresh = LfuInitialBits(start);
  CHECK(LfuCounter(fresh, start, settings) == 5);
  CHECK(LfuCounter(fresh, {start.ms + 3 * 60000}, settings) == 2);
  CHECK(LfuCounter(fresh, {start.ms + 60 * 60000}, settings) == 0);
  CHECK(LfuCounter(fresh, {start.ms + 60 * 60000}, {.log_factor = 10, .decay_time = 0}) == 5);
  CHECK(LfuCounter(fresh, {start.ms + 3 * 60000}, {.log_factor = 10, .decay_time = 2}) == 4);

  Random random(1);
  uint32_t bits = fresh;
  for (int i = 0; i < 1000; ++i)
    bits = LfuTouched(bits, start, {.log_factor = 0, .decay_time = 1}, random);
  CHECK(LfuCounter(bits, start, settings) == 255);
  CHECK((bits >> 8) == (fresh >> 8));
}

TEST_CASE("access: the LFU counter is logarithmic") {
  // Redis documents about 10 after 100 hits, 18 after 1000 and 142 after 100,000 (log factor 10).
  const LfuSettings settings;
  Random random(2);
  const WallTime now{1000000};
  uint32_t bits = LfuInitialBits(now);
  int hits = 0;
  const auto reach = [&](int total) {
    for (; hits < total; ++hits) bits = LfuTouched(bits, now, settings, random);
    return static_cast<int>(LfuCounter(bits, now, settings));
  };
  CHECK(reach(100) == doctest::Approx(10).epsilon(0.3));
  CHECK(reach(1000) == doctest::Approx(18).epsilon(0.3));
  CHECK(reach(100000) == doctest::Approx(142).epsilon(0.15));
}

TEST_CASE("access: a touch stamps the minute and decays first") {
  const LfuSettings settings;
  Random random(3);
  const WallTime start{0};
  const WallTime later{4 * 60000};
  const uint32_t bits = LfuTouched(LfuInitialBits(start), later, settings, random);
  CHECK((bits >> 8) == 4);
  CHECK((bits & 0xff) == 2);  // 5 - 4 + 1: below 5 every access counts
}
