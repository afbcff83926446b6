// Encodes a snapshot as RDB version 10, a bounded slice at a time: the caller asks for bytes when
// it has room for them, and the writer asks its source for the next record when it needs one. So a
// sweep of the keyspace can be interrupted after any record, and a big value leaves in pieces.
//
// Thread rule: one thread at a time; the source is called only from inside Produce.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <variant>

#include "replication/snapshot/record.h"
#include "shared/base/buffer.h"

namespace quorate::replication::snapshot {

struct EndRecord {};
using Record = std::variant<DatabaseRecord, StringRecord, EndRecord>;

// The state at the cut, one record after another: a DatabaseRecord before the records of that
// database, EndRecord last.
class RecordSource {
 public:
  virtual ~RecordSource() = default;
  // The record's views must stay valid until the next call.
  virtual Record Next() = 0;
};

struct WriterOptions {
  bool compress = true;  // LZF for values worth it
  bool checksum = true;  // false writes 0, "not computed"
};

class Writer {
 public:
  // Values longer than this leave in pieces and uncompressed: the work of one call stays bounded.
  static constexpr size_t kMaxCompressed = 1024 * 1024;

  Writer(const Meta& meta, RecordSource& source, const WriterOptions& options);

  // Appends encoded bytes to `out` and returns as soon as this call has appended `budget` bytes or
  // more; it exceeds the budget by less than one key plus kMaxCompressed. False when the file is
  // complete.
  bool Produce(size_t budget, base::Buffer& out);
  bool complete() const { return complete_; }

 private:
  void Encode(const DatabaseRecord& record, base::Buffer& out);
  void Encode(const StringRecord& record, base::Buffer& out);
  void Checksum(const base::Buffer& out, size_t from);

  RecordSource& source_;
  WriterOptions options_;
  base::Buffer head_;            // magic and auxiliary fields, until written
  std::string_view value_rest_;  // of a value that leaves in pieces
  uint64_t crc_ = 0;
  bool complete_ = false;
};

}  // namespace quorate::replication::snapshot
