// How a failover went, read from the events that the sentinels published: pure, from time-stamped
// messages to durations. A phase that left no event (a switchover has no detection) has no
// duration.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "shared/base/ids.h"
#include "shared/base/time.h"

namespace quorate::ops {

// One message of a sentinel, stamped on arrival.
struct SentinelEvent {
  base::Instant at;
  std::string sentinel;  // name in the topology
  std::string channel;   // "+sdown"
  std::string payload;   // "master mymaster 127.0.0.1 6379"
};

struct Phases {
  // Since the fault:
  std::optional<base::Duration> detection;    // first +sdown of the primary
  std::optional<base::Duration> agreement;    // first +odown
  std::optional<base::Duration> election;     // first +elected-leader
  std::optional<base::Duration> promotion;    // first +promoted-slave
  std::optional<base::Duration> publication;  // +switch-master on the last of the sentinels
  // Who took over, by the first +switch-master.
  std::optional<base::Endpoint> new_primary;
  // Sentinels that published +switch-master.
  size_t switched = 0;
};

// Looks only at events of `group` from `fault` on. `sentinels` is how many must have switched for
// publication to be complete.
Phases MeasurePhases(const std::vector<SentinelEvent>& events, const std::string& group,
                     base::Instant fault, size_t sentinels);

}  // namespace quorate::ops
