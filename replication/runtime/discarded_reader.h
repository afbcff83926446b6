// Collects the end of our history that a full synchronization throws away, before it is gone: what
// memory has of it, and before that what memory has lost and the on-disk backlog still holds.
//
// Memory's bytes are taken at once, since they may be trimmed while the disk is read. At most
// kMostFromDisk is read, all of it held in memory; what lies before counts as missing, and so does
// all of the disk's part if the disk cannot be read.
//
// Lifetime: outlived by the history and the note. Thread rule: the loop thread.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "replication/core/history.h"
#include "replication/core/unit_marks.h"
#include "replication/runtime/ports.h"
#include "shared/base/ids.h"

namespace quorate::replication::runtime {

class DiskBacklog;

class DiscardedReader {
 public:
  static constexpr int64_t kMostFromDisk = 256 * 1024 * 1024;

  using Note = std::function<void(std::string_view text)>;
  using Done = std::function<void(DiscardedStream)>;

  // `note`: a problem, for the log.
  DiscardedReader(core::History& history, Note note) : history_(history), note_(std::move(note)) {}

  // Fills in `begin`, `db` and `bytes` of what is to be thrown away from its fork on. `disk`: null
  // without one; else it is there until `done` or OnDiskGone. `done` may be called from inside this
  // call. A reading that has not ended is given up for the next.
  void Read(DiscardedStream discarded, DiskBacklog* disk, Done done);
  // The disk is being turned off: goes on without it.
  void OnDiskGone();

 private:
  struct Reading;

  void ReadOn(const std::shared_ptr<Reading>& reading, DiskBacklog& disk);
  // `problem`: why the disk could not be read; empty: it was.
  void Finish(const std::string& problem);

  core::History& history_;
  Note note_;
  std::shared_ptr<Reading> reading_;  // from disk
};

}  // namespace quorate::replication::runtime
