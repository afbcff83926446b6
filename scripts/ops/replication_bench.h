// Replication of redis-server and quorate-server beside each other: what a full sync costs and
// disturbs, what a replica costs its primary for each write, what a middle node costs, and what a
// snapshot file costs the writers. As in the other benchmark the two programs are measured in turn.
//
// The full syncs run unpinned, since Redis makes the snapshot in a child of its own. The writes run
// with the primary (or the middle node, when that is measured) alone on a core, and the load and
// the other servers on the other.
#pragma once

#include <functional>

#include "scripts/ops/bench_report.h"
#include "scripts/ops/deployment.h"
#include "scripts/ops/foreground.h"
#include "shared/base/result.h"

namespace quorate::ops {

struct ReplicationBenchOptions {
  int rounds = 3;
  int64_t keys = 2'000'000;      // 14 bytes long, with values of 64
  int64_t requests = 1'000'000;  // SETs of a load, 16 pipelined
};

// An error means that it could not be measured; missed targets are in the report.
base::Result<BenchReport> RunReplicationBench(
    Foreground& foreground, const Programs& redis, const Programs& ours,
    const ReplicationBenchOptions& options,
    const std::function<void(const std::string&)>& on_progress);

}  // namespace quorate::ops
