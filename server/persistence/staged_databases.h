// Databases that are being filled from a snapshot, beside those in use.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "replication/runtime/ports.h"
#include "server/store/databases.h"
#include "shared/base/result.h"
#include "shared/base/time.h"

namespace quorate::server::persistence {

class StagedDatabases : public replication::runtime::Staging {
 public:
  // `now` is the clock of idle times. `drop_expired`: what is expired then is left out.
  StagedDatabases(const store::Hasher& hasher, size_t count, base::WallTime now,
                  std::optional<base::WallTime> drop_expired);

  base::Status OnDatabase(const replication::snapshot::DatabaseRecord& record) override;
  base::Status OnString(const replication::snapshot::StringRecord& record) override;

  // Database and key of what was left out.
  std::vector<std::pair<int, std::string>> TakeExpired() { return std::move(expired_); }

  store::Databases databases;

 private:
  const base::WallTime now_;
  const std::optional<base::WallTime> drop_expired_;
  size_t selected_ = 0;
  std::vector<std::pair<int, std::string>> expired_;
};

}  // namespace quorate::server::persistence
