// Whether all servers of a deployment hold the same data: the same offset, and the same digest by
// DEBUG DIGEST (enable-debug-command). The comparison is pure; AwaitAgreement asks.
#pragma once

#include <string>
#include <vector>

#include "scripts/ops/deployment.h"
#include "scripts/ops/foreground.h"
#include "scripts/ops/observation.h"
#include "shared/base/time.h"

namespace quorate::ops {

struct DataView {
  ServerView server;
  std::string digest;
};

// The first server that differs from the first one, or does not answer; empty: all agree.
std::string Disagreement(const std::vector<DataView>& views);

// Asks until they agree, at most `limit`; the last disagreement, empty if there is none. The
// writers must have stopped.
std::string AwaitAgreement(Foreground& foreground, const Deployment& deployment,
                           base::Duration limit);

}  // namespace quorate::ops
