// Runs a trio of redis-sentinel and then a trio of quorate-sentinel over the same many groups,
// whose data nodes one process plays (tests/bench/mock_servers.cpp), and measures what the trio
// costs at rest and how long it takes to fail over one group, and many at once: from the death of
// the primaries until the last sentinel has said +switch-master of the last group.
#pragma once

#include <functional>
#include <string>

#include "scripts/ops/bench_report.h"
#include "scripts/ops/deployment.h"
#include "scripts/ops/foreground.h"
#include "shared/base/result.h"
#include "shared/base/time.h"

namespace quorate::ops {

struct SentinelBenchOptions {
  int groups = 500;
  int singles = 5;   // failovers of one group
  int bursts = 3;    // failovers of many groups at once, of
  int at_once = 50;  // so many, if there are enough groups that have not failed over yet
  base::Duration rest = std::chrono::seconds(25);
  // At 5 s both ping as often: Redis' pings come once a second, or at the latest every down-after;
  // ours five times in down-after, at most once a second.
  base::Duration down_after = std::chrono::seconds(5);
};

// `mock_servers`: the program of that name. An error means that it could not be measured; missed
// targets are in the report.
base::Result<BenchReport> RunSentinelBench(
    Foreground& foreground, const Programs& redis, const Programs& ours,
    const std::string& mock_servers, const SentinelBenchOptions& options,
    const std::function<void(const std::string&)>& on_progress);

}  // namespace quorate::ops
