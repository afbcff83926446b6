// What the commands on bits share. Bit 0 is the highest bit of byte 0.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "server/commands/string_writing.h"
#include "server/engine/context.h"
#include "shared/base/numbers.h"

namespace quorate::server::commands {

inline constexpr std::string_view kBadBitOffset =
    "ERR bit offset is not an integer or out of range";

// A bit's place; with a '#' before it, it counts fields of `bits_per_field` bits (0: '#' is not
// allowed). Answers the error if it is none or lies beyond proto-max-bulk-len.
inline std::optional<int64_t> ParseBitOffset(engine::Context& context, std::string_view text,
                                             int64_t bits_per_field = 0) {
  int64_t scale = 1;
  if (bits_per_field != 0 && text.starts_with('#')) {
    scale = bits_per_field;
    text.remove_prefix(1);
  }
  std::optional<int64_t> offset = base::ParseInt64(text);
  int64_t bits = 0;
  const bool from_primary = context.session.kind == engine::SessionKind::kPrimary;
  const uint64_t limit = context.engine.settings().proto_max_bulk_len;
  if (!offset || __builtin_mul_overflow(*offset, scale, &bits) || bits < 0 ||
      (!from_primary && static_cast<uint64_t>(bits >> 3) >= limit)) {
    context.Error(kBadBitOffset);
    return std::nullopt;
  }
  return bits;
}

// The bytes of a string that is made long enough to hold bit `last_bit`, for writing.
struct WritableBits {
  char* bytes = nullptr;  // valid until the next change of the keyspace
  bool grown = false;     // the key is new or longer than it was
};
// Answers the error, and yields nothing, if the key is no string.
inline std::optional<WritableBits> MakeBits(engine::Context& context, const store::Lookup& key,
                                            int64_t last_bit) {
  const store::Record* record = context.FindForWrite(key);
  if (context.RefuseWrongType(record)) return std::nullopt;
  const size_t needed = static_cast<size_t>(last_bit >> 3) + 1;
  const bool is_new = record == nullptr;
  const bool grown = is_new || record->StringSize() < needed;
  store::Record* writable = context.db().MutableString(key, needed);
  if (is_new) FinishNewKey(context, key, *writable);
  return WritableBits{store::Keyspace::MutableBytes(writable), grown};
}

}  // namespace quorate::server::commands
