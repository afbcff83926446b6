#include "replication/core/stream_clock.h"

#include <algorithm>

namespace quorate::replication::core {

void StreamClock::Reset(base::Offset end) {
  end_ = end;
  marks_.clear();
}

void StreamClock::Advance(base::Instant now, base::Offset end) {
  if (end == end_) return;
  if (end < end_) return Reset(end);  // another history
  if (marks_.empty() || now - marks_.back().at >= kResolution) {
    if (marks_.size() == kMarks) Thin();
    marks_.push_back({end_, now});
  }
  end_ = end;
}

void StreamClock::Thin() {
  size_t kept = 0;
  for (size_t i = 0; i < marks_.size(); i += 2) marks_[kept++] = marks_[i];
  marks_.resize(kept);
}

std::optional<base::Duration> StreamClock::Age(base::Instant now, base::Offset reached) const {
  if (reached >= end_) return base::Duration::zero();
  const auto after = std::ranges::upper_bound(marks_, reached, {}, &Mark::start);
  if (after == marks_.begin()) return std::nullopt;
  return now - std::prev(after)->at;
}

}  // namespace quorate::replication::core
