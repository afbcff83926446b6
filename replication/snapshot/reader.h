// Decodes an RDB file or snapshot incrementally: bytes are pushed as they arrive, whole records go
// to the sink. The input is untrusted: every length is checked against the limits before memory is
// set aside for it, and memory grows only with bytes that really came. Anything unknown or
// unsupported ends the reading with an error that names it and the byte offset; the sink is a
// staging area, so the data in use is not touched.
//
// Reads versions 1 to 12; string records, and every opcode of those versions. Record types go
// through one table (types.cpp); a type without an entry is refused by name.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "replication/snapshot/record.h"
#include "shared/base/buffer.h"
#include "shared/base/result.h"

namespace quorate::replication::snapshot {

// Where decoded records go. An error from any call stops the reader and is reported with the byte
// offset.
class Sink {
 public:
  virtual ~Sink() = default;
  virtual base::Status OnDatabase(const DatabaseRecord& record) = 0;
  virtual base::Status OnString(const StringRecord& record) = 0;
  // One function library's source (FUNCTION LOAD form).
  virtual base::Status OnFunction(std::string_view code) {
    (void)code;
    return base::Error{"functions are not supported"};
  }
};

struct ReaderOptions {
  uint64_t max_string = 512ull * 1024 * 1024;  // proto-max-bulk-len: longest key or value
  int databases = 16;                          // a higher index is an error
  bool verify_checksum = true;
};

class Reader {
 public:
  Reader(Sink& sink, const ReaderOptions& options);

  // Takes bytes; returns how many were used: all of them, unless the file ended within. An error is
  // final.
  base::Result<size_t> Push(std::string_view bytes);
  // The closing opcode and checksum were read.
  bool complete() const { return complete_; }
  // Call at the end of the input: an error that names the offset unless complete().
  base::Status Finish() const;

  // Auxiliary fields seen so far.
  const Meta& meta() const { return meta_; }
  int version() const { return version_; }
  // Offset of the next unread byte.
  uint64_t offset() const { return offset_; }
  uint64_t records() const { return records_; }

 private:
  friend class Cursor;
  struct Step;

  base::Result<size_t> Parse(std::string_view bytes);
  base::Status Fail(std::string_view what, uint64_t at);

  Sink& sink_;
  ReaderOptions options_;
  Meta meta_;
  base::Buffer held_;  // an unfinished unit
  size_t wanted_ = 0;  // held_ must reach this before parsing makes sense again
  uint64_t offset_ = 0;
  uint64_t crc_ = 0;
  uint64_t records_ = 0;
  int version_ = 0;  // 0 until the header was read
  bool complete_ = false;
  std::optional<std::string> error_;
  // Attributes of the next record.
  std::optional<base::WallTime> expires_at_;
  std::optional<uint64_t> idle_seconds_;
  std::optional<uint8_t> frequency_;
  std::optional<DatabaseRecord> database_;  // SELECTDB seen, RESIZEDB may follow
};

}  // namespace quorate::replication::snapshot
