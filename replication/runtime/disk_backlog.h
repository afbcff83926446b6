// The on-disk backlog: everything that enters the history goes to segment files as well, so that
// replicas may come back for more than memory holds, and a restart loses nothing that was written.
// It is one more reader of the backlog. Workers write and read; the loop thread hands them batches
// and keeps the index of what is there.
//
// Invariants
//   K1  at most one batch is with a worker; what it holds stays in memory's backlog meanwhile, so
//       the disk ends where memory's backlog goes on, or later.
//   K2  History::disk() is set only while the index' run is a part of the history.
//   K3  after a failure nothing is written to the same file again, nor built upon what it left; the
//       service goes on without, and later from the last byte that is certain to be durable, or, if
//       memory has lost it, with a new run, which a snapshot file has to lead into.
//   K4  what was written is made durable within kSyncPeriod, whether more comes or not; a segment
//       begins only when the one before it is durable, name and all, up to there or a failure.
//
// Lifetime: work that is with a worker when this is destroyed ends on its own. Thread rule: the
// loop thread.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "replication/core/backlog.h"
#include "replication/core/disk_index.h"
#include "replication/core/history.h"
#include "replication/core/views.h"
#include "replication/runtime/disk_segments.h"
#include "shared/base/result.h"
#include "shared/base/time.h"
#include "shared/io/io.h"

namespace quorate::replication::runtime {

class DiskBacklog {
 public:
  struct Ports {
    std::function<bool()> dataset_empty;
    std::function<int()> stream_db;
    std::function<void(std::string_view text, bool problem)> note;
  };

  // Unwritten bytes beyond what memory's backlog keeps in any case, past which a disk counts as
  // failing: they are held for it alone.
  static constexpr uint64_t kMaxUnwritten = 256ull * 1024 * 1024;

  DiskBacklog(io::Io& io, core::History& history, uint64_t limit, Ports ports,
              uint64_t max_unwritten = kMaxUnwritten);
  ~DiskBacklog();
  DiskBacklog(const DiskBacklog&) = delete;
  DiskBacklog& operator=(const DiskBacklog&) = delete;

  void SetLimit(uint64_t limit) { limit_ = limit; }

  // ---- at start

  // Looks for segments. False if there are none; else `done` is called when index() is complete. An
  // error, here or there: they cannot be read. It is not the same as a segment whose bytes are bad:
  // all may be there the next time, so nothing may be written over it, and nothing was touched.
  base::Result<bool> Recover(std::function<void(const base::Status&)> done);
  const core::DiskIndex& index() const { return index_; }
  // Goes on with one of the runs found; nothing: none is of use, and what was found stays until its
  // room is needed.
  std::optional<core::DiskIndex::Choice> Choose(const core::SnapshotFile& file);
  // The dataset is at `end`, of the history of the run chosen: the writing will go on from there.
  void Resume(base::Offset end);
  // Instead of all that, at run time: segments that are there are of another time, and nothing that
  // a restart should run.
  void Clear(std::function<void()> done);
  // What memory holds now will be written too, however long that takes to begin: a snapshot file
  // that is saved from here on can be brought up to date.
  void KeepPlace();
  // How many segments lie in the working directory.
  static size_t CountSegments(io::Files& files);
  // The working directory is still the one that it writes to.
  bool InPlace() const;
  // From now on the history is written. `resumed`: after Resume, with the history restored.
  void Start(bool resumed);

  // ---- writing

  // Begins to write what has come since. Call it at the end of a turn.
  void EndTurn();
  // The history is about to be replaced, or its backlog to go.
  void Leave();
  // Writes what there is, and then calls `done`, at most kCloseTimeout later.
  void Close(std::function<void()> done);

  // ---- reading

  // Reads on, in a worker: `done` gets about `budget` bytes, or none at the end of what is written.
  // `reader` is that worker's until then.
  void Read(const std::shared_ptr<SegmentReader>& reader, size_t budget,
            std::function<void(base::Result<std::string>)> done);
  std::shared_ptr<SegmentReader> ReaderFrom(base::Offset offset);
  // A read failed: what is on disk is not offered any more.
  void Distrust();

  // A restart could not begin with `file` and go on with what is written, or soon could not.
  bool WantsSnapshot(const core::SnapshotFile& file) const;
  // Fills in the fields of the disk.
  void Describe(core::BacklogView& view) const;
  void CheckInvariants() const;

 private:
  // A lone write waits this long for others.
  static constexpr base::Duration kFlushDelay = std::chrono::milliseconds(10);
  static constexpr base::Duration kSyncPeriod = std::chrono::seconds(1);
  static constexpr base::Duration kRetryPause = std::chrono::seconds(5);
  static constexpr base::Duration kCloseTimeout = std::chrono::seconds(5);
  static constexpr size_t kUrgentBytes = 256 * 1024;
  static constexpr uint64_t kMinSegment = 64 * 1024;
  static constexpr uint64_t kMaxSegment = 64 * 1024 * 1024;

  uint64_t SegmentLimit() const;
  // Takes a cursor where the writing is to go on.
  void Attach();
  std::optional<core::Backlog::Cursor> ContinueAt(base::Offset offset);
  core::LogPosition PositionAt(base::Offset offset) const;
  // How far the bytes from the cursor on belong to the id that is being written; sees to it that a
  // new segment begins where they do not.
  uint64_t Writable();
  void WriteBatch(uint64_t bytes);
  void OnWritten(const DiskBatch& batch, uint64_t attachment);
  void TakeFound(FoundSegments& found);
  void Fail(const std::string& reason);
  void Publish();
  void RemoveAll();
  void FinishClosing();

  io::Io& io_;
  core::History& history_;
  uint64_t limit_;
  Ports ports_;
  const uint64_t max_unwritten_;
  std::string folder_;
  core::DiskIndex index_;
  uint64_t last_number_ = 0;  // given to a segment
  std::shared_ptr<SegmentWriter> writer_;
  const std::unique_ptr<io::Timer> timer_;
  bool started_ = false;

  core::Backlog::Cursor cursor_;  // attached while writing
  uint64_t attachment_ = 0;  // counts attachments: tells a batch that the history went on without
  std::optional<core::LogPosition> begins_;  // the next batch begins a segment here
  base::ReplicationId written_id_;           // of the segment being written
  bool part_of_history_ = false;             // the run is
  bool busy_ = false;
  std::string problem_;  // why nothing is written; empty = all is well
  base::Instant retry_at_{};
  base::Instant flush_at_{};
  base::Instant synced_at_{};
  base::Offset synced_end_;  // of the run: this much is durable
  bool doubtful_ = false;    // what is beyond that was not made durable, and will not be
  std::function<void()> on_cleared_;
  std::function<void()> on_closed_;
  base::Instant close_by_{};
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

}  // namespace quorate::replication::runtime
