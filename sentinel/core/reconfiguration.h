// Making data nodes follow the primary that the configuration names: the replicas after a promotion
// (at most parallel-syncs at a time, the replaced primary first and always), and strays for ever
// after - a node that claims to be primary, or that follows the wrong one. And making the primary
// itself one again, if it came back as a replica and nobody else has the role.
#pragma once

#include "sentinel/core/turn.h"

namespace quorate::sentinel::core {

// It has been told to follow the new primary and does not yet.
bool IsBeingReconfigured(const Replica& replica);

// The last phase of a failover.
void KeepReconfiguration(Turn& turn, Group& group);

// INFO of a replica has arrived: its part in the reconfiguration, or its repair. Not to be called
// in TILT.
void OnReplicaInfo(Turn& turn, Group& group, Replica& replica);

// INFO of the primary has arrived. It started from an old configuration file, say, that makes it
// follow its own replica: then everyone follows someone and nobody takes writes. The role is its
// own by the configuration, so no election is needed to give it back (+fix-master-config). If some
// other node has the role, or it follows a node that we cannot ask or that is not of the group (an
// operator moves the data), it is left alone. Not to be called in TILT.
void OnPrimaryInfo(Turn& turn, Group& group);

// MULTI, SLAVEOF NO ONE, CONFIG REWRITE, CLIENT KILL TYPE normal and pubsub, EXEC; EXEC's reply
// goes to OnPromotionReply. Precondition: the heir's command link is up.
void SendPromotionNow(Turn& turn, const Group& group, DataNode& heir, base::Epoch epoch);

}  // namespace quorate::sentinel::core
