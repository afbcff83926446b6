// Stalls of this process (swapped out, stopped, the machine asleep), seen by the monotonic clock: a
// step that comes long after it was due. What others did meanwhile is unknown: nobody is held for
// silent because of it and, if it was long (TILT), nothing is decided and no vote given until fresh
// replies had time to come (E6). Redis enters TILT for jumps of the wall clock, too; that is not
// read here.
#pragma once

#include "sentinel/core/turn.h"

namespace quorate::sentinel::core {

// First in each step. `due` is when it was due at the latest; Instant::max(): never.
void NoticeStall(Turn& turn, base::Instant due);
// When TILT ends; Instant::max() if there is none.
base::Instant TiltDeadline(const State& state);

}  // namespace quorate::sentinel::core
