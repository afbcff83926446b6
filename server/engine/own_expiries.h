// The keys that clients of a writable replica gave an expiry. A replica deletes no expired key by
// itself, for its primary will say so; of these the primary knows nothing, so the replica must do
// it. Only names and times are kept: what is due is looked up, and decided, by the caller. Pure.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <utility>

#include "shared/base/time.h"

namespace quorate::server::engine {

class OwnExpiries {
 public:
  // A later time for the same key replaces the earlier one.
  void Remember(int db, std::string_view key, int64_t expire_at_ms);
  // Forgets, and passes to `visit`, at most `limit` keys whose time has come.
  using Visit = std::function<void(int db, const std::string& key)>;
  void TakeDue(base::WallTime now, size_t limit, const Visit& visit);
  void Clear();
  size_t size() const { return times_.size(); }

 private:
  using Key = std::pair<int, std::string>;
  std::map<Key, int64_t> times_;
  std::set<std::pair<int64_t, Key>> by_time_;  // the same, earliest first
};

}  // namespace quorate::server::engine
