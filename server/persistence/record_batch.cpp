#include "server/persistence/record_batch.h"

namespace quorate::server::persistence {

namespace {

// Storage up to this is kept for the next round.
constexpr size_t kKeptBytes = 1024 * 1024;

}  // namespace

void RecordBatch::Add(size_t database, const replication::snapshot::StringRecord& record) {
  rows_.push_back({static_cast<uint32_t>(database), static_cast<uint32_t>(record.key.size()),
                   record.value.size(), record.expires_at, record.idle_seconds, record.frequency});
  bytes_.Append(record.key);
  bytes_.Append(record.value);
}

void RecordBatch::Clear() {
  if (bytes_.capacity() > kKeptBytes) {
    bytes_.Free();
    rows_ = {};
  }
  bytes_.Clear();
  rows_.clear();
}

}  // namespace quorate::server::persistence
