#include "tests/simulation/world/event_queue.h"

#include <algorithm>

#include "shared/base/check.h"

namespace quorate::simulation {

EventQueue::Handle EventQueue::At(base::Instant when, std::function<void()> action) {
  const Handle handle{std::max(when, now_), next_sequence_++};
  events_.emplace(handle, std::move(action));
  return handle;
}

bool EventQueue::RunNext(base::Instant limit) {
  if (events_.empty() || events_.begin()->first.first > limit) return false;
  const auto event = events_.extract(events_.begin());
  now_ = event.key().first;
  event.mapped()();
  return true;
}

void EventQueue::AdvanceTo(base::Instant when) {
  CHECK(when >= now_);
  CHECK(events_.empty() || events_.begin()->first.first >= when);
  now_ = when;
}

}  // namespace quorate::simulation
