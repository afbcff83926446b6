// When the stream grew past which offset, so that a distance in bytes can be told as one in time: a
// replica at offset n is as late as the first byte after n is old.
//
// Kept as samples "the bytes from `start` on came at `at`", at most kSamples of them. Bytes that
// come within kResolution of a sample belong to it, and when there are too many every second one is
// dropped; so what is recent is known to the millisecond and what is old more coarsely, always as
// somewhat older than it is.
#pragma once

#include <chrono>
#include <cstddef>
#include <optional>
#include <vector>

#include "shared/base/ids.h"
#include "shared/base/time.h"

namespace quorate::replication::core {

class StreamClock {
 public:
  static constexpr size_t kSamples = 512;
  static constexpr base::Duration kResolution = std::chrono::milliseconds(1);

  // Forgets everything: what is before `end` came nobody knows when.
  void Reset(base::Offset end);
  // The stream ends at `end`; what was added since the last call came now.
  void Advance(base::Instant now, base::Offset end);
  base::Offset end() const { return end_; }

  // How long ago the first byte after `reached` came; zero if there is none, nullopt if it came
  // before the first sample.
  std::optional<base::Duration> Age(base::Instant now, base::Offset reached) const;
  size_t sample_count() const { return samples_.size(); }

 private:
  struct Sample {
    base::Offset start;
    base::Instant at;
  };
  void Thin();

  base::Offset end_;
  std::vector<Sample> samples_;  // by start, and by time
};

}  // namespace quorate::replication::core
