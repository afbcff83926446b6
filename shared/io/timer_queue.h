// All timers of one loop in one ordered queue, fired in order of (instant, order of arming). For
// the implementations of the seam, which drive it with their clocks; its users call
// Io::CreateTimer. A timer never fires before its instant.
//
// A timer armed during a FireDue pass fires in a later pass, even if its instant is past: a timer
// that re-arms itself for the past cannot keep the loop from its sockets.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <utility>

#include "shared/base/time.h"
#include "shared/io/io.h"

namespace quorate::io {

class TimerQueue {
 public:
  TimerQueue() = default;
  TimerQueue(const TimerQueue&) = delete;
  TimerQueue& operator=(const TimerQueue&) = delete;

  // The queue outlives the timer.
  std::unique_ptr<Timer> Create(std::function<void()> on_fire);

  // Fires what is due at `now`.
  void FireDue(base::Instant now);

  // When the next timer is due; nothing if none is armed.
  std::optional<base::Instant> Next() const;

 private:
  class QueuedTimer;
  struct Entry {
    base::Instant when;
    uint64_t sequence;
    QueuedTimer* timer;
    bool operator<(const Entry& other) const {
      return std::pair(when, sequence) < std::pair(other.when, other.sequence);
    }
  };
  using Queue = std::set<Entry>;

  Queue waiting_;
  Queue firing_;  // taken out of waiting_ by the pass that runs now
  uint64_t next_sequence_ = 0;
};

}  // namespace quorate::io
