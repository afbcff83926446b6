// One seed from its options to its verdict: a deployment is started, faults strike while the
// checkers watch (safety), everything is healed, and then all must be well within the promised time
// and the data equal (liveness).
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>

#include "tests/simulation/swarm/options.h"

namespace quorate::simulation {

struct Verdict {
  // What was violated; nothing: the seed passed.
  std::optional<std::string> violation;
  uint64_t trace_hash = 0;
  uint64_t elections = 0;       // won
  uint64_t configurations = 0;  // that took effect after the first
  uint64_t acknowledged = 0;    // writes
  bool loss_checked = false;
  // Partial resyncs from an on-disk backlog, and restarts that replayed one.
  uint64_t resumed_from_disk = 0;
  uint64_t replayed = 0;
  uint64_t recorded = 0;  // acknowledged writes that were discarded, and found in rollback records
  bool planted = false;   // the canary was
};

// `tell` is given faults and events as they happen, with their virtual times; it may be empty.
Verdict RunSeed(uint64_t seed, const std::function<void(const std::string&)>& tell);
// The same, but in the end a replica, if there is one, loses a key behind everybody's back: whoever
// then finds no violation would find none at all.
Verdict RunCanary(uint64_t seed);

}  // namespace quorate::simulation
