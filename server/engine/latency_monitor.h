// LATENCY: spikes per event at or above latency-monitor-threshold milliseconds, one sample per
// second and event (the largest), the last 160 of each.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <string>
#include <string_view>

#include "shared/base/time.h"

namespace quorate::server::engine {

class LatencyMonitor {
 public:
  static constexpr size_t kHistory = 160;
  struct Sample {
    int64_t unix_seconds = 0;
    int64_t milliseconds = 0;
  };
  struct Event {
    std::deque<Sample> samples;  // oldest first
    int64_t max_milliseconds = 0;
  };

  // Records when `milliseconds` reaches a non-zero `threshold`.
  void Record(std::string_view event, base::WallTime when, int64_t milliseconds, int64_t threshold);
  // Forgets one event (true if it was known), or all.
  bool Reset(std::string_view event);
  size_t ResetAll();
  const std::map<std::string, Event, std::less<>>& events() const { return events_; }

 private:
  std::map<std::string, Event, std::less<>> events_;
};

}  // namespace quorate::server::engine
