// How often a deployment's servers sent a snapshot to a replica, and how often the stream was
// enough, from one observation to another. Pure.
#pragma once

#include "scripts/ops/observation.h"
#include "scripts/ops/verdict.h"

namespace quorate::ops {

// A process that was started meanwhile counts with all that it served. `before` and `after` have
// the same servers in the same order.
Resyncs ResyncsBetween(const Observation& before, const Observation& after);

}  // namespace quorate::ops
