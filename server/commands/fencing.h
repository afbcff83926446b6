// QUORATE FENCE, HEARTBEAT and REPLICAOF: what sentinels of ours say to servers of ours
// (engine/fencing.h). Their rows are in quorate.cpp.
#pragma once

#include "server/engine/context.h"

namespace quorate::server::commands {

// QUORATE FENCE <epoch> <milliseconds>.
void QuorateFence(engine::Context& context);
// QUORATE HEARTBEAT <sentinel's id> <epoch> <electorate> PRIMARY | REPLICA [<stamp>]; answers with
// the stamp that the next one gives back, an integer.
void QuorateHeartbeat(engine::Context& context);
// QUORATE REPLICAOF <host> <port> | NO ONE, <epoch>.
void QuorateReplicaOf(engine::Context& context);
// REPLICAOF as it is carried out; `args` begins with the host. An order without an epoch if that is
// absent.
void FollowOrPromote(engine::Context& context, std::string_view host, std::string_view port,
                     std::optional<base::Epoch> epoch);

}  // namespace quorate::server::commands
