#include "replication/snapshot/encode.h"

#include <liblzf/lzf.h>

#include <bit>
#include <cstring>
#include <optional>

#include "shared/base/numbers.h"

namespace quorate::replication::snapshot {
namespace {

static_assert(std::endian::native == std::endian::little, "RDB integers are copied as they are");

// Shorter strings gain nothing.
constexpr size_t kMinCompressed = 21;
constexpr size_t kLongestInteger = 11;  // "-2147483648"

template <typename Integer>
void AppendInteger(StringEncoding encoding, Integer value, base::Buffer& out) {
  AppendByte(static_cast<uint8_t>(0xc0 | static_cast<uint8_t>(encoding)), out);
  char bytes[sizeof(Integer)];
  std::memcpy(bytes, &value, sizeof(Integer));
  out.Append(std::string_view(bytes, sizeof(Integer)));
}

bool AppendAsInteger(std::string_view text, base::Buffer& out) {
  if (text.size() > kLongestInteger) return false;
  const std::optional<int64_t> value = base::ParseInt64(text);
  if (!value) return false;
  if (*value >= INT8_MIN && *value <= INT8_MAX) {
    AppendInteger(StringEncoding::kInt8, static_cast<int8_t>(*value), out);
  } else if (*value >= INT16_MIN && *value <= INT16_MAX) {
    AppendInteger(StringEncoding::kInt16, static_cast<int16_t>(*value), out);
  } else if (*value >= INT32_MIN && *value <= INT32_MAX) {
    AppendInteger(StringEncoding::kInt32, static_cast<int32_t>(*value), out);
  } else {
    return false;
  }
  return true;
}

bool AppendCompressed(std::string_view text, base::Buffer& out) {
  if (text.size() < kMinCompressed) return false;
  // Marker and two lengths come first, and their size depends on the result: compress behind a gap.
  constexpr size_t kGap = 1 + 9 + 9;
  const auto room = static_cast<unsigned>(text.size() - 4);
  char* const space = out.Reserve(kGap + room);
  const unsigned n =
      lzf_compress(text.data(), static_cast<unsigned>(text.size()), space + kGap, room);
  if (n == 0) return false;
  const size_t before = out.size();
  AppendByte(0xc0 | static_cast<uint8_t>(StringEncoding::kLzf), out);
  AppendLength(n, out);
  AppendLength(text.size(), out);
  const size_t header = out.size() - before;
  std::memmove(space + header, space + kGap, n);
  out.Commit(n);
  return true;
}

}  // namespace

void AppendByte(uint8_t byte, base::Buffer& out) { out.Append(static_cast<char>(byte)); }

void AppendOpcode(Opcode opcode, base::Buffer& out) {
  AppendByte(static_cast<uint8_t>(opcode), out);
}

void AppendLittleEndian64(uint64_t value, base::Buffer& out) {
  char bytes[sizeof(value)];
  std::memcpy(bytes, &value, sizeof(value));
  out.Append(std::string_view(bytes, sizeof(value)));
}

void AppendLength(uint64_t length, base::Buffer& out) {
  char bytes[9];
  size_t n = 0;
  const auto put = [&](uint64_t byte) { bytes[n++] = static_cast<char>(byte & 0xff); };
  if (length < (1u << 6)) {
    put(length);
  } else if (length < (1u << 14)) {
    put(0x40 | (length >> 8));
    put(length);
  } else {
    const bool wide = length > UINT32_MAX;
    put(wide ? 0x81 : 0x80);
    for (int shift = wide ? 56 : 24; shift >= 0; shift -= 8) put(length >> shift);
  }
  out.Append(std::string_view(bytes, n));
}

void AppendString(std::string_view text, bool compress, base::Buffer& out) {
  if (AppendAsInteger(text, out)) return;
  if (compress && AppendCompressed(text, out)) return;
  AppendLength(text.size(), out);
  out.Append(text);
}

}  // namespace quorate::replication::snapshot
