// Decodes an RDB file or snapshot incrementally: bytes are pushed as they arrive, whole records go
// to the sink. The input is untrusted: every length is checked before memory is set aside for it,
// and memory grows only with bytes that really came, compressed ones by what LZF can make of them
// at most (264 times). Anything unknown or unsupported ends the reading with an error that names it
// and the byte offset; the sink is a staging area, so the data in use is not touched.
//
// Reads versions 1 to 12: every opcode of those versions, and the record types of types.cpp.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "replication/snapshot/decode.h"
#include "replication/snapshot/record.h"
#include "shared/base/buffer.h"
#include "shared/base/result.h"

namespace quorate::replication::snapshot {

// Where decoded records go. An error from any call stops the reader and is reported with the byte
// offset.
class Sink {
 public:
  virtual ~Sink() = default;
  // Precedes the records of a database; a database may come more than once.
  virtual base::Status OnDatabase(const DatabaseRecord& record) = 0;
  virtual base::Status OnString(const StringRecord& record) = 0;
  // The source of one function library.
  virtual base::Status OnFunction(std::string_view code) {
    (void)code;
    return base::Error{"functions are not supported"};
  }
};

struct ReaderOptions {
  uint64_t max_string = 512ull * 1024 * 1024;  // longest key or value
  int databases = 16;                          // a higher index is an error
  bool verify_checksum = true;
};

class Reader {
 public:
  Reader(Sink& sink, const ReaderOptions& options);

  // Takes bytes; returns how many were used: all of them, unless the file ended within. An error
  // is final: every later call returns it again.
  base::Result<size_t> Push(std::string_view bytes);
  // The closing opcode and the checksum were read.
  bool complete() const { return complete_; }
  // At the end of the input: an error with the offset unless complete().
  base::Status Finish() const;

  // Auxiliary fields seen so far.
  const Meta& meta() const { return meta_; }
  int version() const { return version_; }
  // Offset of the next byte that was not understood yet.
  uint64_t offset() const { return offset_; }
  uint64_t records() const { return records_; }

 private:
  // Parses whole units off the front of `bytes`; returns how many bytes those were.
  size_t Parse(std::string_view bytes);
  bool ParseUnit(Decoder& decoder);
  bool ParseHeader(Decoder& decoder);
  bool ParseOpcode(uint8_t opcode, Decoder& decoder);
  bool ParseRecord(uint8_t type, Decoder& decoder);
  bool ParseAux(Decoder& decoder);
  bool ParseSelectDb(Decoder& decoder);
  bool ParseResizeDb(Decoder& decoder);
  bool ParseFunction(Decoder& decoder);
  bool SkipModuleAux(Decoder& decoder);
  bool AnnounceDatabase(Decoder& decoder);
  bool ParseEnd(Decoder& decoder);

  Sink& sink_;
  ReaderOptions options_;
  Meta meta_;
  base::Buffer held_;  // an unfinished unit
  size_t needed_ = 0;  // held_ must reach this before parsing it makes sense
  uint64_t offset_ = 0;
  uint64_t crc_ = 0;       // of the bytes before offset_
  uint64_t checksum_ = 0;  // as the file claims
  uint64_t records_ = 0;
  int version_ = 0;  // 0 until the header was read
  bool complete_ = false;
  std::optional<std::string> error_;
  std::string key_scratch_;
  std::string value_scratch_;

  // Attributes of the next record.
  std::optional<base::WallTime> expires_at_;
  std::optional<uint64_t> idle_seconds_;
  std::optional<uint8_t> frequency_;
  // Selected and not announced yet: its sizes may follow.
  std::optional<DatabaseRecord> database_ = DatabaseRecord{};
};

}  // namespace quorate::replication::snapshot
