// What the benchmarks put on a server: redis-benchmark on a core of its own, and a known set of
// keys.
#pragma once

#include <memory>
#include <string>

#include "scripts/ops/foreground.h"
#include "scripts/ops/pinned_server.h"
#include "scripts/ops/process.h"
#include "shared/base/ids.h"
#include "shared/base/result.h"
#include "shared/base/time.h"

namespace quorate::ops {

struct Load {
  std::string test;  // of redis-benchmark: "set" or "get"
  int pipeline = 1;
  int64_t requests = 0;
  int64_t keys = 1'000'000;  // that the requests choose from
  int clients = 50;
};

// One redis-benchmark that runs; ended with the object. Values are 64 bytes long.
class RunningLoad {
 public:
  // Its output goes into `folder`.
  static base::Result<std::unique_ptr<RunningLoad>> Start(const base::Endpoint& server,
                                                          const Load& load,
                                                          const std::string& folder);
  ~RunningLoad();
  RunningLoad(const RunningLoad&) = delete;
  RunningLoad& operator=(const RunningLoad&) = delete;

  bool Finished() const;
  // Requests per second, when it has finished.
  base::Result<double> Rate() const;

 private:
  RunningLoad(ProcessId process, std::string output);

  ProcessId process_;
  std::string output_;
};

struct Measured {
  double rate = 0;             // requests per second
  double cpu_per_request = 0;  // microseconds of the server
};

// Runs a load to its end.
base::Result<Measured> RunLoad(Foreground& foreground, PinnedServer& server, const Load& load,
                               const std::string& folder);

// Writes `count` keys of 14 bytes, each with a random value of 64, by MSET over one connection.
base::Status Fill(Foreground& foreground, const base::Endpoint& server, int64_t count);

}  // namespace quorate::ops
