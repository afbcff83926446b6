// One unbroken piece of a history on disk: segments each of which continues those before it, under
// the same id or one that has taken over from it. A segment may begin before the end of the run:
// what is on disk after that place was never part of the dataset (a torn command, a write that a
// failing disk half took) and is passed over.
//
// Invariants
//   I1  the segments follow each other without gap: [start(), end()) is held whole.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <vector>

#include "replication/core/disk_format.h"
#include "shared/base/ids.h"

namespace quorate::replication::core {

class DiskRun {
 public:
  // Of one segment.
  DiskRun(uint64_t number, const LogPosition& position, base::Offset end);

  // Would a segment that begins here belong to the run?
  bool Continues(const LogPosition& position) const;
  // For a segment that does not, but was written next: the run is a beginning of its history up to
  // here, and what lies between is missing. Nothing: it was given up for that history, which came
  // whole (a full resync) or from before the run's end.
  std::optional<base::Offset> LeadsTo(const LogPosition& position) const;
  // Precondition: a higher number than before; Continues(position).
  void Add(uint64_t number, const LogPosition& position, base::Offset end);
  // The last segment grew. Precondition: end >= end().
  void Extend(base::Offset end);
  // Passes over what the run holds from `offset` on. Precondition: start() <= offset <= end().
  void Truncate(base::Offset offset);
  // The file of the run's first segment is gone. Precondition: it has more than one.
  void RemoveFirst();

  size_t size() const { return segments_.size(); }
  uint64_t first_number() const { return segments_.front().number; }
  uint64_t last_number() const { return segments_.back().number; }
  base::Offset start() const { return segments_.front().start; }
  base::Offset end() const { return segments_.back().end; }
  // It begins with an empty dataset: its bytes are all there is to know.
  bool from_empty() const { return from_empty_; }
  // What the stream has selected at its start.
  int first_db() const { return first_db_; }
  // The history that its end belongs to.
  const LogPosition& latest() const { return latest_; }
  // A dataset that is the first `offset` bytes of the history `id` can be brought up to end().
  bool Holds(const base::ReplicationId& id, base::Offset offset) const;

  // The bytes of segment `number` up to `end`.
  struct Piece {
    uint64_t number = 0;
    base::Offset end;
  };
  // Where the bytes from `offset` on are, in order; empty if that is outside the run or its end.
  std::vector<Piece> PiecesFrom(base::Offset offset) const;

  // Aborts if an invariant is broken.
  void CheckInvariants() const;

 private:
  struct Segment {
    uint64_t number = 0;
    base::Offset start;
    base::Offset end;
  };
  // An id under which the run's bytes are known, up to `until`.
  struct Name {
    base::ReplicationId id;
    std::optional<base::Offset> until;
  };

  std::deque<Segment> segments_;  // never empty
  bool from_empty_ = false;
  int first_db_ = -1;
  LogPosition latest_;
  std::vector<Name> names_;
};

}  // namespace quorate::replication::core
