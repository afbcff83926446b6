// What must hold in every state. The numbers are those of sentinel.h.
#pragma once

#include "sentinel/core/durable.h"
#include "sentinel/core/state.h"

namespace quorate::sentinel::core {

// CHECKs what can be seen in one state.
void CheckInvariants(const State& state);
// CHECKs what can be seen between two states of one process, or of its restart from what was
// durable.
void CheckSuccession(const DurableState& before, const DurableState& after);

}  // namespace quorate::sentinel::core
