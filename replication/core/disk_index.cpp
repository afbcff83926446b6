#include "replication/core/disk_index.h"

#include <algorithm>
#include <utility>

#include "shared/base/check.h"

namespace quorate::replication::core {
namespace {

std::optional<base::Offset> Leads(const SnapshotFile& file, const DiskRun& into) {
  if (!file.exists) return into.from_empty() ? std::optional(into.start()) : std::nullopt;
  if (!file.position || !into.Holds(file.position->id, file.position->offset)) return std::nullopt;
  return file.position->offset;
}

}  // namespace

void DiskIndex::Add(const SegmentSummary& segment) {
  AddFile(segment.number, segment.file_bytes);
  Place(segment);
}

void DiskIndex::AddUnreadable(uint64_t number, uint64_t file_bytes) { AddFile(number, file_bytes); }

void DiskIndex::AddFile(uint64_t number, uint64_t bytes) {
  CHECK(number > last_number());
  files_.push_back({number, bytes});
  file_bytes_ += bytes;
}

void DiskIndex::Place(const SegmentSummary& segment) {
  const LogPosition& position = segment.position;
  while (!runs_.empty()) {
    DiskRun& run = runs_.back();
    if (run.Continues(position)) return run.Add(segment.number, position, segment.end);
    if (const std::optional<base::Offset> shared = run.LeadsTo(position)) {
      run.Truncate(*shared);
      break;
    }
    runs_.pop_back();
  }
  runs_.emplace_back(segment.number, position, segment.end);
}

void DiskIndex::Extend(base::Offset end, uint64_t file_bytes) {
  File& last = files_.back();
  file_bytes_ += file_bytes - last.bytes;
  last.bytes = file_bytes;
  if (!empty() && runs_.back().last_number() == last.number) runs_.back().Extend(end);
}

bool DiskIndex::Continues(const LogPosition& position) const {
  return !empty() && runs_.back().Continues(position);
}

void DiskIndex::Truncate(base::Offset offset) {
  CHECK(!empty());
  runs_.back().Truncate(offset);
}

std::optional<DiskIndex::Choice> DiskIndex::Choose(const SnapshotFile& file) {
  Choice choice;
  for (std::vector<DiskRun> runs = std::exchange(runs_, {}); !runs.empty(); runs.pop_back()) {
    if (const std::optional<base::Offset> from = Leads(file, runs.back())) {
      choice.from = *from;
      runs_.push_back(std::move(runs.back()));
      std::ranges::reverse(choice.unreachable);
      return choice;
    }
    choice.unreachable.push_back({runs.back().start(), runs.back().end()});
  }
  return std::nullopt;
}

std::optional<base::Offset> DiskIndex::GoesOnFrom(const SnapshotFile& file) const {
  return empty() ? std::nullopt : Leads(file, runs_.back());
}

std::vector<uint64_t> DiskIndex::TakeSurplus(uint64_t limit) {
  std::vector<uint64_t> surplus;
  while (file_bytes_ > limit && files_.size() > 1) {
    surplus.push_back(files_.front().number);
    RemoveFromRuns(files_.front().number);
    file_bytes_ -= files_.front().bytes;
    files_.pop_front();
  }
  return surplus;
}

// The oldest file is the first one of its run.
void DiskIndex::RemoveFromRuns(uint64_t number) {
  const auto run = std::ranges::find(runs_, number, &DiskRun::first_number);
  if (run == runs_.end()) return;
  if (run->size() > 1)
    run->RemoveFirst();
  else
    runs_.erase(run);
}

void DiskIndex::CheckInvariants() const {
  uint64_t bytes = 0;
  uint64_t number = 0;
  for (const File& file : files_) {
    CHECK(file.number > number);  // I2
    number = file.number;
    bytes += file.bytes;
  }
  CHECK(bytes == file_bytes_);  // I3
  number = 0;
  for (const DiskRun& run : runs_) {
    run.CheckInvariants();
    CHECK(run.first_number() > number);  // I2
    number = run.last_number();
  }
  CHECK(number <= last_number());
}

}  // namespace quorate::replication::core
