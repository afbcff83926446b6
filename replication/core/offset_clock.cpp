#include "replication/core/offset_clock.h"

#include <algorithm>
#include <iterator>

#include "shared/base/check.h"

namespace quorate::replication::core {

void OffsetClock::Note(base::Offset offset, base::WallTime now) {
  if (offset < latest_.offset) samples_.clear();
  latest_ = {offset, now};
  if (!samples_.empty()) {
    if (offset == samples_.back().offset) return;
    // A clock that was set back goes on from there.
    const int64_t since = now.ms - samples_.back().when.ms;
    if (since >= 0 && since < kPeriodMs) return;
  }
  samples_.push_back(latest_);
  if (samples_.size() > kSamples) samples_.pop_front();
}

std::optional<base::WallTime> OffsetClock::NotBefore(base::Offset offset) const {
  const auto after =
      std::upper_bound(samples_.begin(), samples_.end(), offset,
                       [](base::Offset wanted, const Sample& s) { return wanted < s.offset; });
  if (after == samples_.begin()) return std::nullopt;
  return std::prev(after)->when;
}

std::optional<base::WallTime> OffsetClock::Reached(base::Offset offset) const {
  const auto at =
      std::lower_bound(samples_.begin(), samples_.end(), offset,
                       [](const Sample& s, base::Offset wanted) { return s.offset < wanted; });
  if (at != samples_.end()) return at->when;
  if (!samples_.empty() && offset <= latest_.offset) return latest_.when;
  return std::nullopt;
}

void OffsetClock::CheckInvariants() const {
  CHECK(samples_.size() <= kSamples);
  for (size_t i = 1; i < samples_.size(); ++i) CHECK(samples_[i - 1].offset < samples_[i].offset);
  CHECK(samples_.empty() || samples_.back().offset <= latest_.offset);
}

}  // namespace quorate::replication::core
