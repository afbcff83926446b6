#include "server/persistence/dataset.h"

#include <algorithm>
#include <limits>
#include <utility>

#include "replication/snapshot/encode.h"
#include "replication/snapshot/reader.h"
#include "server/persistence/record_source.h"
#include "shared/base/check.h"

namespace quorate::server::persistence {

namespace {

namespace snapshot = replication::snapshot;
namespace runtime = replication::runtime;

class EncodedSnapshot final : public runtime::SnapshotProducer {
 public:
  explicit EncodedSnapshot(base::Buffer bytes) : bytes_(std::move(bytes)) {}

  bool Produce(size_t budget, base::Buffer& out) override {
    const size_t size = std::min(budget, bytes_.size());
    out.Append(bytes_.view().substr(0, size));
    bytes_.Consume(size);
    return !bytes_.empty();
  }

 private:
  base::Buffer bytes_;
};

// A keyspace being filled beside the one in use.
class StagedDatabases final : public runtime::Staging {
 public:
  StagedDatabases(const store::Hasher& hasher, size_t count, base::WallTime now)
      : databases(hasher, count), now_(now) {}

  base::Status OnDatabase(const snapshot::DatabaseRecord& record) override {
    CHECK(record.index >= 0 && static_cast<size_t>(record.index) < databases.count());
    selected_ = static_cast<size_t>(record.index);
    return {};
  }

  base::Status OnString(const snapshot::StringRecord& record) override {
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

  store::Databases databases;

 private:
  const base::WallTime now_;
  size_t selected_ = 0;
};

AccessForm FormFor(config::EvictionPolicy policy) {
  switch (policy) {
    case config::EvictionPolicy::kVolatileLru:
    case config::EvictionPolicy::kAllKeysLru:
      return AccessForm::kIdle;
    case config::EvictionPolicy::kVolatileLfu:
    case config::EvictionPolicy::kAllKeysLfu:
      return AccessForm::kFrequency;
    default:
      return AccessForm::kNone;
  }
}

}  // namespace

std::unique_ptr<runtime::SnapshotProducer> Dataset::BeginSnapshot(
    const runtime::SnapshotRequest& request) {
  const config::ServerSettings& settings = engine_.settings();
  const store::Databases nothing(engine_.databases().hasher(), 1);
  RecordSource source(request.exclude_data ? nothing : engine_.databases(),
                      FormFor(settings.maxmemory_policy), engine_.wall(),
                      {settings.lfu_log_factor, settings.lfu_decay_time});
  snapshot::Meta meta = request.meta;
  meta.created_unix_seconds = engine_.wall().ms / 1000;
  meta.used_memory = engine_.host().MemoryUsedBytes();
  snapshot::Writer writer(
      meta, source, {.compress = settings.rdb_compression, .checksum = settings.rdb_checksum});
  base::Buffer bytes;
  while (writer.Produce(std::numeric_limits<size_t>::max() / 2, bytes)) {
  }
  return std::make_unique<EncodedSnapshot>(std::move(bytes));
}

snapshot::ReaderOptions Dataset::reader_options() const {
  return {.max_string = engine_.settings().proto_max_bulk_len,
          .databases = static_cast<int>(engine_.databases().count()),
          .verify_checksum = engine_.settings().rdb_checksum};
}

std::unique_ptr<runtime::Staging> Dataset::BeginStaging() {
  return std::make_unique<StagedDatabases>(engine_.databases().hasher(),
                                           engine_.databases().count(), engine_.wall());
}

void Dataset::CommitStaging(std::unique_ptr<runtime::Staging> staging) {
  auto* staged = dynamic_cast<StagedDatabases*>(staging.get());
  CHECK(staged != nullptr);
  engine_.databases().Swap(staged->databases);
  engine_.Release(staged->databases.Clear(), engine_.settings().replica_lazy_flush);
  engine_.OnKeyspaceReplaced();
}

base::Status Dataset::Reload() {
  base::Buffer bytes;
  const std::unique_ptr<runtime::SnapshotProducer> producer = BeginSnapshot({});
  while (producer->Produce(std::numeric_limits<size_t>::max() / 2, bytes)) {
  }
  std::unique_ptr<runtime::Staging> staging = BeginStaging();
  snapshot::Reader reader(*staging, reader_options());
  if (const base::Result<size_t> used = reader.Push(bytes.view()); !used) return used.error();
  if (base::Status whole = reader.Finish(); !whole) return whole;
  CommitStaging(std::move(staging));
  return {};
}

size_t SerializedBytes(std::string_view value) {
  base::Buffer bytes;
  snapshot::AppendString(value, /*compress=*/true, bytes);
  return bytes.size();
}

}  // namespace quorate::server::persistence
