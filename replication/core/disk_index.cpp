#include "replication/core/disk_index.h"

#include <algorithm>

#include "shared/base/check.h"

namespace quorate::replication::core {

void DiskIndex::Add(const SegmentSummary& segment) {
  CHECK(segment.number > last_number());
  CHECK(segment.end >= segment.position.offset);
  const LogPosition& position = segment.position;
  if (Continues(position)) {
    Truncate(position.offset);
    if (position.id != run_.latest.id) {
      run_.names.back().until = position.previous_end;
      run_.names.push_back({position.id, std::nullopt});
    }
    run_.latest = position;
  } else {
    BeginRun(position);
  }
  segments_.push_back({segment.number, segment.file_bytes, position.offset, segment.end});
  ++run_.segments;
  file_bytes_ += segment.file_bytes;
}

void DiskIndex::BeginRun(const LogPosition& position) {
  run_ = {};
  run_.from_empty = position.from_empty;
  run_.first_db = position.stream_db;
  run_.latest = position;
  if (position.previous_end) run_.names.push_back({position.previous_id, position.previous_end});
  run_.names.push_back({position.id, std::nullopt});
}

void DiskIndex::AddUnreadable(uint64_t number, uint64_t file_bytes) {
  CHECK(number > last_number());
  // In the run it would be a segment of no bytes; it may stand between two that do follow.
  segments_.push_back({number, file_bytes, end(), end()});
  if (run_.segments != 0) ++run_.segments;
  file_bytes_ += file_bytes;
}

void DiskIndex::Extend(base::Offset end, uint64_t file_bytes) {
  Segment& last = segments_.back();
  CHECK(end >= last.end);
  file_bytes_ += file_bytes - last.file_bytes;
  last.end = end;
  last.file_bytes = file_bytes;
}

bool DiskIndex::Continues(const LogPosition& position) const {
  if (empty() || position.offset < start() || position.offset > end()) return false;
  if (position.id == run_.latest.id) return true;
  return position.previous_end && position.previous_id == run_.latest.id &&
         position.offset <= *position.previous_end;
}

void DiskIndex::Truncate(base::Offset offset) {
  CHECK(offset >= start());
  CHECK(offset <= end());
  for (size_t i = segments_.size() - run_.segments; i < segments_.size(); ++i) {
    segments_[i].start = std::min(segments_[i].start, offset);
    segments_[i].end = std::min(segments_[i].end, offset);
  }
  for (Name& name : run_.names)
    if (name.until) name.until = std::min(*name.until, offset);
}

void DiskIndex::EndRun() { run_ = {}; }

bool DiskIndex::Holds(const base::ReplicationId& id, base::Offset offset) const {
  if (empty() || offset < start() || offset > end()) return false;
  return std::ranges::any_of(run_.names, [&](const Name& name) {
    return name.id == id && (!name.until || offset <= *name.until);
  });
}

std::optional<base::Offset> DiskIndex::GoesOnFrom(const SnapshotFile& file) const {
  if (!file.exists) return from_empty() ? std::optional(start()) : std::nullopt;
  if (!file.position || !Holds(file.position->id, file.position->offset)) return std::nullopt;
  return file.position->offset;
}

std::vector<DiskIndex::Piece> DiskIndex::PiecesFrom(base::Offset offset) const {
  std::vector<Piece> pieces;
  if (empty() || offset < start() || offset >= end()) return pieces;
  for (size_t i = segments_.size() - run_.segments; i < segments_.size(); ++i) {
    const Segment& segment = segments_[i];
    if (segment.end > offset && segment.end > segment.start)
      pieces.push_back({segment.number, segment.end});
  }
  return pieces;
}

std::vector<uint64_t> DiskIndex::TakeSurplus(uint64_t limit) {
  std::vector<uint64_t> surplus;
  while (file_bytes_ > limit && segments_.size() > 1) {
    surplus.push_back(segments_.front().number);
    file_bytes_ -= segments_.front().file_bytes;
    if (run_.segments == segments_.size()) {
      --run_.segments;
      run_.from_empty = false;
    }
    segments_.pop_front();
  }
  return surplus;
}

void DiskIndex::CheckInvariants() const {
  CHECK(run_.segments <= segments_.size());
  uint64_t bytes = 0;
  for (size_t i = 0; i < segments_.size(); ++i) {
    const Segment& segment = segments_[i];
    CHECK(segment.start <= segment.end);
    if (i > 0) CHECK(segment.number > segments_[i - 1].number);                              // D2
    if (i > segments_.size() - run_.segments) CHECK(segment.start == segments_[i - 1].end);  // D1
    bytes += segment.file_bytes;
  }
  CHECK(bytes == file_bytes_);  // D3
}

}  // namespace quorate::replication::core
