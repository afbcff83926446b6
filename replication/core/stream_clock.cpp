#include "replication/core/stream_clock.h"

#include <algorithm>

namespace quorate::replication::core {

void StreamClock::Reset(base::Offset end) {
  end_ = end;
  samples_.clear();
}

void StreamClock::Advance(base::Instant now, base::Offset end) {
  if (end == end_) return;
  if (end < end_) return Reset(end);  // another history
  if (samples_.empty() || now - samples_.back().at >= kResolution) {
    if (samples_.size() == kSamples) Thin();
    samples_.push_back({end_, now});
  }
  end_ = end;
}

void StreamClock::Thin() {
  size_t kept = 0;
  for (size_t i = 0; i < samples_.size(); i += 2) samples_[kept++] = samples_[i];
  samples_.resize(kept);
}

std::optional<base::Duration> StreamClock::Age(base::Instant now, base::Offset reached) const {
  if (reached >= end_) return base::Duration::zero();
  const auto after = std::ranges::upper_bound(samples_, reached, {}, &Sample::start);
  if (after == samples_.begin()) return std::nullopt;
  return now - std::prev(after)->at;
}

}  // namespace quorate::replication::core
