#include "server/config/table.h"

#include <limits>

namespace quorate::server::config {

using quorate::config::Choice;
using quorate::config::Codec;
using quorate::config::Integer;
using quorate::config::kIntMax;
using quorate::config::Memory;
using quorate::config::Value;
using quorate::config::YesNo;
using S = ServerSettings;

namespace {

Codec<EvictionPolicy> Policies() {
  std::vector<std::pair<std::string, EvictionPolicy>> choices;
  for (const auto& [name, policy] : store::kEvictionPolicies) choices.emplace_back(name, policy);
  return Choice(std::move(choices));
}

}  // namespace

std::vector<ServerRow> MemoryRows() {
  return {
      Value("maxmemory", &S::maxmemory, Memory(0, std::numeric_limits<uint64_t>::max()),
            "Memory for data, beyond which maxmemory-policy decides; 0 is no limit."),
      Value(
          "maxmemory-policy", &S::maxmemory_policy, Policies(),
          "Which keys are removed when maxmemory is reached; volatile means those with an expiry."),
      Value("maxmemory-samples", &S::maxmemory_samples, Integer<int>(1, kIntMax),
            "Keys compared to choose one for eviction: more is closer to exact and slower."),
      Value("lfu-log-factor", &S::lfu_log_factor, Integer<int>(0, kIntMax),
            "How slowly a key's access counter saturates under the lfu policies."),
      Value("lfu-decay-time", &S::lfu_decay_time, Integer<int>(0, kIntMax),
            "Minutes after which the access counter of an idle key falls by one; 0 never."),
      Value("lazyfree-lazy-eviction", &S::lazyfree_lazy_eviction, YesNo(),
            "Free evicted values in the background."),
      Value("lazyfree-lazy-expire", &S::lazyfree_lazy_expire, YesNo(),
            "Free expired values in the background."),
      Value("lazyfree-lazy-user-flush", &S::lazyfree_lazy_user_flush, YesNo(),
            "Let FLUSHDB and FLUSHALL without SYNC or ASYNC behave as ASYNC."),
      Value("replica-lazy-flush", &S::replica_lazy_flush, YesNo(),
            "Free the old data set of a replica in the background after a full synchronisation.")
          .Alias("slave-lazy-flush"),
  };
}

}  // namespace quorate::server::config
