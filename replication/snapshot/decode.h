// The RDB primitives that the reader is made of. A Decoder walks over the bytes of one unit (an
// opcode with its operands, or a record) that may not have arrived whole: every Read returns false
// either because more bytes are needed (missing()) or because the bytes are wrong (failed()), and
// the unit is then parsed again from its start once more has come, or given up.
//
// Lengths are untrusted: a length is compared with the limit before anything is done with it, and
// nothing is allocated for bytes that have not arrived.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace quorate::replication::snapshot {

class Decoder {
 public:
  Decoder(std::string_view bytes, uint64_t max_string) : bytes_(bytes), max_string_(max_string) {}

  bool ReadByte(uint8_t* value);
  bool ReadLittleEndian(size_t width, uint64_t* value);
  // A plain length; an encoded string's marker in its place is an error.
  bool ReadLength(uint64_t* value);
  // The string's bytes: in the input, or in `scratch` if they had to be unpacked.
  bool ReadString(std::string& scratch, std::string_view* value);
  bool ReadBytes(size_t count, std::string_view* value);
  bool SkipString();
  bool Skip(uint64_t bytes);
  // Always false: records what is wrong, at the current position.
  bool Fail(std::string what);

  size_t position() const { return position_; }
  bool failed() const { return !error_.empty(); }
  const std::string& error() const { return error_; }
  // After a false without failed(): the least size of the input worth trying again with.
  size_t needed() const { return needed_; }

 private:
  bool Need(uint64_t bytes);
  // `encoding` is the kind of an encoded string, or -1 for a length.
  bool ReadLengthOrEncoding(uint64_t* value, int* encoding);
  bool ReadCompressed(std::string& scratch, std::string_view* value);
  bool ReadInteger(size_t width, std::string& scratch, std::string_view* value);
  bool CheckStringLength(uint64_t length);

  std::string_view bytes_;
  uint64_t max_string_;
  size_t position_ = 0;
  size_t needed_ = 0;
  std::string error_;
};

}  // namespace quorate::replication::snapshot
