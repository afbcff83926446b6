// Counters of the engine: what INFO's Stats, Commandstats, Errorstats and Latencystats sections
// print. CONFIG RESETSTAT clears them. Plain numbers, no clock: the engine passes times in.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "shared/base/time.h"

namespace quorate::server::engine {

// Log-linear histogram of microseconds: values below 64 exactly, then 32 steps per power of two
// (about 3 % error).
class LatencyHistogram {
 public:
  void Record(int64_t microseconds);
  // The value at or below which `percent` of the recordings lie; 0 if there are none.
  int64_t Percentile(double percent) const;
  uint64_t count() const { return count_; }
  // Cumulative counts at powers of two, as LATENCY HISTOGRAM prints them: (upper bound in
  // microseconds, cumulative count).
  std::vector<std::pair<int64_t, uint64_t>> CumulativeByPowerOfTwo() const;

 private:
  static constexpr int kSteps = 32;
  static size_t BucketOf(uint64_t value);
  static uint64_t UpperBoundOf(size_t bucket);

  std::vector<uint32_t> buckets_;  // allocated at the first recording
  uint64_t count_ = 0;
};

struct CommandStatistics {
  uint64_t calls = 0;
  uint64_t rejected = 0;
  uint64_t failed = 0;
  int64_t nanoseconds = 0;
  LatencyHistogram latency;
};

// Rate of a growing counter over the last 16 samples, one each Cron.
class InstantaneousRate {
 public:
  void Sample(base::Instant now, uint64_t counter);
  uint64_t PerSecond() const;

 private:
  static constexpr size_t kSamples = 16;
  std::array<uint64_t, kSamples> samples_{};
  size_t next_ = 0;
  base::Instant last_time_{};
  uint64_t last_counter_ = 0;
};

struct Statistics {
  uint64_t connections_received = 0;
  uint64_t commands_processed = 0;
  uint64_t rejected_connections = 0;
  uint64_t net_input_bytes = 0;
  uint64_t net_output_bytes = 0;
  uint64_t net_repl_input_bytes = 0;
  uint64_t net_repl_output_bytes = 0;
  uint64_t expired_keys = 0;
  uint64_t expired_time_cap_reached = 0;
  double expired_stale_percent = 0;
  uint64_t evicted_keys = 0;
  uint64_t evicted_clients = 0;
  uint64_t keyspace_hits = 0;
  uint64_t keyspace_misses = 0;
  uint64_t total_error_replies = 0;
  uint64_t unexpected_error_replies = 0;
  uint64_t total_reads = 0;
  uint64_t total_writes = 0;
  uint64_t client_query_buffer_limit_disconnections = 0;
  uint64_t client_output_buffer_limit_disconnections = 0;
  uint64_t peak_memory = 0;
  InstantaneousRate commands_rate;
  InstantaneousRate input_rate;
  InstantaneousRate output_rate;
  InstantaneousRate repl_input_rate;
  InstantaneousRate repl_output_rate;

  std::vector<CommandStatistics> commands;  // by CommandRow index
  // By error prefix, e.g. "ERR"; what comes when there are kMaxErrorKinds is only in the total.
  std::map<std::string, uint64_t, std::less<>> errors;
  static constexpr size_t kMaxErrorKinds = 128;

  void CountError(std::string_view prefix);
};

}  // namespace quorate::server::engine
