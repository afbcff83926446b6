#include "server/persistence/snapshot_job.h"

#include <atomic>
#include <utility>
#include <vector>

#include "shared/base/check.h"

namespace quorate::server::persistence {

namespace {

namespace snapshot = replication::snapshot;

// Asked of the cut at a time: its size is looked at in between.
constexpr size_t kBucketsPerStep = 1;
// The worker writes what it has encoded in pieces of about this size.
constexpr size_t kPieceBytes = 256 * 1024;

}  // namespace

struct SnapshotJob::Work {
  Work(const Plan& plan, std::vector<store::Cut::Size> the_sizes)
      : writer(plan.meta, plan.options), write(plan.write), sizes(std::move(the_sizes)) {}

  // In the worker.
  void Run() {
    batch.ForEach([&](size_t database, const snapshot::StringRecord& record) {
      if (database != selected) Select(database);
      writer.Add(record);
      held.store(writer.capacity() + encoded.capacity(), std::memory_order_relaxed);
      if (write && writer.pending() >= kPieceBytes) WritePiece();
    });
    if (last) writer.End();
    if (write) {
      WritePiece();
    } else {
      writer.Take(encoded);
    }
  }

  void WritePiece() {
    writer.Take(encoded);
    if (status) status = write(encoded.view());
    encoded.Clear();
  }

  // A database is announced with its sizes once; later it is only selected again.
  void Select(size_t database) {
    selected = database;
    const store::Cut::Size size = std::exchange(sizes[database], {});
    writer.Add(snapshot::DatabaseRecord{static_cast<int>(database), size.keys, size.expires});
  }

  snapshot::Writer writer;
  const std::function<base::Status(std::string_view)> write;
  std::vector<store::Cut::Size> sizes;
  size_t selected = SIZE_MAX;
  RecordBatch batch;
  bool last = false;
  base::Buffer encoded;
  base::Status status;
  std::atomic<size_t> held = 0;  // the storage of what is encoded; the loop thread looks, too
};

SnapshotJob::SnapshotJob(io::Io& io, store::Databases& databases, Plan plan)
    : io_(io),
      plan_(std::move(plan)),
      begun_(io.Now()),
      timer_(io.CreateTimer([this] { OnTurn(); })) {
  std::vector<store::Cut::Size> sizes;
  if (!plan_.exclude_data) {
    cut_ = std::make_unique<store::Cut>(
        databases, [this](size_t database, std::span<store::Record* const> records) {
          store::IntegerText scratch;
          for (const store::Record* record : records)
            batch_.Add(database, plan_.form.Of(*record, scratch));
          records_ += records.size();
        });
    sizes = cut_->sizes();
    for (const store::Cut::Size& size : sizes) total_records_ += size.keys;
  }
  work_ = std::make_shared<Work>(plan_, std::move(sizes));
  timer_->StartAt(io_.Now());
}

SnapshotJob::~SnapshotJob() {
  *alive_ = false;
  EndCut();
}

void SnapshotJob::EndCut() {
  if (cut_ == nullptr) return;
  FreeElsewhere(cut_->End());
  cut_.reset();
}

void SnapshotJob::FreeElsewhere(std::vector<store::Keyspace::Content> contents) {
  if (contents.empty()) return;
  const auto shared = std::make_shared<std::vector<store::Keyspace::Content>>(std::move(contents));
  io_.Offload([shared] { shared->clear(); }, [] {});
}

size_t SnapshotJob::HeldBytes() const {
  return batch_.capacity() + held_by_work_ + work_->held + ready_.capacity() +
         (cut_ != nullptr ? cut_->RetainedBytes() : 0);
}

void SnapshotJob::OnTurn() {
  if (cut_ != nullptr && WaitingBytes() < kAheadBytes) {
    SweepSlice();
    left_by_sweep_ = WaitingBytes();
  }
  Submit();
  GoOnSweeping();
}

void SnapshotJob::SweepSlice() {
  const bool rests = plan_.rest_per_record != base::Duration{};
  const size_t full = rests ? batch_.bytes() + 1 : batch_.bytes() + kSliceBytes;
  const uint64_t before = records_;
  const base::Instant end = io_.Now() + kSliceTime;
  bool more = true;
  for (size_t buckets = 0;
       more && buckets < kSliceBuckets && batch_.bytes() < full && io_.Now() < end;
       buckets += kBucketsPerStep)
    more = cut_->Sweep(kBucketsPerStep);
  next_slice_ = io_.Now() + kSlicePause;
  if (rests && records_ != before) {
    next_slice_ = io_.Now() + static_cast<int64_t>(records_ - before) * plan_.rest_per_record;
    more = true;
  }
  if (!more) return EndCut();
  FreeElsewhere(cut_->TakeSwept());
}

void SnapshotJob::GoOnSweeping() {
  if (cut_ != nullptr && WaitingBytes() < kAheadBytes && !timer_->armed())
    timer_->StartAt(std::max(io_.Now(), next_slice_));
}

void SnapshotJob::Submit() {
  const bool rests = plan_.rest_per_record != base::Duration{};
  const size_t least = rests ? 1 : kBatchBytes;
  if (busy_ || complete_ || (cut_ != nullptr && batch_.bytes() < least)) return;
  busy_ = true;
  in_work_ = batch_.bytes();
  std::swap(work_->batch, batch_);
  held_by_work_ = work_->batch.capacity();
  work_->last = cut_ == nullptr;
  io_.Offload([work = work_] { work->Run(); },
              [this, alive = alive_] {
                if (*alive) OnEncoded();
              });
}

void SnapshotJob::OnEncoded() {
  peak_ = PeakWaitingBytes();
  busy_ = false;
  in_work_ = 0;
  // Here, because the allocator's figures of this thread are those that eviction looks at.
  work_->batch.Clear();
  if (ready_.empty()) {
    ready_.Swap(work_->encoded);
  } else {
    ready_.Append(work_->encoded.view());
  }
  work_->encoded.Clear();
  work_->held = work_->writer.capacity() + work_->encoded.capacity();
  held_by_work_ = work_->batch.capacity();
  status_ = work_->status;
  if (!status_) EndCut();
  complete_ = work_->last || !status_;
  Submit();
  GoOnSweeping();
  const std::function<void()> notify = plan_.on_progress;
  notify();  // may be the end of this job, and of its plan
}

void SnapshotJob::Consume(size_t n) {
  peak_ = PeakWaitingBytes();
  ready_.Consume(n);
  if (ready_.empty() && complete_) ready_.Free();
  Submit();  // writes may have filled the batch while the sweep rested
  GoOnSweeping();
}

void SnapshotJob::Retain(std::vector<store::Keyspace::Content>& contents) {
  if (cut_ != nullptr) cut_->Retain(contents);
}

}  // namespace quorate::server::persistence
