// SENTINEL EXPLAIN: a failover of a group that is not carried out. Whom we would choose if the
// primary were lost, and in a planned switchover; why not the others; whether we could be elected;
// what stands in the way. It asks the functions that a failover asks, and changes nothing.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "sentinel/core/replica_selection.h"
#include "sentinel/core/state.h"

namespace quorate::sentinel::core {

struct Prospect {
  base::Endpoint address;
  Eligibility if_lost = Eligibility::kEligible;
  Eligibility if_planned = Eligibility::kEligible;
};

struct Explanation {
  std::optional<base::Endpoint> heir_if_lost;
  std::optional<base::Endpoint> heir_if_planned;
  std::vector<Prospect> replicas;  // as they rank if the primary is lost
  size_t electorate = 0;
  size_t votes_needed = 0;
  size_t votes_reachable = 0;  // ourselves and the peers that answer
  // Why nothing would happen, or not at once; empty: nothing is in the way.
  std::vector<std::string> obstacles;
  // From the primary's last answer until a silent, and a dead, primary is suspected; what follows
  // is a few round trips and disk writes.
  base::Duration until_silence_counts{0};
  base::Duration until_death_counts{0};
};

Explanation Explain(const State& state, const Group& group, base::Instant now);

}  // namespace quorate::sentinel::core
