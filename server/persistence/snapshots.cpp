#include "server/persistence/snapshots.h"

#include <utility>

#include "replication/snapshot/writer.h"
#include "server/persistence/record_form.h"
#include "shared/base/buffer.h"
#include "shared/base/check.h"

namespace quorate::server::persistence {

namespace {

namespace snapshot = replication::snapshot;

// WriteNow hands out pieces of about this size.
constexpr size_t kPieceBytes = 1024 * 1024;

}  // namespace

std::shared_ptr<SnapshotJob> Snapshots::Begin(Request request) {
  CHECK(!busy());
  auto job = std::make_shared<SnapshotJob>(
      io_, engine_.databases(),
      SnapshotJob::Plan{.meta = Completed(std::move(request.meta)),
                        .options = options(),
                        .form = form(),
                        .exclude_data = request.exclude_data,
                        .rest_per_record = engine_.settings().rdb_key_save_delay,
                        .write = std::move(request.write),
                        .on_progress = std::move(request.on_progress)});
  std::erase_if(jobs_, [](const std::weak_ptr<SnapshotJob>& old) { return old.expired(); });
  jobs_.push_back(job);
  return job;
}

size_t Snapshots::HeldBytes() const {
  size_t total = 0;
  for (const std::weak_ptr<SnapshotJob>& each : jobs_)
    if (const std::shared_ptr<SnapshotJob> job = each.lock()) total += job->HeldBytes();
  return total;
}

base::Status Snapshots::WriteNow(const snapshot::Meta& meta,
                                 const std::function<base::Status(std::string_view)>& write) {
  snapshot::Writer writer(Completed(meta), options());
  const RecordForm record_form = form();
  base::Buffer piece;
  base::Status status;
  const auto flush = [&] {
    piece.Clear();
    writer.Take(piece);
    if (status) status = write(piece.view());
  };
  store::Databases& databases = engine_.databases();
  for (size_t i = 0; i < databases.count() && status; ++i) {
    store::Keyspace& keyspace = databases[i];
    if (keyspace.size() == 0) continue;
    writer.Add(
        snapshot::DatabaseRecord{static_cast<int>(i), keyspace.size(), keyspace.expires_size()});
    keyspace.ForEach([&](const store::Record* record) {
      store::IntegerText scratch;
      if (status) writer.Add(record_form.Of(*record, scratch));
      if (writer.pending() >= kPieceBytes) flush();
    });
  }
  writer.End();
  flush();
  return status;
}

snapshot::Meta Snapshots::Completed(snapshot::Meta meta) const {
  meta.created_unix_seconds = engine_.wall().ms / 1000;
  meta.used_memory = engine_.host().MemoryUsedBytes();
  return meta;
}

RecordForm Snapshots::form() const {
  return {engine_.settings(), [&engine = engine_] { return engine.wall(); }};
}

snapshot::WriterOptions Snapshots::options() const {
  const config::ServerSettings& settings = engine_.settings();
  return {.compress = settings.rdb_compression, .checksum = settings.rdb_checksum};
}

}  // namespace quorate::server::persistence
