// How a record of the keyspace is shown to the snapshot writer.
#pragma once

#include <cstdint>

#include "replication/snapshot/record.h"
#include "server/config/settings.h"
#include "server/store/access.h"
#include "server/store/record.h"
#include "shared/base/time.h"

namespace quorate::server::persistence {

class RecordForm {
 public:
  // The eviction policy says which of the access bits go with the records; idle times count to
  // `now`.
  RecordForm(const config::ServerSettings& settings, base::WallTime now);

  // The views are valid until the record changes or `scratch` does.
  replication::snapshot::StringRecord Of(const store::Record& record,
                                         store::IntegerText& scratch) const;

 private:
  enum class Access { kNone, kIdle, kFrequency };

  Access access_ = Access::kNone;
  base::WallTime now_;
  store::LfuSettings lfu_;
};

}  // namespace quorate::server::persistence
