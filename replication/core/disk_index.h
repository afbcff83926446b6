// Which bytes of which history the segments on disk hold. The segments come in the order in which
// they were written, found at start or written since; what can be served and replayed is the last
// run of them, the one that the writing goes on with.
//
// Segments form a run as long as each continues the history of those before it, under the same id
// or one that has taken over from it. A segment may begin before the end of the run: what is on
// disk after that place was never part of the dataset (a torn command, a write that a failing disk
// half took) and is passed over. A full resync, or a gap, begins a new run; older segments only
// wait for their removal.
//
// Invariants
//   D1  the segments of the run follow each other without gap: [start(), end()) is held whole.
//   D2  segment numbers rise.
//   D3  file_bytes() is the sum of the sizes of all segments, of the run or not.
#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <vector>

#include "replication/core/disk_format.h"
#include "shared/base/ids.h"

namespace quorate::replication::core {

// What a segment was found to hold: whole records only.
struct SegmentSummary {
  uint64_t number = 0;
  uint64_t file_bytes = 0;
  LogPosition position;
  base::Offset end;
};

// The snapshot file that a restart would begin with.
struct SnapshotFile {
  struct Position {
    base::ReplicationId id;
    base::Offset offset;
  };
  bool exists = false;
  std::optional<Position> position;  // of its dataset in a history, if it has one and it is known
};

class DiskIndex {
 public:
  // Precondition of both: a higher number than any before.
  void Add(const SegmentSummary& segment);
  // A file that holds nothing usable; it takes its room until it is removed.
  void AddUnreadable(uint64_t number, uint64_t file_bytes);
  // The last segment grew to this. Precondition: there is one.
  void Extend(base::Offset end, uint64_t file_bytes);
  // Would a segment that begins here belong to the run?
  bool Continues(const LogPosition& position) const;
  // Passes over what the run holds from `offset` on. Precondition: start() <= offset <= end().
  void Truncate(base::Offset offset);
  // The run cannot be continued: the next segment begins another one.
  void EndRun();

  // ---- the run

  bool empty() const { return run_.segments == 0; }
  base::Offset start() const { return empty() ? base::Offset() : First().start; }
  base::Offset end() const { return empty() ? base::Offset() : segments_.back().end; }
  // The run begins with an empty dataset: its bytes are all there is to know.
  bool from_empty() const { return !empty() && run_.from_empty; }
  int first_db() const { return run_.first_db; }
  // The history that the run's end belongs to. Precondition: !empty().
  const LogPosition& latest() const { return run_.latest; }
  // A dataset that is the first `offset` bytes of the history `id` can be brought up to end().
  bool Holds(const base::ReplicationId& id, base::Offset offset) const;
  // Where the run goes on from `file`, or from the empty dataset if there is none; nothing if a
  // restart has no use for the run.
  std::optional<base::Offset> GoesOnFrom(const SnapshotFile& file) const;

  // The bytes of segment `number` up to `end`.
  struct Piece {
    uint64_t number = 0;
    base::Offset end;
  };
  // Where the bytes from `offset` on are, in order; empty if that is outside the run or its end.
  std::vector<Piece> PiecesFrom(base::Offset offset) const;

  // ---- the files

  uint64_t file_bytes() const { return file_bytes_; }
  // Highest number there is; 0 = none.
  uint64_t last_number() const { return segments_.empty() ? 0 : segments_.back().number; }
  // Forgets the oldest segments until the rest fits, but never the last; returns their numbers.
  std::vector<uint64_t> TakeSurplus(uint64_t limit);

  // Aborts if an invariant is broken.
  void CheckInvariants() const;

 private:
  struct Segment {
    uint64_t number = 0;
    uint64_t file_bytes = 0;
    base::Offset start;
    base::Offset end;
  };
  // An id under which the run's bytes are known, up to `until`.
  struct Name {
    base::ReplicationId id;
    std::optional<base::Offset> until;
  };
  struct Run {
    size_t segments = 0;  // the last so many
    bool from_empty = false;
    int first_db = -1;
    LogPosition latest;
    std::vector<Name> names;
  };

  const Segment& First() const { return segments_[segments_.size() - run_.segments]; }
  void BeginRun(const LogPosition& position);

  std::deque<Segment> segments_;
  Run run_;
  uint64_t file_bytes_ = 0;
};

}  // namespace quorate::replication::core
