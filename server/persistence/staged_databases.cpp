#include "server/persistence/staged_databases.h"

#include <algorithm>

#include "server/store/access.h"
#include "shared/base/check.h"

namespace quorate::server::persistence {

StagedDatabases::StagedDatabases(const store::Hasher& hasher, size_t count, base::WallTime now,
                                 std::optional<base::WallTime> drop_expired)
    : databases(hasher, count), now_(now), drop_expired_(drop_expired) {}

base::Status StagedDatabases::OnDatabase(const replication::snapshot::DatabaseRecord& record) {
  CHECK(record.index >= 0 && static_cast<size_t>(record.index) < databases.count());
  selected_ = static_cast<size_t>(record.index);
  return {};
}

base::Status StagedDatabases::OnString(const replication::snapshot::StringRecord& record) {
  if (drop_expired_ && record.expires_at && record.expires_at->ms < drop_expired_->ms) {
    expired_.emplace_back(static_cast<int>(selected_), record.key);
    return {};
  }
  store::Keyspace& keyspace = databases[selected_];
  const store::Lookup lookup = keyspace.Prepare(record.key);
  if (keyspace.Find(lookup) != nullptr) return base::Error{"duplicate key in the snapshot"};
  const auto expiry = record.expires_at ? store::ExpiryChange::At(*record.expires_at)
                                        : store::ExpiryChange::Clear();
  store::Record* added = keyspace.SetString(lookup, record.value, expiry);
  if (record.idle_seconds) {
    // A peer's figure: the clock of the access bits holds 194 days.
    constexpr uint64_t kLongestIdleSeconds = 1U << 24;
    const auto idle = static_cast<int64_t>(std::min(*record.idle_seconds, kLongestIdleSeconds));
    added->set_access(store::LruBits({now_.ms - idle * 1000}));
  } else if (record.frequency) {
    added->set_access((store::LfuInitialBits(now_) & ~0xffU) | *record.frequency);
  } else {
    added->set_access(store::LruBits(now_));
  }
  return {};
}

}  // namespace quorate::server::persistence
