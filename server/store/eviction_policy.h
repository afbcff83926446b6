// Redis' eight answers to a full memory (maxmemory-policy).
#pragma once

#include <array>
#include <cstdint>

namespace quorate::server::store {

enum class EvictionPolicy : uint8_t {
  kVolatileLru,
  kVolatileLfu,
  kVolatileRandom,
  kVolatileTtl,
  kAllKeysLru,
  kAllKeysLfu,
  kAllKeysRandom,
  kNoEviction,
};

struct NamedPolicy {
  const char* name;  // as maxmemory-policy spells it
  EvictionPolicy policy;
};
// In the order of the enumerators.
inline constexpr std::array<NamedPolicy, 8> kEvictionPolicies = {{
    {"volatile-lru", EvictionPolicy::kVolatileLru},
    {"volatile-lfu", EvictionPolicy::kVolatileLfu},
    {"volatile-random", EvictionPolicy::kVolatileRandom},
    {"volatile-ttl", EvictionPolicy::kVolatileTtl},
    {"allkeys-lru", EvictionPolicy::kAllKeysLru},
    {"allkeys-lfu", EvictionPolicy::kAllKeysLfu},
    {"allkeys-random", EvictionPolicy::kAllKeysRandom},
    {"noeviction", EvictionPolicy::kNoEviction},
}};

constexpr const char* PolicyName(EvictionPolicy policy) {
  return kEvictionPolicies[static_cast<size_t>(policy)].name;
}

// Whether the access bits count accesses (LFU) or hold the time of the last one (all other
// policies).
constexpr bool UsesLfu(EvictionPolicy policy) {
  return policy == EvictionPolicy::kVolatileLfu || policy == EvictionPolicy::kAllKeysLfu;
}

}  // namespace quorate::server::store
