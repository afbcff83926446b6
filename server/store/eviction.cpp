#include "server/store/eviction.h"

#include <algorithm>

namespace quorate::server::store {

namespace {

bool VolatileOnly(EvictionPolicy policy) {
  return policy == EvictionPolicy::kVolatileLru || policy == EvictionPolicy::kVolatileLfu ||
         policy == EvictionPolicy::kVolatileRandom || policy == EvictionPolicy::kVolatileTtl;
}

bool IsRandom(EvictionPolicy policy) {
  return policy == EvictionPolicy::kVolatileRandom || policy == EvictionPolicy::kAllKeysRandom;
}

const Table& TableFor(const Keyspace& keyspace, EvictionPolicy policy) {
  return VolatileOnly(policy) ? keyspace.expires() : keyspace.keys();
}

// How much a record deserves to go: idle time, rarity, or nearness of its end.
uint64_t Score(const Record& record, const EvictionSettings& settings, base::WallTime now) {
  if (settings.policy == EvictionPolicy::kVolatileTtl)
    return UINT64_MAX - static_cast<uint64_t>(record.expire_at_ms());
  if (UsesLfu(settings.policy)) return 255u - LfuCounter(record.access(), now, settings.lfu);
  return static_cast<uint64_t>(LruIdleMs(record.access(), now));
}

}  // namespace

std::optional<Victim> Evictor::PickVictim(const Databases& databases,
                                          const EvictionSettings& settings, base::WallTime now,
                                          base::Random& random) {
  if (settings.policy == EvictionPolicy::kNoEviction) return std::nullopt;
  if (IsRandom(settings.policy)) return PickRandom(databases, settings.policy, random);
  if (settings.policy != pool_policy_) Reset();
  pool_policy_ = settings.policy;
  for (;;) {
    bool any = false;
    for (size_t i = 0; i < databases.count(); ++i)
      any = Fill(databases, i, settings, now, random) || any;
    if (!any) return std::nullopt;
    if (const auto victim = TakeBest(databases)) return victim;
  }
}

// Best first; candidates that have gone meanwhile are dropped on the way.
std::optional<Victim> Evictor::TakeBest(const Databases& databases) {
  while (pool_used_ > 0) {
    const Candidate& best = pool_[--pool_used_];
    if (best.database >= databases.count()) continue;
    const Keyspace& keyspace = databases[best.database];
    Record* record = TableFor(keyspace, pool_policy_).Find(keyspace.Prepare(best.key));
    if (record != nullptr) return Victim{best.database, record};
  }
  return std::nullopt;
}

// Samples one database into the pool. False if it has no key to offer.
bool Evictor::Fill(const Databases& databases, size_t database, const EvictionSettings& settings,
                   base::WallTime now, base::Random& random) {
  constexpr size_t kMaxSamples = 64;  // maxmemory-samples' upper limit
  std::array<Record*, kMaxSamples> records;
  const size_t wanted = std::clamp<size_t>(settings.samples, 1, kMaxSamples);
  const size_t found = TableFor(databases[database], settings.policy)
                           .Sample(random, std::span(records.data(), wanted));
  for (size_t i = 0; i < found; ++i)
    Offer(Score(*records[i], settings, now), database, records[i]->key());
  return found != 0;
}

// Keeps the pool sorted; when it is full the lowest score falls out.
void Evictor::Offer(uint64_t score, size_t database, std::string_view key) {
  const auto begin = pool_.begin();
  const auto end = begin + static_cast<std::ptrdiff_t>(pool_used_);
  const auto at = std::find_if(begin, end, [&](const Candidate& c) { return c.score >= score; });
  const auto assign = [&](Candidate& candidate) {
    candidate.score = score;
    candidate.database = database;
    candidate.key = key;
  };
  if (pool_used_ < kPoolSize) {
    std::rotate(at, end, end + 1);
    ++pool_used_;
    assign(*at);
  } else if (at != begin) {
    std::rotate(begin, begin + 1, at);
    assign(*(at - 1));
  }
}

std::optional<Victim> Evictor::PickRandom(const Databases& databases, EvictionPolicy policy,
                                          base::Random& random) {
  for (size_t turn = 0; turn < databases.count(); ++turn) {
    const size_t database = next_random_database_++ % databases.count();
    if (Record* record = TableFor(databases[database], policy).RandomRecord(random))
      return Victim{database, record};
  }
  return std::nullopt;
}

void Evictor::Reset() { pool_used_ = 0; }

}  // namespace quorate::server::store
