#include "replication/core/disk_run.h"

#include <algorithm>

#include "shared/base/check.h"

namespace quorate::replication::core {

DiskRun::DiskRun(uint64_t number, const LogPosition& position, base::Offset end)
    : segments_{{number, position.offset, end}},
      from_empty_(position.from_empty),
      first_db_(position.stream_db),
      latest_(position) {
  CHECK(end >= position.offset);
  if (position.previous_end) names_.push_back({position.previous_id, position.previous_end});
  names_.push_back({position.id, std::nullopt});
}

bool DiskRun::Continues(const LogPosition& position) const {
  if (position.offset < start() || position.offset > end()) return false;
  if (position.id == latest_.id) return true;
  return position.previous_end && position.previous_id == latest_.id &&
         position.offset <= *position.previous_end;
}

std::optional<base::Offset> DiskRun::LeadsTo(const LogPosition& position) const {
  base::Offset shared = end();
  if (position.id != latest_.id) {
    // Where neither id is known, the ids between may be what is missing.
    if (!position.previous_end) return std::nullopt;
    if (position.previous_id == latest_.id) shared = std::min(shared, *position.previous_end);
  }
  return shared >= start() && shared <= position.offset ? std::optional(shared) : std::nullopt;
}

void DiskRun::Add(uint64_t number, const LogPosition& position, base::Offset end) {
  CHECK(number > last_number());
  CHECK(end >= position.offset);
  CHECK(Continues(position));
  Truncate(position.offset);
  if (position.id != latest_.id) {
    names_.back().until = position.previous_end;
    names_.push_back({position.id, std::nullopt});
  }
  latest_ = position;
  segments_.push_back({number, position.offset, end});
}

void DiskRun::Extend(base::Offset end) {
  CHECK(end >= segments_.back().end);
  segments_.back().end = end;
}

void DiskRun::Truncate(base::Offset offset) {
  CHECK(offset >= start());
  CHECK(offset <= end());
  for (Segment& segment : segments_) {
    segment.start = std::min(segment.start, offset);
    segment.end = std::min(segment.end, offset);
  }
  for (Name& name : names_)
    if (name.until) name.until = std::min(*name.until, offset);
}

void DiskRun::RemoveFirst() {
  CHECK(segments_.size() > 1);
  segments_.pop_front();
  from_empty_ = false;
}

bool DiskRun::Holds(const base::ReplicationId& id, base::Offset offset) const {
  if (offset < start() || offset > end()) return false;
  return std::ranges::any_of(names_, [&](const Name& name) {
    return name.id == id && (!name.until || offset <= *name.until);
  });
}

std::vector<DiskRun::Piece> DiskRun::PiecesFrom(base::Offset offset) const {
  std::vector<Piece> pieces;
  if (offset < start() || offset >= end()) return pieces;
  for (const Segment& segment : segments_)
    if (segment.end > offset && segment.end > segment.start)
      pieces.push_back({segment.number, segment.end});
  return pieces;
}

void DiskRun::CheckInvariants() const {
  CHECK(!segments_.empty());
  for (size_t i = 0; i < segments_.size(); ++i) {
    CHECK(segments_[i].start <= segments_[i].end);
    if (i > 0) CHECK(segments_[i].start == segments_[i - 1].end);  // I1
  }
}

}  // namespace quorate::replication::core
