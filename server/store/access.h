// The 24 access bits of a record, as Redis keeps them. LRU: the clock in seconds, modulo 2^24. LFU:
// the clock in minutes (16 bits) and a logarithmic counter (8 bits) that decays. Pure: `now` and
// randomness are parameters.
#pragma once

#include <cstdint>

#include "server/store/record.h"
#include "shared/base/random.h"
#include "shared/base/time.h"

namespace quorate::server::store {

struct LfuSettings {
  int log_factor = 10;  // lfu-log-factor
  int decay_time = 1;   // lfu-decay-time, minutes; 0: never
};

// ---- LRU
uint32_t LruBits(base::WallTime now);
// How long ago `access` was stamped, in ms (whole seconds; wraps after 194 days).
int64_t LruIdleMs(uint32_t access, base::WallTime now);

// ---- LFU
// What a new key starts with: counter 5.
uint32_t LfuInitialBits(base::WallTime now);
// The counter after the decay due until now, without changing anything (OBJECT FREQ).
uint8_t LfuCounter(uint32_t access, base::WallTime now, const LfuSettings& settings);
// The bits after one more access: decayed, perhaps counted, stamped.
uint32_t LfuTouched(uint32_t access, base::WallTime now, const LfuSettings& settings,
                    base::Random& random);

}  // namespace quorate::server::store
