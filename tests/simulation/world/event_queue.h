// Virtual time: events in the order of (instant, order of scheduling). Time moves only from event
// to event, so a quiet hour costs nothing.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <utility>

#include "shared/base/time.h"

namespace quorate::simulation {

class EventQueue {
 public:
  using Handle = std::pair<base::Instant, uint64_t>;

  base::Instant now() const { return now_; }
  // An instant in the past means now.
  Handle At(base::Instant when, std::function<void()> action);
  Handle After(base::Duration delay, std::function<void()> action) {
    return At(now_ + delay, std::move(action));
  }
  // Nothing if it has run already.
  void Cancel(const Handle& handle) { events_.erase(handle); }
  void CancelAll() { std::exchange(events_, {}); }

  // Runs the next event if it is due by `limit` and moves time to it; false if there is none.
  bool RunNext(base::Instant limit);
  // Precondition: no event is due before `when`, and `when` is not past.
  void AdvanceTo(base::Instant when);

 private:
  // Not at the epoch: Instant{} stays before every real instant.
  base::Instant now_ = base::Instant(std::chrono::seconds(1000));
  uint64_t next_sequence_ = 0;
  std::map<Handle, std::function<void()>> events_;
};

}  // namespace quorate::simulation
