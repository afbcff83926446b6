// The work on the segment files that is done off the loop thread: finding out what is there,
// writing one batch after another, removing. See core/disk_format.h for what is in them.
//
// Thread rule: no object of this header is used by two threads at a time; which thread is no
// matter.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "replication/core/disk_format.h"
#include "replication/core/disk_index.h"
#include "shared/base/ids.h"
#include "shared/base/result.h"
#include "shared/io/files.h"

namespace quorate::replication::runtime {

// `folder` ends with a slash, or is empty for the working directory.
std::string SegmentPath(const std::string& folder, uint64_t number);
// The number in a segment's file name; nullopt: the name is not a segment's.
std::optional<uint64_t> SegmentNumber(const std::string& name);

// A segment that was begun and not known to be durable: nothing was counted on it.
bool IsUnfinishedSegment(const std::string& name);

// What lies in the segments of a folder.
struct FoundSegments {
  core::DiskIndex index;
  std::vector<std::string> problems;  // what is wrong with the bytes of any of them
  base::Status status;  // error: not all can be read; what they hold is not known, nor to be judged
  base::Status durable;  // error: what was found may not survive a power cut
};
FoundSegments ScanSegments(io::Files& files, const std::string& folder,
                           const std::vector<uint64_t>& numbers);

// Removes all segments of `folder`, finished or not.
struct ClearedSegments {
  uint64_t last_number = 0;  // the highest there was
  size_t removed = 0;
  base::Status status;  // why some are left
};
ClearedSegments ClearSegments(io::Files& files, const std::string& folder);

// One step of the writing, and what came of it.
struct DiskBatch {
  uint64_t segment = 0;
  std::optional<core::LogPosition> begins;  // it is a new segment
  base::Offset offset;
  std::string bytes;              // perhaps none
  std::vector<uint64_t> surplus;  // segments to remove
  bool sync = false;              // make what was written durable
  // Filled in by the work.
  base::Status status;
  uint64_t file_bytes = 0;  // the segment's, afterwards
};

class SegmentWriter {
 public:
  SegmentWriter(io::Files& files, std::string folder) : files_(files), folder_(std::move(folder)) {}
  void Write(DiskBatch& batch);

 private:
  base::Status WriteBytes(const DiskBatch& batch);

  io::Files& files_;
  const std::string folder_;
  std::unique_ptr<io::WritableFile> file_;
  uint64_t file_bytes_ = 0;
  std::string encoded_;  // reused
};

// Reads the stream's bytes from an offset on.
class SegmentReader {
 public:
  SegmentReader(io::Files& files, std::string folder, base::Offset from)
      : files_(files), folder_(std::move(folder)), next_(from) {}
  base::Offset next() const { return next_; }
  // Appends to `out` what `pieces` hold from next() on, until there are `budget` bytes or a little
  // more.
  base::Status Read(const std::vector<core::DiskRun::Piece>& pieces, size_t budget,
                    std::string& out);

 private:
  base::Status ReadPiece(const core::DiskRun::Piece& piece, size_t budget, std::string& out);
  base::Status Open(uint64_t number);
  // False at the end of the file.
  base::Result<bool> Fill(size_t wanted);

  io::Files& files_;
  const std::string folder_;
  base::Offset next_;
  uint64_t number_ = 0;  // of the open file
  std::unique_ptr<io::ReadableFile> file_;
  core::SegmentParser parser_;
  std::string input_;  // read and not consumed: from position_ on
  size_t position_ = 0;
};

}  // namespace quorate::replication::runtime
