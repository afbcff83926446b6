#include "server/store/expiry.h"

#include <algorithm>

namespace quorate::server::store {

namespace {

struct Round {
  size_t sampled = 0;
  size_t expired = 0;
  size_t buckets = 0;

  bool Stale() const { return expired * 100 > sampled * ExpiryCycle::kStalePercent; }
  // Ten empty buckets cost about as much as a key.
  size_t Cost() const { return std::max<size_t>({sampled, buckets / 10, 1}); }
};

// Looks at `wanted` keys from the database's cursor on, or at what is left to the end of its index.
Round LookAtSome(Keyspace& keyspace, size_t database, base::WallTime now, size_t wanted,
                 const ExpiryCycle::OnExpired& on_expired) {
  constexpr size_t kBucketsPerKey = 20;
  Round round;
  int64_t ttl_sum = 0;
  Table::Group group;
  do {
    keyspace.set_expiry_cursor(keyspace.expires().Visit(keyspace.expiry_cursor(), group));
    ++round.buckets;
    for (Record* record : group.view()) {
      ++round.sampled;
      if (record->ExpiredAt(now)) {
        ++round.expired;
        on_expired(database, record);
      } else {
        ttl_sum += record->expire_at_ms() - now.ms;
      }
    }
  } while (keyspace.expiry_cursor() != 0 && round.sampled < wanted &&
           round.buckets < wanted * kBucketsPerKey);
  if (const size_t alive = round.sampled - round.expired; alive != 0)
    keyspace.AddTtlSample(ttl_sum / static_cast<int64_t>(alive));
  return round;
}

}  // namespace

ExpirySummary ExpiryCycle::Run(Databases& databases, base::WallTime now, size_t budget,
                               const OnExpired& on_expired) {
  ExpirySummary summary;
  for (size_t turn = 0; turn < databases.count() && budget > 0; ++turn) {
    const size_t database = next_database_ % databases.count();
    next_database_ = database + 1;
    Keyspace& keyspace = databases[database];
    bool stale = true;
    while (stale && budget > 0 && keyspace.expires_size() != 0) {
      const size_t wanted = std::min(kKeysPerRound, budget);
      const Round round = LookAtSome(keyspace, database, now, wanted, on_expired);
      summary.sampled += round.sampled;
      summary.expired += round.expired;
      budget -= std::min(budget, round.Cost());
      stale = round.Stale();
    }
    summary.more = budget == 0 && stale && keyspace.expires_size() != 0;
  }
  return summary;
}

}  // namespace quorate::server::store
