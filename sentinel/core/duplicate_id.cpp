#include "sentinel/core/duplicate_id.h"

#include <string>
#include <utility>

namespace quorate::sentinel::core {

void NoteDuplicate(Turn& turn, const Hello& hello) {
  if (std::exchange(turn.state().duplicate_heard_at, turn.now())) return;
  turn.TouchAll();
  turn.AnnounceProcess(EventType::kDuplicateMyid, "sentinel " + hello.id.ToString() + " " +
                                                      hello.sentinel.host + " " +
                                                      std::to_string(hello.sentinel.port));
}

void NoticeEndOfDuplicate(Turn& turn) {
  State& state = turn.state();
  if (!state.duplicate_heard_at ||
      turn.now() < *state.duplicate_heard_at + turn.timings().duplicate_quiet)
    return;
  state.duplicate_heard_at.reset();
  turn.AnnounceProcess(EventType::kDuplicateMyidGone, "sentinel " + state.myid.ToString());
  turn.TouchAll();
}

base::Instant DuplicateDeadline(const State& state) {
  if (!state.duplicate_heard_at) return base::Instant::max();
  return *state.duplicate_heard_at + state.settings.timings.duplicate_quiet;
}

}  // namespace quorate::sentinel::core
