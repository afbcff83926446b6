// How the replication stream lies on disk: segments, each the file of one unbroken piece of the
// stream. A segment says itself where it belongs, so that whatever files are found can be put
// together again, and a file that was torn is good up to its last whole record. Bytes in, bytes
// out; no files here.
//
// Layout, all numbers little-endian
//   segment   "QBKLOG1\n", one position record, then bytes records without gap
//   record    u32 payload bytes | u32 kind: 1 position, 2 bytes | i64 offset of the first byte |
//             u64 XXH3 of the payload, seeded with the XXH3 of the 16 bytes before | payload
//   position  40 id | 40 previous id | i64 previous end, -1 = none | i32 selected database, -1 =
//             none | u32 flags: 1 = the dataset is empty here
//   bytes     the stream, 1 byte to kMaxRecordBytes
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "shared/base/ids.h"

namespace quorate::replication::core {

// Where a segment begins: its bytes from `offset` on belong to the history `id`, whose first
// `previous_end` bytes are those of `previous_id` too.
struct LogPosition {
  base::ReplicationId id;
  base::Offset offset;
  base::ReplicationId previous_id;
  std::optional<base::Offset> previous_end;
  int stream_db = -1;       // what the stream has selected
  bool from_empty = false;  // the stream from here on is the whole dataset

  friend bool operator==(const LogPosition&, const LogPosition&) = default;
};

constexpr size_t kMaxRecordBytes = 1024 * 1024;

// The beginning of a segment.
void AppendSegmentStart(const LogPosition& position, std::string& out);
// Precondition: 0 < bytes.size() <= kMaxRecordBytes.
void AppendBytesRecord(base::Offset offset, std::string_view bytes, std::string& out);

// Takes a segment apart, record by record.
class SegmentParser {
 public:
  enum class Outcome {
    kNeedMore,  // the input ends inside a record: call again with more, or it is torn here
    kPosition,  // position(); always the first
    kBytes,     // offset() and bytes()
    kBad,       // error(): nothing from here on is to be believed
  };

  // `input` begins at the first byte not yet consumed.
  Outcome Next(std::string_view input);
  size_t consumed() const { return consumed_; }
  // After kNeedMore: the least input size worth calling Next() with.
  size_t needed() const { return needed_; }

  const LogPosition& position() const { return *position_; }
  // After kBytes, valid as long as the input. The records are without gap: offset() is where the
  // one before ended.
  base::Offset offset() const { return end_ - static_cast<int64_t>(bytes_.size()); }
  std::string_view bytes() const { return bytes_; }
  // How far the whole records reach. Precondition: the position was read.
  base::Offset end() const { return end_; }
  std::string_view error() const { return error_; }

 private:
  Outcome Need(size_t bytes);
  Outcome Bad(std::string_view error);
  Outcome ReadPosition(base::Offset offset, std::string_view payload);
  Outcome ReadBytes(base::Offset offset, std::string_view payload);

  bool begun_ = false;
  std::optional<LogPosition> position_;
  base::Offset end_;
  std::string_view bytes_;
  size_t consumed_ = 0;
  size_t needed_ = 0;
  std::string_view error_;
};

}  // namespace quorate::replication::core
