#include "server/engine/latency_monitor.h"

#include <algorithm>

namespace quorate::server::engine {

void LatencyMonitor::Record(std::string_view event, base::WallTime when, int64_t milliseconds,
                            int64_t threshold) {
  if (threshold <= 0 || milliseconds < threshold) return;
  auto it = events_.find(event);
  if (it == events_.end()) it = events_.emplace(std::string(event), Event{}).first;
  Event& known = it->second;
  known.max_milliseconds = std::max(known.max_milliseconds, milliseconds);
  const int64_t second = when.ms / 1000;
  if (!known.samples.empty() && known.samples.back().unix_seconds == second) {
    known.samples.back().milliseconds = std::max(known.samples.back().milliseconds, milliseconds);
    return;
  }
  known.samples.push_back({second, milliseconds});
  if (known.samples.size() > kHistory) known.samples.pop_front();
}

bool LatencyMonitor::Reset(std::string_view event) {
  const auto it = events_.find(event);
  if (it == events_.end()) return false;
  events_.erase(it);
  return true;
}

size_t LatencyMonitor::ResetAll() {
  const size_t known = events_.size();
  events_.clear();
  return known;
}

}  // namespace quorate::server::engine
