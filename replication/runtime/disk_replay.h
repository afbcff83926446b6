// Brings a dataset that was loaded at a start up to the end of the on-disk backlog: reads the
// stream from the dataset's offset on and runs its commands, in slices between loop turns. It ends
// between two commands and outside transactions; what is on disk beyond, a torn command or half a
// transaction, was never acknowledged as a whole and is left out. What cannot be read, though it was
// found there, or selects a database that there is not, is no such end: the replay fails.
//
// Thread rule: the loop thread. Lifetime: destroying it stops the replay silently.
#pragma once

#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "replication/core/stream_tracker.h"
#include "replication/core/unit_marks.h"
#include "replication/runtime/disk_backlog.h"
#include "replication/runtime/ports.h"
#include "shared/base/buffer.h"
#include "shared/base/result.h"
#include "shared/resp/request_parser.h"

namespace quorate::replication::runtime {

class DiskReplay {
 public:
  struct Outcome {
    base::Offset end;  // the dataset is here now
    int stream_db = -1;
    uint64_t commands = 0;
    core::UnitMarks units;  // met on the way
    std::string problem;    // why it ended before the backlog's end; empty = it did not
    base::Status status;    // error: it failed, and nothing may be written over what is on disk
  };

  struct Position {
    base::Offset offset;
    int stream_db = -1;  // selected there
  };
  // The dataset is at `from` and has `databases` databases. `done` is called once, never from
  // inside Start, and may destroy this.
  DiskReplay(DiskBacklog& disk, StreamApplier& applier, const Position& from, int databases,
             std::function<void(const Outcome&)> done);
  ~DiskReplay() { *alive_ = false; }
  DiskReplay(const DiskReplay&) = delete;
  DiskReplay& operator=(const DiskReplay&) = delete;

  void Start() { ReadOn(); }

 private:
  static constexpr size_t kSliceBytes = 256 * 1024;

  void ReadOn();
  void OnBytes(std::string_view bytes);
  // Messages to subscribers had their time.
  static bool IsMessage(std::string_view command);
  // Runs the whole commands that have come. False: one of them cannot be run.
  bool RunCommands();
  // -1: none.
  static int SelectedBy(std::span<const std::string_view> command);
  // There is a database `db`; otherwise the replay has failed.
  bool HasDatabase(int db);
  void Finish();

  DiskBacklog& disk_;
  StreamApplier& applier_;
  const int databases_;
  std::function<void(const Outcome&)> done_;
  std::shared_ptr<SegmentReader> reader_;
  core::StreamTracker tracker_;
  resp::RequestParser parser_;
  base::Buffer input_;  // an unfinished command
  Outcome outcome_;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

}  // namespace quorate::replication::runtime
