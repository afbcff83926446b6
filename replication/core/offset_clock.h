// When the history was how long, by the wall clock: one sample a second while it grows, for people
// who want to know when something was written. The stream itself carries no times.
//
// Invariant: samples rise strictly in their offsets, and there are at most kSamples of them.
#pragma once

#include <cstddef>
#include <deque>
#include <optional>

#include "shared/base/ids.h"
#include "shared/base/time.h"

namespace quorate::replication::core {

class OffsetClock {
 public:
  // More than two hours of uninterrupted writing.
  static constexpr size_t kSamples = 8192;
  static constexpr int64_t kPeriodMs = 1000;

  // The history is `offset` long now. A shorter one than before is another history.
  void Note(base::Offset offset, base::WallTime now);
  base::Offset latest() const { return latest_.offset; }

  // A time at which the history was not yet longer than `offset`: what lies beyond was written
  // after it. Nothing if that is too long ago.
  std::optional<base::WallTime> NotBefore(base::Offset offset) const;
  // A time at which it was at least `offset` long: what lies before was written by then.
  std::optional<base::WallTime> Reached(base::Offset offset) const;
  // Aborts if the invariant is broken.
  void CheckInvariants() const;

 private:
  struct Sample {
    base::Offset offset;
    base::WallTime when;
  };
  std::deque<Sample> samples_;
  Sample latest_;
};

}  // namespace quorate::replication::core
