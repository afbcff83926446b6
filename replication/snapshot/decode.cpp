#include "replication/snapshot/decode.h"

#include <liblzf/lzf.h>

#include <algorithm>
#include <utility>

#include "replication/snapshot/format.h"

namespace quorate::replication::snapshot {
namespace {

// What one compressed byte can at most expand to: a back reference of 3 bytes yields 264.
constexpr uint64_t kMaxExpansion = 264;

}  // namespace

bool Decoder::Need(uint64_t bytes) {
  if (bytes_.size() - position_ >= bytes) return true;
  needed_ = position_ + bytes;
  return false;
}

bool Decoder::Fail(std::string what) {
  error_ = std::move(what);
  return false;
}

bool Decoder::ReadByte(uint8_t* value) {
  if (!Need(1)) return false;
  *value = static_cast<uint8_t>(bytes_[position_++]);
  return true;
}

bool Decoder::ReadLittleEndian(size_t width, uint64_t* value) {
  if (!Need(width)) return false;
  *value = 0;
  for (size_t i = 0; i < width; ++i) {
    *value |= uint64_t{static_cast<uint8_t>(bytes_[position_ + i])} << (8 * i);
  }
  position_ += width;
  return true;
}

bool Decoder::ReadBytes(size_t count, std::string_view* value) {
  if (!Need(count)) return false;
  *value = bytes_.substr(position_, count);
  position_ += count;
  return true;
}

bool Decoder::Skip(uint64_t bytes) {
  if (!Need(bytes)) return false;
  position_ += bytes;
  return true;
}

bool Decoder::ReadLengthOrEncoding(uint64_t* value, int* encoding) {
  uint8_t first = 0;
  if (!ReadByte(&first)) return false;
  *encoding = -1;
  switch (first >> 6) {
    case 0:
      *value = first & 0x3f;
      return true;
    case 1: {
      uint8_t second = 0;
      if (!ReadByte(&second)) return false;
      *value = (uint64_t{first} & 0x3f) << 8 | second;
      return true;
    }
    case 2: {
      if (first != 0x80 && first != 0x81) {
        --position_;
        return Fail("bad length byte " + std::to_string(first));
      }
      const size_t width = first == 0x80 ? 4 : 8;
      if (!Need(width)) return false;
      *value = 0;
      for (size_t i = 0; i < width; ++i) {
        *value = *value << 8 | static_cast<uint8_t>(bytes_[position_ + i]);
      }
      position_ += width;
      return true;
    }
    default:
      *encoding = first & 0x3f;
      return true;
  }
}

bool Decoder::ReadLength(uint64_t* value) {
  int encoding = -1;
  if (!ReadLengthOrEncoding(value, &encoding)) return false;
  if (encoding != -1) return Fail("a string where a length belongs");
  return true;
}

bool Decoder::CheckStringLength(uint64_t length) {
  if (length <= max_string_) return true;
  return Fail("string of " + std::to_string(length) + " bytes exceeds the limit of " +
              std::to_string(max_string_));
}

bool Decoder::ReadString(std::string& scratch, std::string_view* value) {
  uint64_t length = 0;
  int encoding = -1;
  if (!ReadLengthOrEncoding(&length, &encoding)) return false;
  if (encoding == -1) {
    return CheckStringLength(length) && ReadBytes(length, value);
  }
  switch (static_cast<StringEncoding>(encoding)) {
    case StringEncoding::kInt8:
      return ReadInteger(1, scratch, value);
    case StringEncoding::kInt16:
      return ReadInteger(2, scratch, value);
    case StringEncoding::kInt32:
      return ReadInteger(4, scratch, value);
    case StringEncoding::kLzf:
      return ReadCompressed(scratch, value);
  }
  return Fail("unknown string encoding " + std::to_string(encoding));
}

bool Decoder::ReadInteger(size_t width, std::string& scratch, std::string_view* value) {
  uint64_t bits = 0;
  if (!ReadLittleEndian(width, &bits)) return false;
  const int unused = static_cast<int>(64 - 8 * width);
  scratch = std::to_string(static_cast<int64_t>(bits << unused) >> unused);
  *value = scratch;
  return true;
}

bool Decoder::ReadCompressed(std::string& scratch, std::string_view* value) {
  uint64_t compressed = 0;
  uint64_t length = 0;
  if (!ReadLength(&compressed) || !ReadLength(&length)) return false;
  if (!CheckStringLength(length) || !CheckStringLength(compressed)) return false;
  if (length == 0 || std::max(length, compressed) > UINT32_MAX ||
      length > compressed * kMaxExpansion) {
    return Fail("compressed string of " + std::to_string(compressed) + " bytes claims to hold " +
                std::to_string(length));
  }
  if (!Need(compressed)) return false;
  scratch.resize(length);
  const unsigned n = lzf_decompress(bytes_.data() + position_, static_cast<unsigned>(compressed),
                                    scratch.data(), static_cast<unsigned>(length));
  if (n != length) return Fail("bad compressed string");
  position_ += compressed;
  *value = scratch;
  return true;
}

bool Decoder::SkipString() {
  uint64_t length = 0;
  int encoding = -1;
  if (!ReadLengthOrEncoding(&length, &encoding)) return false;
  if (encoding == -1) return CheckStringLength(length) && Skip(length);
  switch (static_cast<StringEncoding>(encoding)) {
    case StringEncoding::kInt8:
      return Skip(1);
    case StringEncoding::kInt16:
      return Skip(2);
    case StringEncoding::kInt32:
      return Skip(4);
    case StringEncoding::kLzf: {
      uint64_t full = 0;
      return ReadLength(&length) && ReadLength(&full) && CheckStringLength(length) && Skip(length);
    }
  }
  return Fail("unknown string encoding " + std::to_string(encoding));
}

}  // namespace quorate::replication::snapshot
