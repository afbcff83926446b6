#include "server/store/access.h"

#include <algorithm>

namespace quorate::server::store {

namespace {

constexpr uint32_t kLruMask = (1u << 24) - 1;
constexpr int64_t kLruResolutionMs = 1000;
constexpr uint8_t kLfuInitialCounter = 5;

uint32_t Minutes(base::WallTime now) { return static_cast<uint32_t>(now.ms / 60000) & 0xffff; }

uint32_t MinutesSince(uint32_t then, uint32_t now) { return (now - then) & 0xffff; }

}  // namespace

uint32_t LruBits(base::WallTime now) {
  return static_cast<uint32_t>(now.ms / kLruResolutionMs) & kLruMask;
}

int64_t LruIdleMs(uint32_t access, base::WallTime now) {
  return static_cast<int64_t>((LruBits(now) - access) & kLruMask) * kLruResolutionMs;
}

uint32_t LfuInitialBits(base::WallTime now) { return Minutes(now) << 8 | kLfuInitialCounter; }

uint8_t LfuCounter(uint32_t access, base::WallTime now, const LfuSettings& settings) {
  const uint32_t counter = access & 0xff;
  if (settings.decay_time <= 0) return static_cast<uint8_t>(counter);
  const uint32_t periods =
      MinutesSince(access >> 8, Minutes(now)) / static_cast<uint32_t>(settings.decay_time);
  return static_cast<uint8_t>(counter - std::min(counter, periods));
}

// The counter rises with probability 1 / ((counter - 5) * log_factor + 1).
uint32_t LfuTouched(uint32_t access, base::WallTime now, const LfuSettings& settings,
                    base::Random& random) {
  uint32_t counter = LfuCounter(access, now, settings);
  if (counter < 255) {
    const uint64_t above = counter > kLfuInitialCounter ? counter - kLfuInitialCounter : 0;
    const uint64_t odds = above * static_cast<uint64_t>(std::max(settings.log_factor, 0)) + 1;
    if (random.Chance(1, odds)) ++counter;
  }
  return Minutes(now) << 8 | counter;
}

}  // namespace quorate::server::store
