// Runs redis-server and quorate-server beside each other and measures both with redis-benchmark:
// requests per second, CPU time of the server per request, memory per key. Servers are pinned to
// one core, the load to another, and the two programs are measured in turn, round by round and
// within a round, so that what else the machine does hits both.
#pragma once

#include <functional>

#include "scripts/ops/bench_report.h"
#include "scripts/ops/deployment.h"
#include "scripts/ops/foreground.h"
#include "shared/base/result.h"

namespace quorate::ops {

struct BenchOptions {
  int rounds = 5;
  int clients = 50;
  int64_t keys = 1'000'000;         // of the random keys of SET and GET
  int64_t requests = 2'000'000;     // per round with pipelining; a fifth without
  int64_t memory_keys = 2'000'000;  // 14 bytes long, with values of 64
};

// An error means that it could not be measured; missed targets are in the report.
base::Result<BenchReport> RunBench(Foreground& foreground, const Programs& redis,
                                   const Programs& ours, const BenchOptions& options,
                                   const std::function<void(const std::string&)>& on_progress);

}  // namespace quorate::ops
