#include "sentinel/core/flapping.h"

#include <algorithm>
#include <chrono>
#include <string>

#include "sentinel/core/maintenance.h"

namespace quorate::sentinel::core {

void NoteUnorderedFailover(Turn& turn, Group& group) {
  const GroupOptions& options = group.options;
  auto& seen = group.unordered_failovers;
  seen.push_back(turn.now());
  while (seen.size() > kMaxFlapLimit || seen.front() + options.flap_window <= turn.now())
    seen.pop_front();
  if (options.flap_limit == 0 || seen.size() < options.flap_limit || IsPaused(group)) return;
  const auto seconds = std::chrono::ceil<std::chrono::seconds>(options.flap_window).count();
  PauseByItself(turn, group, std::min<int64_t>(seconds, kLongestPauseSeconds),
                "flapping: " + std::to_string(seen.size()) + " failovers within " +
                    std::to_string(seconds) + " s");
}

}  // namespace quorate::sentinel::core
