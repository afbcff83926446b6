#include "server/engine/stats.h"

#include <bit>

namespace quorate::server::engine {

size_t LatencyHistogram::BucketOf(uint64_t value) {
  if (value < 2 * kSteps) return value;
  const int shift = std::bit_width(value) - std::bit_width(uint64_t{2 * kSteps - 1});
  return static_cast<size_t>(shift) * kSteps + (value >> shift);
}

uint64_t LatencyHistogram::UpperBoundOf(size_t bucket) {
  if (bucket < 2 * kSteps) return bucket;
  const size_t shift = bucket / kSteps - 1;
  const uint64_t mantissa = bucket - shift * kSteps;
  return ((mantissa + 1) << shift) - 1;
}

void LatencyHistogram::Record(int64_t microseconds) {
  const size_t bucket = BucketOf(microseconds < 0 ? 0 : static_cast<uint64_t>(microseconds));
  if (bucket >= buckets_.size()) buckets_.resize(bucket + 1);
  ++buckets_[bucket];
  ++count_;
}

int64_t LatencyHistogram::Percentile(double percent) const {
  if (count_ == 0) return 0;
  const double wanted = percent / 100.0 * static_cast<double>(count_);
  uint64_t seen = 0;
  for (size_t bucket = 0; bucket < buckets_.size(); ++bucket) {
    seen += buckets_[bucket];
    if (seen != 0 && static_cast<double>(seen) >= wanted)
      return static_cast<int64_t>(UpperBoundOf(bucket));
  }
  return static_cast<int64_t>(UpperBoundOf(buckets_.size() - 1));
}

std::vector<std::pair<int64_t, uint64_t>> LatencyHistogram::CumulativeByPowerOfTwo() const {
  std::vector<std::pair<int64_t, uint64_t>> points;
  uint64_t seen = 0;
  size_t bucket = 0;
  for (int64_t bound = 1; seen < count_; bound *= 2) {
    const uint64_t before = seen;
    while (bucket < buckets_.size() && UpperBoundOf(bucket) <= static_cast<uint64_t>(bound))
      seen += buckets_[bucket++];
    if (seen != before) points.emplace_back(bound, seen);
  }
  return points;
}

void InstantaneousRate::Sample(base::Instant now, uint64_t counter) {
  const int64_t elapsed_ms = base::ToMs(now - last_time_);
  if (last_time_ != base::Instant{} && elapsed_ms > 0 && counter >= last_counter_) {
    samples_[next_] = (counter - last_counter_) * 1000 / static_cast<uint64_t>(elapsed_ms);
    next_ = (next_ + 1) % kSamples;
  }
  last_time_ = now;
  last_counter_ = counter;
}

uint64_t InstantaneousRate::PerSecond() const {
  uint64_t sum = 0;
  for (const uint64_t sample : samples_) sum += sample;
  return sum / kSamples;
}

void Statistics::CountError(std::string_view prefix) {
  ++total_error_replies;
  if (auto it = errors.find(prefix); it != errors.end()) {
    ++it->second;
  } else if (errors.size() < kMaxErrorKinds) {
    errors.emplace(prefix, 1);
  }
}

}  // namespace quorate::server::engine
