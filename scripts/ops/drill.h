// A failure under writes, measured: one or more rounds (round.h) of fault, recovery and judgement
// against one running deployment. After each round the deployment is whole again (the killed
// process restarted, the paused one resumed) before the next begins.
//
// old-primary-returns, whose fault makes sure that there is something to lose: the replicas are
// stopped and their links cut, the primary takes writes alone for a moment and is stopped itself,
// the replicas go on and one of them takes over, the old primary wakes up. Then its rollback record
// is compared with what was lost.
//
// restart-empty-primary: the primary is killed, loses its files and starts again at once, so that
// it answers before anybody has held it for dead. Its replicas must keep what they have, and the
// sentinels must name one of them.
//
// restart-primary: the primary ends as an operator's restart or a package's upgrade ends it, and
// starts again at once. Whoever is primary afterwards, nothing is lost and nobody needs a full
// sync.
//
// cut-replica: the first replica is away until its primary's memory has lost what it needs next. It
// must come back by a partial resync all the same, and nobody else must notice.
#pragma once

#include <functional>

#include "scripts/ops/deployment.h"
#include "scripts/ops/drill_report.h"
#include "scripts/ops/foreground.h"
#include "scripts/ops/round.h"
#include "scripts/ops/verdict.h"
#include "shared/base/result.h"

namespace quorate::ops {

// The default limit of the write gap: two seconds beyond the detection that the scenario needs.
base::Duration DefaultWriteGap(Scenario scenario, const Topology& topology);

// `on_progress` hears of every finished round. An error means that the drill could not be run to
// its end: not that the deployment failed it, which is in the report.
base::Result<DrillReport> RunDrill(Foreground& foreground, Deployment& deployment,
                                   const DrillOptions& options,
                                   const std::function<void(const std::string&)>& on_progress);

}  // namespace quorate::ops
