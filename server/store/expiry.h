// Active expiry: looks for expired keys along the expiry index of each database and reports them.
// It deletes nothing and reads no clock; the caller deletes (and propagates) what is reported,
// gives a budget in keys and calls again while ExpirySummary::more says that it pays. A pass costs
// the same however large the databases are.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>

#include "server/store/databases.h"
#include "server/store/record.h"
#include "shared/base/time.h"

namespace quorate::server::store {

struct ExpirySummary {
  size_t sampled = 0;
  size_t expired = 0;
  // The budget ended while more than kStalePercent of the samples were expired.
  bool more = false;
};

class ExpiryCycle {
 public:
  static constexpr size_t kKeysPerRound = 20;
  static constexpr size_t kStalePercent = 10;

  // Must delete exactly this record from this database.
  using OnExpired = std::function<void(size_t database, Record* record)>;

  // Each database in turn, continuing where the last call stopped: rounds of about kKeysPerRound
  // keys, repeated while more than kStalePercent are expired, until `budget` keys were looked at.
  ExpirySummary Run(Databases& databases, base::WallTime now, size_t budget,
                    const OnExpired& on_expired);

 private:
  size_t next_database_ = 0;
};

}  // namespace quorate::server::store
