// One server for a benchmark: started without persistence on a free port, pinned to a core, ended
// with the object; and what it has used of the machine so far.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "scripts/ops/ask.h"
#include "scripts/ops/foreground.h"
#include "scripts/ops/process.h"
#include "shared/base/ids.h"
#include "shared/base/result.h"

namespace quorate::ops {

class PinnedServer {
 public:
  // Returns when it answers. `core` may be empty: not pinned. `folder` is its working directory and
  // gets its log; `more` are further words of its command line.
  static base::Result<std::unique_ptr<PinnedServer>> Start(
      Foreground& foreground, const std::string& program, const std::string& core,
      const std::string& folder, const std::vector<std::string>& more = {});
  ~PinnedServer();
  PinnedServer(const PinnedServer&) = delete;
  PinnedServer& operator=(const PinnedServer&) = delete;

  const base::Endpoint& endpoint() const { return endpoint_; }
  // An error reply is an error here.
  base::Result<resp::Value> Call(const Command& command);
  // The version that INFO tells, of Quorate before that of Redis; empty if it does not say.
  std::string Version();
  // A field of INFO; empty if it is not there or the server does not answer.
  std::string InfoField(const std::string& section, const std::string& field);
  // User and system time so far, in seconds.
  double CpuSeconds() const { return ops::CpuSeconds(process_); }
  // Resident memory.
  double ResidentBytes() const { return ops::ResidentBytes(process_); }

 private:
  PinnedServer(Foreground& foreground, ProcessId process, base::Endpoint endpoint);
  base::Status AwaitAnswer();

  Foreground& foreground_;
  ProcessId process_;
  base::Endpoint endpoint_;
};

}  // namespace quorate::ops
