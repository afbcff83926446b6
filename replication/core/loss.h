// What of ours a full synchronisation throws away: the part of our stream that the other history
// does not have, or all of the dataset, if nothing tells that the other has any of it.
//
// Told by what is offered (+FULLRESYNC names an id and an offset), then by the primary's INFO
// (fork.h). If neither knows an id of ours, it is judged by what became of our stream: one of which
// nobody ever acknowledged a byte lives on nowhere, so whatever takes our data's place is of
// another origin.
#pragma once

#include <optional>

#include "replication/core/fork.h"
#include "replication/core/history.h"
#include "shared/base/ids.h"

namespace quorate::replication::core {

// The stream of a node that was a primary, until it has another's.
struct OwnStream {
  bool untold = false;  // the dataset was made without a stream that tells of it
  std::optional<base::Offset> acknowledged;  // the most that any replica did
};

// What a full synchronisation is going to bring.
struct OfferedHistory {
  base::ReplicationId id;
  std::optional<base::Offset> offset;  // empty: SYNC, which names no history
};

struct Loss {
  // What our stream has beyond it is lost. At our offset: nothing is.
  Fork fork;
  // Our dataset is not known to have anything in common with the other: all of it is lost.
  bool unrelated = false;
};

// `own`: empty if our data came from a primary. `told`: the primary's INFO, if it answered.
Loss FindLoss(const History& ours, const std::optional<OwnStream>& own,
              const std::optional<PrimaryHistory>& told, const OfferedHistory& offered);

}  // namespace quorate::replication::core
