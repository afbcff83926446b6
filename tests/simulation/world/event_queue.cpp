#include "tests/simulation/world/event_queue.h"

#include <algorithm>
#include <utility>

#include "shared/base/check.h"

namespace quorate::simulation {

namespace {

// Of two events the later, as the standard heap wants it to have the earliest in front. A type, not
// a function, so that it is inlined where most time goes.
struct Later {
  bool operator()(const EventQueue::Handle& a, const EventQueue::Handle& b) const {
    return a.when != b.when ? a.when > b.when : a.sequence > b.sequence;
  }
};

}  // namespace

EventQueue::Handle EventQueue::At(base::Instant when, std::function<void()> action) {
  if (free_slots_.empty()) {
    free_slots_.push_back(static_cast<uint32_t>(slots_.size()));
    slots_.emplace_back();
  }
  const Handle handle{std::max(when, now_), next_sequence_++, free_slots_.back()};
  free_slots_.pop_back();
  slots_[handle.slot] = {handle.sequence, std::move(action)};
  if (handle.when == now_) {
    due_.push_back(handle);
  } else {
    heap_.push_back(handle);
    std::push_heap(heap_.begin(), heap_.end(), Later());
  }
  return handle;
}

std::function<void()> EventQueue::Take(const Handle& handle) {
  Slot& slot = slots_[handle.slot];
  slot.sequence = 0;
  free_slots_.push_back(handle.slot);
  return std::exchange(slot.action, nullptr);
}

void EventQueue::Cancel(const Handle& handle) {
  if (!Stands(handle)) return;
  const std::function<void()> dropped = Take(handle);
}

void EventQueue::CancelAll() {
  // What the actions own may call back here while it is destroyed.
  const std::vector<Slot> dropped = std::exchange(slots_, std::vector<Slot>(slots_.size()));
  heap_.clear();
  due_.clear();
  free_slots_.clear();
  for (uint32_t slot = 0; slot < slots_.size(); ++slot) free_slots_.push_back(slot);
}

const EventQueue::Handle* EventQueue::Next() {
  while (!heap_.empty() && !Stands(heap_.front())) PopHeap();
  while (!due_.empty() && !Stands(due_.front())) due_.pop_front();
  if (due_.empty()) return heap_.empty() ? nullptr : &heap_.front();
  // What was scheduled for this instant before it came goes first.
  const bool heap_first = !heap_.empty() && Later()(due_.front(), heap_.front());
  return heap_first ? &heap_.front() : &due_.front();
}

void EventQueue::PopHeap() {
  std::pop_heap(heap_.begin(), heap_.end(), Later());
  heap_.pop_back();
}

bool EventQueue::RunNext(base::Instant limit) {
  const Handle* next = Next();
  if (next == nullptr || next->when > limit) return false;
  const Handle event = *next;
  if (!due_.empty() && next == &due_.front()) {
    due_.pop_front();
  } else {
    PopHeap();
  }
  now_ = event.when;
  Take(event)();
  return true;
}

void EventQueue::AdvanceTo(base::Instant when) {
  CHECK(when >= now_);
  const Handle* next = Next();
  CHECK(next == nullptr || next->when >= when);
  now_ = when;
}

}  // namespace quorate::simulation
