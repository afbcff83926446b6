// How a node's data stands to a position that somebody was told of elsewhere: "offset n of history
// h", which names a prefix of one stream. Whoever holds that prefix has every write in it.
//
// A history counts as held under its previous id only up to where this node left that id: what the
// old id's stream said after that is not known to be part of the new one.
#pragma once

#include "replication/core/history.h"
#include "shared/base/ids.h"

namespace quorate::replication::core {

struct Position {
  base::ReplicationId history;
  base::Offset offset;
};

enum class Standing {
  kReached,    // the data contains all of it
  kAhead,      // of our history, and further than we are
  kElsewhere,  // of a history that ours does not go on with, or goes on with from an earlier offset
};
Standing StandingOf(const Position& position, const History& ours);

}  // namespace quorate::replication::core
