// How a record of the keyspace is shown to the snapshot writer.
#pragma once

#include <cstdint>
#include <functional>

#include "replication/snapshot/record.h"
#include "server/config/settings.h"
#include "server/store/access.h"
#include "server/store/record.h"
#include "shared/base/time.h"

namespace quorate::server::persistence {

class RecordForm {
 public:
  // The clock that stamps the access bits. It is asked for each record, because they are what they
  // are when the record is shown: a key used after the cut is newer than the cut.
  using Clock = std::function<base::WallTime()>;
  // The eviction policy says which of the access bits go with the records.
  RecordForm(const config::ServerSettings& settings, Clock now);

  // The views are valid until the record changes or `scratch` does.
  replication::snapshot::StringRecord Of(const store::Record& record,
                                         store::IntegerText& scratch) const;

 private:
  enum class Access { kNone, kIdle, kFrequency };

  Access access_ = Access::kNone;
  Clock now_;
  store::LfuSettings lfu_;
};

}  // namespace quorate::server::persistence
