// Which bytes of which history the segments on disk hold. The segments come in the order in which
// they were written, found at start or written since, and make up runs (core/disk_run.h). While
// writing only the last run counts: it is the one that is gone on with, served and replayed.
//
// At a start there may be several: a bad place in a file, or a disk that failed for longer than
// memory lasted, leaves a gap in a history. The run before a gap is sound up to its end, and is the
// one to go on with where the snapshot file (or, without one, the empty dataset) leads into it and
// not into the one behind the gap. Choose() decides. What lies behind the chosen run is set aside: the
// dataset cannot get there, and its history goes on in another way. The files stay as they are until
// their room is needed, and the next segment, which begins where the dataset is, tells later starts
// that they were given up. So is a run of which the history that follows knows nothing (a full
// resync brought another one).
//
// Invariants
//   I2  segment numbers rise, over all files and in each run; runs do not share files.
//   I3  file_bytes() is the sum of the sizes of all segments, of a run or not.
#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <vector>

#include "replication/core/disk_format.h"
#include "replication/core/disk_run.h"
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
  // Would a segment that begins here belong to the last run?
  bool Continues(const LogPosition& position) const;
  // Passes over what the last run holds from `offset` on. Precondition: start() <= offset <= end().
  void Truncate(base::Offset offset);
  // Nothing that was found or written is gone on with: the next segment begins a run.
  void EndRun() { runs_.clear(); }

  // ---- at a start

  struct Choice {
    base::Offset from;  // the dataset is here
    // What lies behind the chosen run, in the order of writing.
    struct Stretch {
      base::Offset start;
      base::Offset end;
    };
    std::vector<Stretch> unreachable;
  };
  // Goes on with the last run that goes on from `file`, and forgets the others; nothing: there is
  // none, and all are forgotten.
  std::optional<Choice> Choose(const SnapshotFile& file);

  // ---- the last run

  bool empty() const { return runs_.empty(); }
  base::Offset start() const { return empty() ? base::Offset() : runs_.back().start(); }
  base::Offset end() const { return empty() ? base::Offset() : runs_.back().end(); }
  bool from_empty() const { return !empty() && runs_.back().from_empty(); }
  int first_db() const { return empty() ? -1 : runs_.back().first_db(); }
  // Precondition: !empty().
  const LogPosition& latest() const { return runs_.back().latest(); }
  bool Holds(const base::ReplicationId& id, base::Offset offset) const {
    return !empty() && runs_.back().Holds(id, offset);
  }
  // Where it goes on from `file`, or from the empty dataset if there is none; nothing if a restart
  // has no use for it.
  std::optional<base::Offset> GoesOnFrom(const SnapshotFile& file) const;
  std::vector<DiskRun::Piece> PiecesFrom(base::Offset offset) const {
    return empty() ? std::vector<DiskRun::Piece>() : runs_.back().PiecesFrom(offset);
  }

  // ---- the files

  uint64_t file_bytes() const { return file_bytes_; }
  // Highest number there is; 0 = none.
  uint64_t last_number() const { return files_.empty() ? 0 : files_.back().number; }
  // Forgets the oldest segments until the rest fits, but never the last; returns their numbers.
  std::vector<uint64_t> TakeSurplus(uint64_t limit);

  // Aborts if an invariant is broken.
  void CheckInvariants() const;

 private:
  struct File {
    uint64_t number = 0;
    uint64_t bytes = 0;
  };

  void AddFile(uint64_t number, uint64_t bytes);
  // Into the run that it continues, or one of its own.
  void Place(const SegmentSummary& segment);
  void RemoveFromRuns(uint64_t number);

  std::deque<File> files_;
  std::vector<DiskRun> runs_;  // in the order of writing, each a beginning of the same history
  uint64_t file_bytes_ = 0;
};

}  // namespace quorate::replication::core
