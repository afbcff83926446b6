#include "scripts/ops/resyncs.h"

#include "shared/base/check.h"

namespace quorate::ops {

Resyncs ResyncsBetween(const Observation& before, const Observation& after) {
  CHECK(before.servers.size() == after.servers.size());
  Resyncs sum;
  for (size_t i = 0; i < after.servers.size(); ++i) {
    const ServerView& was = before.servers[i];
    const ServerView& is = after.servers[i];
    const bool restarted = was.run_id != is.run_id;
    sum.full += is.full_syncs - (restarted ? 0 : was.full_syncs);
    sum.partial += is.partial_syncs - (restarted ? 0 : was.partial_syncs);
  }
  return sum;
}

}  // namespace quorate::ops
