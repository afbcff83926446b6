#include "server/engine/own_expiries.h"

namespace quorate::server::engine {

void OwnExpiries::Remember(int db, std::string_view key, int64_t expire_at_ms) {
  const auto [entry, added] = times_.try_emplace(Key{db, key}, expire_at_ms);
  if (!added) {
    if (entry->second == expire_at_ms) return;
    by_time_.erase({entry->second, entry->first});
    entry->second = expire_at_ms;
  }
  by_time_.emplace(expire_at_ms, entry->first);
}

void OwnExpiries::TakeDue(base::WallTime now, size_t limit, const Visit& visit) {
  for (; limit > 0 && !by_time_.empty() && by_time_.begin()->first < now.ms; --limit) {
    const Key key = by_time_.begin()->second;
    by_time_.erase(by_time_.begin());
    times_.erase(key);
    visit(key.first, key.second);
  }
}

void OwnExpiries::Clear() {
  times_.clear();
  by_time_.clear();
}

}  // namespace quorate::server::engine
