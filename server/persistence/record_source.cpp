#include "server/persistence/record_source.h"

#include "server/store/access.h"

namespace quorate::server::persistence {

using replication::snapshot::DatabaseRecord;
using replication::snapshot::EndRecord;
using replication::snapshot::StringRecord;

bool RecordSource::EnterNextDatabase() {
  while (next_database_ < databases_.count()) {
    keyspace_ = &databases_[next_database_++];
    if (keyspace_->size() == 0) continue;
    cursor_ = 0;
    last_group_ = false;
    group_.size = 0;
    next_in_group_ = 0;
    return true;
  }
  keyspace_ = nullptr;
  return false;
}

replication::snapshot::Record RecordSource::Next() {
  while (keyspace_ != nullptr) {
    if (next_in_group_ < group_.view().size()) {
      const store::Record& record = *group_.view()[next_in_group_++];
      StringRecord out;
      out.key = record.key();
      out.value = record.StringValue(scratch_);
      if (record.has_expiry()) out.expires_at = base::WallTime{record.expire_at_ms()};
      if (access_ == AccessForm::kIdle)
        out.idle_seconds = static_cast<uint64_t>(store::LruIdleMs(record.access(), now_) / 1000);
      if (access_ == AccessForm::kFrequency)
        out.frequency = store::LfuCounter(record.access(), now_, lfu_);
      return out;
    }
    if (last_group_) break;
    cursor_ = keyspace_->keys().Visit(cursor_, group_);
    next_in_group_ = 0;
    last_group_ = cursor_ == 0;
  }
  if (!EnterNextDatabase()) return EndRecord{};
  return DatabaseRecord{static_cast<int>(next_database_ - 1), keyspace_->size(),
                        keyspace_->expires_size()};
}

}  // namespace quorate::server::persistence
