// One round of a drill: writers run -> fault -> recovery -> writers stop -> the deployment is
// restored -> the surviving data is read and compared with the history -> the writes are removed.
// Recovery: every sentinel names a new primary and every writer writes again; where the role need
// not move, everything is in its place again and every writer writes.
#pragma once

#include "scripts/ops/deployment.h"
#include "scripts/ops/drill_report.h"
#include "scripts/ops/foreground.h"
#include "scripts/ops/verdict.h"
#include "shared/base/result.h"

namespace quorate::ops {

struct DrillOptions {
  Scenario scenario = Scenario::kKillPrimary;
  int rounds = 1;
  int writers = 4;
  int replicas = 0;  // that must confirm a write by WAIT
  Limits limits;
};

// How long a deployment may take until it is fit for a round.
inline constexpr base::Duration kReadyLimit = std::chrono::seconds(60);

// An error means that the round could not be run to its end: not that the deployment failed it,
// which is in the report. Whatever happens, the fault and what was prepared for it are undone.
base::Result<RoundReport> RunRound(Foreground& foreground, Deployment& deployment,
                                   const DrillOptions& options);

}  // namespace quorate::ops
