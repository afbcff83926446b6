#include "replication/runtime/disk_backlog.h"

#include <algorithm>
#include <array>
#include <utility>

#include "shared/base/check.h"

namespace quorate::replication::runtime {
namespace {

std::string FolderOf(io::Files& files) {
  const base::Result<std::string> path = files.Absolute(SegmentPath("", 1));
  return path ? path->substr(0, path->rfind('/') + 1) : std::string();
}

}  // namespace

DiskBacklog::DiskBacklog(io::Io& io, core::History& history, uint64_t limit, Ports ports,
                         uint64_t max_unwritten)
    : io_(io),
      history_(history),
      limit_(limit),
      ports_(std::move(ports)),
      max_unwritten_(max_unwritten),
      folder_(FolderOf(io.files())),
      writer_(std::make_shared<SegmentWriter>(io.files(), folder_)),
      timer_(io.CreateTimer([this] { EndTurn(); })) {}

DiskBacklog::~DiskBacklog() {
  *alive_ = false;
  history_.SetDisk(std::nullopt);
}

uint64_t DiskBacklog::SegmentLimit() const {
  return std::clamp(limit_ / 8, kMinSegment, kMaxSegment);
}

// ---- at start

base::Result<bool> DiskBacklog::Recover(std::function<void(const base::Status&)> done) {
  const base::Result<std::vector<std::string>> names = io_.files().List(folder_);
  if (!names) return names.error();
  std::vector<uint64_t> numbers;
  std::vector<std::string> unfinished;
  for (const std::string& name : *names) {
    if (const std::optional<uint64_t> number = SegmentNumber(name)) numbers.push_back(*number);
    if (IsUnfinishedSegment(name)) unfinished.push_back(folder_ + name);
  }
  const auto tidy = [&files = io_.files(), unfinished = std::move(unfinished)] {
    // What cannot be removed is in the way of one new segment at most, and goes then.
    for (const std::string& path : unfinished)
      if (const base::Status removed = files.Remove(path); !removed) continue;
  };
  if (numbers.empty()) {
    tidy();
    return false;
  }
  last_number_ = numbers.back();
  const auto found = std::make_shared<FoundSegments>();
  io_.Offload([&files = io_.files(), folder = folder_, numbers,
               found] { *found = ScanSegments(files, folder, numbers); },
              [this, alive = alive_, found, tidy, done = std::move(done)] {
                if (!*alive) return;
                if (!found->status) return done(found->status);
                tidy();
                TakeFound(*found);
                done({});
              });
  return true;
}

void DiskBacklog::TakeFound(FoundSegments& found) {
  for (const std::string& problem : found.problems)
    ports_.note("On-disk backlog: " + problem, true);
  if (!found.durable)
    ports_.note("On-disk backlog: what was found may not survive a power cut: " +
                    found.durable.error().message,
                true);
  index_ = std::move(found.index);
  doubtful_ = !found.durable.ok();
}

std::optional<core::DiskIndex::Choice> DiskBacklog::Choose(const core::SnapshotFile& file) {
  return index_.Choose(file);
}

void DiskBacklog::Resume(base::Offset end) {
  // How much of it is durable nobody knows: what is to be relied upon begins anew.
  if (std::exchange(doubtful_, false)) return index_.EndRun();
  index_.Truncate(end);
  synced_end_ = end;
}

void DiskBacklog::Clear(std::function<void()> done) {
  Leave();
  index_ = {};
  started_ = false;
  on_cleared_ = std::move(done);
  if (!busy_) RemoveAll();
}

void DiskBacklog::KeepPlace() {
  if (!cursor_.attached() && history_.backlog() != nullptr) Attach();
}

void DiskBacklog::RemoveAll() {
  busy_ = true;
  const auto cleared = std::make_shared<ClearedSegments>();
  io_.Offload([&files = io_.files(), folder = folder_,
               cleared] { *cleared = ClearSegments(files, folder); },
              [this, alive = alive_, cleared] {
                if (!*alive) return;
                busy_ = false;
                last_number_ = std::max(last_number_, cleared->last_number);
                if (cleared->removed != 0)
                  ports_.note("On-disk backlog: " + std::to_string(cleared->removed) +
                                  " segments of before removed from " + folder_,
                              false);
                if (!cleared->status)
                  ports_.note(
                      "On-disk backlog: what a restart may run by mistake cannot be removed: " +
                          cleared->status.error().message,
                      true);
                std::exchange(on_cleared_, nullptr)();
              });
}

size_t DiskBacklog::CountSegments(io::Files& files) {
  const base::Result<std::vector<std::string>> names = files.List(FolderOf(files));
  if (!names) return 0;
  return static_cast<size_t>(std::ranges::count_if(
      *names, [](const std::string& name) { return SegmentNumber(name).has_value(); }));
}

bool DiskBacklog::InPlace() const { return folder_ == FolderOf(io_.files()); }

void DiskBacklog::Start(bool resumed) {
  started_ = true;
  part_of_history_ = resumed;
  Publish();
  EndTurn();
}

// ---- writing

core::LogPosition DiskBacklog::PositionAt(base::Offset offset) const {
  core::LogPosition position;
  position.id = history_.id();
  position.offset = offset;
  position.previous_id = history_.previous_id();
  position.previous_end = history_.previous_end();
  if (offset == history_.offset()) {
    position.stream_db = ports_.stream_db();
    position.from_empty = ports_.dataset_empty();
  }
  return position;
}

std::optional<core::Backlog::Cursor> DiskBacklog::ContinueAt(base::Offset offset) {
  if (!index_.Continues(PositionAt(offset))) return std::nullopt;
  return history_.backlog()->FindOffset(offset);
}

void DiskBacklog::Attach() {
  core::Backlog& backlog = *history_.backlog();
  ++attachment_;
  // Where the disk ends for certain, if memory still has what follows.
  const base::Offset end = doubtful_ ? std::min(synced_end_, index_.end()) : index_.end();
  std::optional<core::Backlog::Cursor> next = ContinueAt(end);
  if (!next) {
    // Else everything that memory has, as a run of its own.
    index_.EndRun();
    Publish();
    next = backlog.FindOffset(backlog.start());
  }
  cursor_ = std::move(*next);
  begins_ = PositionAt(cursor_.offset());
}

uint64_t DiskBacklog::Writable() {
  if ((begins_ ? begins_->id : written_id_) == history_.id()) return cursor_.pending();
  const std::optional<base::Offset> end = history_.previous_end();
  if (begins_ && end && history_.previous_id() == begins_->id && *end >= cursor_.offset()) {
    begins_ = PositionAt(cursor_.offset());  // the new id names what comes before it, too
    return cursor_.pending();
  }
  if (begins_ || !end || history_.previous_id() != written_id_ || *end < cursor_.offset()) {
    cursor_.Release();
    Attach();
    return cursor_.pending();
  }
  // The id has changed within what is to be written.
  if (*end > cursor_.offset()) return static_cast<uint64_t>(*end - cursor_.offset());
  begins_ = PositionAt(cursor_.offset());
  return cursor_.pending();
}

void DiskBacklog::EndTurn() {
  const base::Instant now = io_.Now();
  if (on_closed_ && (now >= close_by_ || !problem_.empty())) return FinishClosing();
  if (cursor_.attached() && cursor_.pending() > history_.backlog_limit() + max_unwritten_)
    return Fail("the disk does not keep up");
  if (!started_ || busy_) return;
  if (history_.backlog() == nullptr) return on_closed_ ? FinishClosing() : void();
  if (now < retry_at_) return timer_->StartAt(retry_at_);
  if (!cursor_.attached()) Attach();
  const uint64_t bytes = Writable();
  if (bytes == 0 && !begins_) {
    if (index_.end() <= synced_end_) return on_closed_ ? FinishClosing() : void();
    if (now < synced_at_ + kSyncPeriod && !on_closed_)
      return timer_->StartAt(synced_at_ + kSyncPeriod);
  }
  if (now < flush_at_ && bytes < kUrgentBytes && !on_closed_) return timer_->StartAt(flush_at_);
  WriteBatch(std::min<uint64_t>(bytes, core::kMaxRecordBytes));
}

void DiskBacklog::WriteBatch(uint64_t bytes) {
  const base::Instant now = io_.Now();
  const auto batch = std::make_shared<DiskBatch>();
  batch->offset = cursor_.offset();
  batch->begins = std::exchange(begins_, std::nullopt);
  batch->segment = batch->begins ? ++last_number_ : last_number_;
  const bool whole = index_.from_empty();
  batch->surplus = index_.TakeSurplus(limit_);
  if (whole && !index_.from_empty())
    ports_.note(
        "On-disk backlog: it is full and does not reach back to the empty dataset any more.",
        false);
  batch->sync = batch->begins || on_closed_ || now >= synced_at_ + kSyncPeriod;
  batch->bytes.reserve(bytes);
  std::array<std::string_view, 64> slices;
  const size_t count = cursor_.Peek(slices);
  for (size_t i = 0; i < count && batch->bytes.size() < bytes; ++i)
    batch->bytes.append(slices[i].substr(0, bytes - batch->bytes.size()));
  if (batch->sync) synced_at_ = now;
  if (!batch->surplus.empty()) Publish();
  flush_at_ = now + kFlushDelay;
  busy_ = true;
  io_.Offload([writer = writer_, batch] { writer->Write(*batch); },
              [this, alive = alive_, batch, attachment = attachment_] {
                if (*alive) OnWritten(*batch, attachment);
              });
}

void DiskBacklog::OnWritten(const DiskBatch& batch, uint64_t attachment) {
  busy_ = false;
  if (on_cleared_) return RemoveAll();
  const bool current = attachment == attachment_ && cursor_.attached();
  if (!batch.status) {
    doubtful_ = true;
    Fail(batch.status.error().message);
  } else {
    const base::Offset end = batch.offset + static_cast<int64_t>(batch.bytes.size());
    if (batch.begins) {
      index_.Add({batch.segment, batch.file_bytes, *batch.begins, end});
      doubtful_ = false;
      written_id_ = batch.begins->id;
    } else {
      index_.Extend(end, batch.file_bytes);
    }
    if (batch.sync) synced_end_ = end;
    if (current) {
      cursor_.Advance(batch.bytes.size());
      part_of_history_ = true;
      if (batch.file_bytes >= SegmentLimit()) begins_ = PositionAt(cursor_.offset());
      if (!problem_.empty()) ports_.note("On-disk backlog: it is written again.", false);
      problem_.clear();
    }
  }
  Publish();
  EndTurn();
}

void DiskBacklog::Fail(const std::string& reason) {
  if (problem_.empty())
    ports_.note("On-disk backlog: nothing is written until this is mended: " + reason, true);
  problem_ = reason;
  cursor_.Release();
  begins_.reset();
  retry_at_ = io_.Now() + kRetryPause;
  if (!busy_) timer_->StartAt(retry_at_);
}

void DiskBacklog::Leave() {
  cursor_.Release();
  begins_.reset();
  part_of_history_ = false;
  Publish();
}

void DiskBacklog::Close(std::function<void()> done) {
  on_closed_ = std::move(done);
  close_by_ = io_.Now() + kCloseTimeout;
  EndTurn();
  if (!on_closed_) return;
  // Whatever the worker is at, the server does not wait for ever.
  timer_->StartAt(close_by_);
  if (!started_) FinishClosing();
}

void DiskBacklog::FinishClosing() {
  if (on_closed_) std::exchange(on_closed_, nullptr)();
}

void DiskBacklog::Publish() {
  if (!part_of_history_ || index_.empty()) return history_.SetDisk(std::nullopt);
  history_.SetDisk(core::History::DiskRange{index_.start(), index_.end()});
}

// ---- reading

std::shared_ptr<SegmentReader> DiskBacklog::ReaderFrom(base::Offset offset) {
  return std::make_shared<SegmentReader>(io_.files(), folder_, offset);
}

void DiskBacklog::Read(const std::shared_ptr<SegmentReader>& reader, size_t budget,
                       std::function<void(base::Result<std::string>)> done) {
  struct Outcome {
    base::Status status;
    std::string bytes;
  };
  const auto outcome = std::make_shared<Outcome>();
  io_.Offload(
      [reader, budget, outcome, pieces = index_.PiecesFrom(reader->next())] {
        outcome->status = reader->Read(pieces, budget, outcome->bytes);
      },
      [alive = alive_, outcome, done = std::move(done)] {
        if (!*alive) return;
        if (!outcome->status) return done(outcome->status.error());
        done(std::move(outcome->bytes));
      });
}

void DiskBacklog::Distrust() {
  Leave();
  index_.EndRun();
}

bool DiskBacklog::WantsSnapshot(const core::SnapshotFile& file) const {
  if (!part_of_history_ || index_.empty() || !problem_.empty()) return false;
  const std::optional<base::Offset> from = index_.GoesOnFrom(file);
  return !from || static_cast<uint64_t>(index_.end() - *from) > limit_ / 2;
}

void DiskBacklog::Describe(core::BacklogView& view) const {
  view.disk_limit = limit_;
  view.disk_problem = problem_;
  if (!part_of_history_ || index_.empty()) return;
  view.disk_first_byte = index_.start().bytes() + 1;
  view.disk_written = index_.end().bytes();
  view.disk_length = static_cast<uint64_t>(index_.end() - index_.start());
}

void DiskBacklog::CheckInvariants() const {
  index_.CheckInvariants();
  if (cursor_.attached() && !busy_ && !begins_) CHECK(cursor_.offset() == index_.end());  // K1
  if (!history_.disk()) return;
  CHECK(part_of_history_);  // K2, from here on
  CHECK(index_.end() <= history_.offset());
  if (!cursor_.attached() || busy_) return;  // the history may have gone on under other ids since
  const base::ReplicationId& id = index_.latest().id;
  CHECK((id == history_.id() || (history_.previous_end() && id == history_.previous_id())));
}

}  // namespace quorate::replication::runtime
