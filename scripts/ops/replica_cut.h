// The fault of cut-replica, and how the replica came back from it. The replica's process is stopped
// and its link dropped, so that nothing that is on its way reaches it; the writers go on until its
// primary's memory has long lost what it needs next, and the sentinels have noticed; then it wakes
// up and finds its link gone.
#pragma once

#include <string>

#include "scripts/ops/deployment.h"
#include "scripts/ops/fault.h"
#include "scripts/ops/foreground.h"
#include "scripts/ops/observation.h"
#include "scripts/ops/verdict.h"
#include "shared/base/result.h"

namespace quorate::ops {

struct CutPlan {
  std::string primary;  // names in the topology
  std::string replica;
  base::Duration away;           // at least
  base::Duration in_step_limit;  // after which nobody waits for it any more
};

// The first server, in the topology's order, that follows `primary` directly; empty: none does.
std::string FirstReplica(const Observation& observation, const base::Endpoint& primary);

// Blocks until the replica is in step again or its time is over, which is a finding and no error.
// Error: it could not be kept away for long enough. `fault` owns the stopped process.
base::Result<ReplicaCut> CutReplica(Foreground& foreground, const Deployment& deployment,
                                    Fault& fault, const CutPlan& plan);

}  // namespace quorate::ops
