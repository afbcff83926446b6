// Learning who belongs to a group from INFO: which replicas a primary has, who runs at an address,
// and what role each reports. Peers are discovered by gossip (gossip.h). What follows from it for a
// failover is judged elsewhere; here it is recorded, with its events, and who is who is settled:
// second names of one process, replicas in doubt since a RESET.
#pragma once

#include <string>

#include "sentinel/core/turn.h"

namespace quorate::sentinel::core {

// Asks the primary and the replicas for INFO as is due: every 10 s, faster where something is
// expected to change.
void KeepInfo(Turn& turn, Group& group);

// Asks one node now. Precondition: its command link is up.
void AskInfo(Turn& turn, const Group& group, DataNode& node);

// Records the INFO of the primary (replica == nullptr) or of one replica. Returns false if the node
// turned out to be another name of a known process and was dropped: references to it are then
// dangling.
bool RecordInfo(Turn& turn, Group& group, DataNode& node, Replica* replica, std::string text,
                base::Instant asked_at);

// A hello that was published at a replica which says that it is a primary: if it is of another
// group and calls that node its primary, then the address is that group's now.
void NoteClaim(Turn& turn, const Group& group, Replica& replica, std::string_view hello);
// It is another group's primary, and let be.
bool IsForeign(const Turn& turn, const Replica& replica);
// It is one, or may be: its sentinels have not had the time to say so. Whom we have replaced is
// none: the same process, or another with a history of ours.
bool MayBeForeign(Turn& turn, const Group& group, const Replica& replica);

// A replica nobody has heard from yet.
Replica NewReplica(const base::Endpoint& address, base::Instant now);

// A doubted replica (administration.h, Reset) is one of the group after all.
void VerifyReplica(Turn& turn, const Group& group, Replica& replica);

// Makes place for one more in a group that has as many replicas as it may have (L4): one that is
// doubted goes, or who is down the longest. False: all are well, or needed by a failover.
bool MakeRoom(Turn& turn, Group& group);
// Adds a replica, unless it is known, is the primary itself, or there is no room. One that was
// doubted is verified.
void AddReplica(Turn& turn, Group& group, const base::Endpoint& address);

}  // namespace quorate::sentinel::core
