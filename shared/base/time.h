// Time as the project uses it. Instant is monotonic and serves every decision; WallTime serves key
// expiry and people. Nobody below a runtime reads a clock: `now` is always a parameter (io/clock.h
// has the clocks).
#pragma once

#include <chrono>
#include <compare>
#include <cstdint>

namespace quorate::base {

using Duration = std::chrono::nanoseconds;

// Tag clock for Instant; it cannot be read.
struct MonotonicClock {
  using duration = Duration;
  using rep = duration::rep;
  using period = duration::period;
  using time_point = std::chrono::time_point<MonotonicClock>;
  static constexpr bool is_steady = true;
};
// A point of CLOCK_MONOTONIC. The epoch is arbitrary; Instant{} is before every real instant.
using Instant = MonotonicClock::time_point;

// Milliseconds since the Unix epoch. May jump.
struct WallTime {
  int64_t ms = 0;
  friend constexpr auto operator<=>(WallTime, WallTime) = default;
};

inline int64_t ToMs(Duration d) {
  return std::chrono::duration_cast<std::chrono::milliseconds>(d).count();
}
inline int64_t ToMicros(Duration d) {
  return std::chrono::duration_cast<std::chrono::microseconds>(d).count();
}

}  // namespace quorate::base
