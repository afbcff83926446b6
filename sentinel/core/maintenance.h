// SENTINEL PAUSE and RESUME: while operators work on a group, nobody fails it over by himself. A
// primary that is down stays the primary; sentinels go on watching, demoting and re-pointing, and
// what is ordered (FAILOVER, SWITCHOVER) is done.
//
// All sentinels of ours share one maintenance for a group. Every change has a version; the highest
// wins, and of two with the same the one that pauses. An operator's change takes at least the time
// of day as its version, so that the last word wins even if it was said to a sentinel that had not
// heard the others yet. Who changes it tells its peers, and whoever meets a peer (or was started
// again: nothing of it is on disk) tells it what it knows.
//
// Invariants
//   M1  while a group is paused we neither stand because its primary is lost nor vote for one who
//       does; a failover of that kind is given up unless its promotion was sent.
//   M2  a pause ends by itself, and what has expired does not come back from a peer.
#pragma once

#include <cstdint>
#include <string>

#include "sentinel/core/inputs.h"
#include "sentinel/core/turn.h"

namespace quorate::sentinel::core {

void Pause(Turn& turn, const PauseRequested& request);
void Resume(Turn& turn, const ResumeRequested& request);

// The same by the sentinel itself (flapping.h). Precondition: it is not paused.
void PauseByItself(Turn& turn, Group& group, int64_t seconds, std::string reason);

// Tells the peers what they may not know yet; ends a pause whose time is over.
void KeepMaintenance(Turn& turn, Group& group);
bool IsPaused(const Group& group);

}  // namespace quorate::sentinel::core
