#include "server/persistence/record_form.h"

#include <utility>

#include "shared/base/check.h"

namespace quorate::server::persistence {

RecordForm::RecordForm(const config::ServerSettings& settings, Clock now)
    : now_(std::move(now)), lfu_{settings.lfu_log_factor, settings.lfu_decay_time} {
  switch (settings.maxmemory_policy) {
    case config::EvictionPolicy::kVolatileLru:
    case config::EvictionPolicy::kAllKeysLru:
      access_ = Access::kIdle;
      break;
    case config::EvictionPolicy::kVolatileLfu:
    case config::EvictionPolicy::kAllKeysLfu:
      access_ = Access::kFrequency;
      break;
    default:
      break;
  }
}

replication::snapshot::StringRecord RecordForm::Of(const store::Record& record,
                                                   store::IntegerText& scratch) const {
  CHECK(record.is_string());
  replication::snapshot::StringRecord out;
  out.key = record.key();
  out.value = record.StringValue(scratch);
  if (record.has_expiry()) out.expires_at = base::WallTime{record.expire_at_ms()};
  if (access_ == Access::kIdle)
    out.idle_seconds = static_cast<uint64_t>(store::LruIdleMs(record.access(), now_()) / 1000);
  if (access_ == Access::kFrequency)
    out.frequency = store::LfuCounter(record.access(), now_(), lfu_);
  return out;
}

}  // namespace quorate::server::persistence
