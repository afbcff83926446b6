#include "sentinel/core/deadlines.h"

namespace quorate::sentinel::core {

void Deadlines::Set(const std::string& group, base::Instant when) {
  const auto [position, created] = by_group_.try_emplace(group, when);
  if (created) {
    order_.emplace(when, &position->first);
    return;
  }
  if (position->second == when) return;
  auto entry = order_.extract({position->second, &position->first});
  position->second = when;
  entry.value().first = when;
  order_.insert(std::move(entry));
}

void Deadlines::Forget(const std::string& group) {
  const auto position = by_group_.find(group);
  if (position == by_group_.end()) return;
  order_.erase({position->second, &position->first});
  by_group_.erase(position);
}

base::Instant Deadlines::earliest() const {
  return order_.empty() ? base::Instant::max() : order_.begin()->first;
}

}  // namespace quorate::sentinel::core
