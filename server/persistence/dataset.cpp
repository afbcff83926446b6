#include "server/persistence/dataset.h"

#include <algorithm>
#include <utility>

#include "replication/snapshot/encode.h"
#include "replication/snapshot/reader.h"
#include "server/persistence/snapshot_job.h"
#include "shared/base/check.h"

namespace quorate::server::persistence {

namespace {

namespace snapshot = replication::snapshot;
namespace runtime = replication::runtime;

// A file or a primary may hold what no client here may send: our own proto-max-bulk-len may have
// been lowered since, theirs may be wider. As long as in the stream; memory follows the bytes that
// come.
constexpr uint64_t kLongestString = uint64_t{1} << 40;

// What replication pulls: the job's bytes as they come.
class JobProducer final : public runtime::SnapshotProducer {
 public:
  explicit JobProducer(std::shared_ptr<SnapshotJob> job) : job_(std::move(job)) {}

  Progress Produce(size_t budget, base::Buffer& out) override {
    const size_t size = std::min(budget, job_->ready().size());
    out.Append(job_->ready().view().substr(0, size));
    job_->Consume(size);
    if (!job_->ready().empty()) return Progress::kMore;
    return job_->complete() ? Progress::kComplete : Progress::kWait;
  }
  size_t WaitingBytes() const override { return job_->PushedOutBytes(); }

 private:
  const std::shared_ptr<SnapshotJob> job_;
};

// Databases that a primary sends, and for as long as they exist the engine's state.
class ArrivingDatabases final : public StagedDatabases {
 public:
  ArrivingDatabases(engine::Engine& engine, bool same_history)
      : StagedDatabases(engine.databases().hasher(), engine.databases().count(), engine.wall(),
                        std::nullopt),
        engine_(engine) {
    using Arrival = config::SnapshotArrival;
    const Arrival arrival = engine.settings().repl_diskless_load;
    const bool by_history = arrival == Arrival::kOldDataIfOfTheSameHistory;
    engine.async_loading = by_history && same_history;
    engine.loading = (by_history && !same_history) ||
                     (arrival == Arrival::kOldDataIfAny && Empty(engine.databases()));
    engine.loading_since = engine.wall();
  }
  ~ArrivingDatabases() override { engine_.loading = engine_.async_loading = false; }
  ArrivingDatabases(const ArrivingDatabases&) = delete;
  ArrivingDatabases& operator=(const ArrivingDatabases&) = delete;

 private:
  static bool Empty(const store::Databases& databases) {
    for (size_t i = 0; i < databases.count(); ++i)
      if (databases[i].size() != 0) return false;
    return true;
  }

  engine::Engine& engine_;
};

}  // namespace

std::unique_ptr<runtime::SnapshotProducer> Dataset::BeginSnapshot(
    const runtime::SnapshotRequest& request, std::function<void()> on_ready) {
  return std::make_unique<JobProducer>(snapshots_.Begin(
      {.meta = request.meta, .exclude_data = request.exclude_data, .on_progress = on_ready}));
}

snapshot::ReaderOptions Dataset::reader_options() const {
  return {.max_string = kLongestString,
          .databases = static_cast<int>(engine_.databases().count()),
          .verify_checksum = engine_.settings().rdb_checksum};
}

std::unique_ptr<runtime::Staging> Dataset::BeginStaging(bool same_history) {
  return std::make_unique<ArrivingDatabases>(engine_, same_history);
}

std::unique_ptr<StagedDatabases> Dataset::BeginLoading(std::optional<base::WallTime> drop_expired) {
  return std::make_unique<StagedDatabases>(
      engine_.databases().hasher(), engine_.databases().count(), engine_.wall(), drop_expired);
}

void Dataset::CommitStaging(std::unique_ptr<runtime::Staging> staging) {
  auto* staged = dynamic_cast<StagedDatabases*>(staging.release());
  CHECK(staged != nullptr);
  CommitLoading(std::unique_ptr<StagedDatabases>(staged));
  int64_t keys = 0;
  for (size_t i = 0; i < engine_.databases().count(); ++i)
    keys += static_cast<int64_t>(engine_.databases()[i].size());
  engine_.unsaved_changes += std::max<int64_t>(keys, 1);
}

void Dataset::CommitLoading(std::unique_ptr<StagedDatabases> staged) {
  engine_.databases().Swap(staged->databases);
  engine_.Release(staged->databases.Clear(), engine_.settings().replica_lazy_flush);
  engine_.OnKeyspaceReplaced();
}

void Dataset::DiscardStaging(std::unique_ptr<runtime::Staging> staging) {
  auto* staged = dynamic_cast<StagedDatabases*>(staging.get());
  CHECK(staged != nullptr);
  engine_.Release(staged->databases.Clear(), /*lazily=*/true);
}

bool Dataset::Empty() const { return engine_.databases().TotalKeys() == 0; }

base::Status Dataset::Reload() {
  base::Buffer bytes;
  const base::Status encoded = snapshots_.WriteNow({}, [&](std::string_view piece) {
    bytes.Append(piece);
    return base::Status();
  });
  if (!encoded) return encoded.error();
  std::unique_ptr<StagedDatabases> staging = BeginLoading(std::nullopt);
  snapshot::Reader reader(*staging, reader_options());
  if (const base::Result<size_t> used = reader.Push(bytes.view()); !used) return used.error();
  if (base::Status whole = reader.Finish(); !whole) return whole;
  CommitLoading(std::move(staging));
  return {};
}

size_t SerializedBytes(std::string_view value) {
  base::Buffer bytes;
  snapshot::AppendString(value, /*compress=*/true, bytes);
  return bytes.size();
}

}  // namespace quorate::server::persistence
