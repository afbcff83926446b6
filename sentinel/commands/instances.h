// The maps in which SENTINEL MASTERS, REPLICAS and SENTINELS describe instances. Order and names of
// fields are Redis': clients read them by position.
#pragma once

#include "sentinel/core/state.h"
#include "shared/base/time.h"
#include "shared/resp/writer.h"

namespace quorate::sentinel::commands {

void WritePrimary(resp::Writer& out, const core::State& state, const core::Group& group,
                  base::Instant now);
void WriteReplica(resp::Writer& out, const core::State& state, const core::Group& group,
                  const core::Replica& replica, base::Instant now);
void WritePeer(resp::Writer& out, const core::State& state, const core::Group& group,
               const core::Peer& peer, base::Instant now);

}  // namespace quorate::sentinel::commands
