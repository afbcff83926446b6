// Virtual time: events in the order of (instant, order of scheduling). Time moves only from event
// to event, so a quiet hour costs nothing. A heap of small entries that point at their actions; a
// cancelled event's action goes at once, its entry when its time comes.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <vector>

#include "shared/base/time.h"

namespace quorate::simulation {

class EventQueue {
 public:
  // Names one event for ever: another one never gets the same.
  struct Handle {
    base::Instant when;
    uint64_t sequence = 0;
    uint32_t slot = 0;
  };

  base::Instant now() const { return now_; }
  // An instant in the past means now.
  Handle At(base::Instant when, std::function<void()> action);
  Handle After(base::Duration delay, std::function<void()> action) {
    return At(now_ + delay, std::move(action));
  }
  // Nothing if it has run already.
  void Cancel(const Handle& handle);
  void CancelAll();

  // Runs the next event if it is due by `limit` and moves time to it; false if there is none.
  bool RunNext(base::Instant limit);
  // Precondition: no event is due before `when`, and `when` is not past.
  void AdvanceTo(base::Instant when);

 private:
  // Where an action waits. The sequence is the waiting event's; 0: free.
  struct Slot {
    uint64_t sequence = 0;
    std::function<void()> action;
  };

  bool Stands(const Handle& handle) const {
    return slots_[handle.slot].sequence == handle.sequence;
  }
  std::function<void()> Take(const Handle& handle);
  // The next event that stands; nullptr if there is none.
  const Handle* Next();
  void PopHeap();

  // Not at the epoch: Instant{} stays before every real instant.
  base::Instant now_ = base::Instant(std::chrono::seconds(1000));
  uint64_t next_sequence_ = 1;
  std::vector<Handle> heap_;  // the earliest first
  std::deque<Handle> due_;    // at now_, in the order of scheduling
  std::vector<Slot> slots_;
  std::vector<uint32_t> free_slots_;
};

}  // namespace quorate::simulation
