#include "replication/core/standing.h"

namespace quorate::replication::core {

Standing StandingOf(const Position& position, const History& ours) {
  if (position.history == ours.id())
    return position.offset <= ours.offset() ? Standing::kReached : Standing::kAhead;
  if (ours.previous_end() && position.history == ours.previous_id() &&
      position.offset <= *ours.previous_end())
    return Standing::kReached;
  return Standing::kElsewhere;
}

}  // namespace quorate::replication::core
