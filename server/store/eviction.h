// The choice of a key to evict when maxmemory is reached: Redis' eight policies, approximated as
// Redis does it by sampling into a pool of the best candidates seen so far. Chooses only; the
// caller deletes and propagates.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "server/store/access.h"
#include "server/store/databases.h"
#include "server/store/eviction_policy.h"
#include "server/store/record.h"
#include "shared/base/random.h"
#include "shared/base/time.h"

namespace quorate::server::store {

struct EvictionSettings {
  EvictionPolicy policy = EvictionPolicy::kNoEviction;
  size_t samples = 5;  // maxmemory-samples
  LfuSettings lfu;
};

struct Victim {
  size_t database;
  Record* record;
};

class Evictor {
 public:
  // Nothing if the policy is noeviction or no database has a key that it may take. The candidates
  // kept from call to call are looked up again before use, so keys may come and go between calls.
  std::optional<Victim> PickVictim(const Databases& databases, const EvictionSettings& settings,
                                   base::WallTime now, base::Random& random);
  // Forget the candidates: after a change of policy.
  void Reset();

 private:
  static constexpr size_t kPoolSize = 16;
  struct Candidate {
    uint64_t score = 0;  // higher goes first
    size_t database = 0;
    std::string key;
  };

  bool Fill(const Databases& databases, size_t database, const EvictionSettings& settings,
            base::WallTime now, base::Random& random);
  void Offer(uint64_t score, size_t database, std::string_view key);
  std::optional<Victim> TakeBest(const Databases& databases);
  std::optional<Victim> PickRandom(const Databases& databases, EvictionPolicy policy,
                                   base::Random& random);

  std::array<Candidate, kPoolSize> pool_;  // ascending by score
  size_t pool_used_ = 0;
  EvictionPolicy pool_policy_ = EvictionPolicy::kNoEviction;
  size_t next_random_database_ = 0;
};

}  // namespace quorate::server::store
