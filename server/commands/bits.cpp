// Strings as arrays of bits: SETBIT, GETBIT, BITCOUNT, BITPOS, BITOP.
#include <algorithm>
#include <bit>
#include <cstring>
#include <string>
#include <vector>

#include "server/commands/arguments.h"
#include "server/commands/bit_offset.h"
#include "server/commands/families.h"

namespace quorate::server::commands {

namespace {

using engine::Context;
namespace errors = resp::errors;

bool BitAt(std::string_view bytes, int64_t bit) {
  return (static_cast<uint8_t>(bytes[static_cast<size_t>(bit >> 3)]) >> (7 - (bit & 7)) & 1) != 0;
}

// ---- one bit

void SetBit(Context& context) {
  const std::optional<int64_t> offset = ParseBitOffset(context, context.arg(2));
  if (!offset) return;
  constexpr std::string_view kBadBit = "ERR bit is not an integer or out of range";
  const std::optional<int64_t> on = IntegerArgument(context, 3, kBadBit);
  if (!on) return;
  if (*on != 0 && *on != 1) return context.Error(kBadBit);

  const store::Lookup key = context.Key(1);
  const std::optional<WritableBits> bits = MakeBits(context, key, *offset);
  if (!bits) return;
  char& byte = bits->bytes[*offset >> 3];
  const int shift = static_cast<int>(7 - (*offset & 7));
  const int64_t old = static_cast<uint8_t>(byte) >> shift & 1;
  if (bits->grown || old != *on) {
    byte = static_cast<char>((static_cast<uint8_t>(byte) & ~(1U << shift)) |
                             static_cast<unsigned>(*on) << shift);
    context.Modified(key);
    context.Notify(config::kNotifyString, "setbit", key.key);
  }
  context.reply.Integer(old);
}

void GetBit(Context& context) {
  const std::optional<int64_t> offset = ParseBitOffset(context, context.arg(2));
  if (!offset) return;
  const store::Record* record = context.FindForRead(context.Key(1));
  if (record == nullptr) return context.reply.Integer(0);
  if (context.RefuseWrongType(record)) return;
  store::IntegerText scratch;
  const std::string_view bytes = record->StringValue(scratch);
  const bool inside = static_cast<uint64_t>(*offset >> 3) < bytes.size();
  context.reply.Integer(inside && BitAt(bytes, *offset) ? 1 : 0);
}

// ---- ranges

enum class Unit : uint8_t { kByte, kBit };

std::optional<Unit> ParseUnit(Context& context, size_t index) {
  if (Is(context.arg(index), "bit")) return Unit::kBit;
  if (Is(context.arg(index), "byte")) return Unit::kByte;
  context.Error(errors::kSyntax);
  return std::nullopt;
}

// Bits from `first` to before `end`.
struct BitRange {
  int64_t first = 0;
  int64_t end = 0;
  bool empty() const { return first >= end; }
};

// Both inclusive, counted from the end if negative.
BitRange RangeOf(int64_t start, int64_t end, Unit unit, size_t bytes) {
  const int64_t per_unit = unit == Unit::kByte ? 8 : 1;
  const int64_t total = static_cast<int64_t>(bytes) * 8 / per_unit;
  if (start < 0) start = std::max<int64_t>(total + start, 0);
  if (end < 0) end = std::max<int64_t>(total + end, 0);
  end = std::min(end, total - 1);
  if (start > end) return {};
  return {start * per_unit, (end + 1) * per_unit};
}

int64_t CountBytes(std::string_view bytes) {
  int64_t count = 0;
  while (bytes.size() >= sizeof(uint64_t)) {
    uint64_t word = 0;
    std::memcpy(&word, bytes.data(), sizeof word);
    count += std::popcount(word);
    bytes.remove_prefix(sizeof word);
  }
  for (const char byte : bytes) count += std::popcount(static_cast<uint8_t>(byte));
  return count;
}

int64_t CountBits(std::string_view bytes, BitRange range) {
  int64_t count = 0;
  for (; range.first < range.end && range.first % 8 != 0; ++range.first)
    count += BitAt(bytes, range.first) ? 1 : 0;
  for (; range.first < range.end && range.end % 8 != 0; --range.end)
    count += BitAt(bytes, range.end - 1) ? 1 : 0;
  if (range.empty()) return count;
  return count + CountBytes(bytes.substr(static_cast<size_t>(range.first / 8),
                                         static_cast<size_t>((range.end - range.first) / 8)));
}

void BitCount(Context& context) {
  const store::Record* record = context.FindForRead(context.Key(1));
  if (record == nullptr) return context.reply.Integer(0);
  if (context.RefuseWrongType(record)) return;
  store::IntegerText scratch;
  const std::string_view bytes = record->StringValue(scratch);
  BitRange range{0, static_cast<int64_t>(bytes.size()) * 8};
  if (context.argc() == 4 || context.argc() == 5) {
    const std::optional<int64_t> start = IntegerArgument(context, 2);
    if (!start) return;
    const std::optional<int64_t> end = IntegerArgument(context, 3);
    if (!end) return;
    if (*start < 0 && *end < 0 && *start > *end) return context.reply.Integer(0);
    std::optional<Unit> unit = Unit::kByte;
    if (context.argc() == 5) unit = ParseUnit(context, 4);
    if (!unit) return;
    range = RangeOf(*start, *end, *unit, bytes.size());
  } else if (context.argc() != 2) {
    return context.Error(errors::kSyntax);
  }
  context.reply.Integer(CountBits(bytes, range));
}

// The first bit of the range that is `wanted`; range.end if there is none.
int64_t FindBit(std::string_view bytes, BitRange range, bool wanted) {
  const uint8_t other = wanted ? 0x00 : 0xff;
  int64_t bit = range.first;
  while (bit < range.end) {
    const bool whole_byte = bit % 8 == 0 && bit + 8 <= range.end;
    if (whole_byte && static_cast<uint8_t>(bytes[static_cast<size_t>(bit / 8)]) == other) {
      bit += 8;
      continue;
    }
    if (BitAt(bytes, bit) == wanted) return bit;
    ++bit;
  }
  return range.end;
}

void BitPos(Context& context) {
  const std::optional<int64_t> wanted = IntegerArgument(context, 2);
  if (!wanted) return;
  if (*wanted != 0 && *wanted != 1) return context.Error("ERR The bit argument must be 1 or 0.");
  const store::Record* record = context.FindForRead(context.Key(1));
  if (record == nullptr) return context.reply.Integer(*wanted == 1 ? -1 : 0);
  if (context.RefuseWrongType(record)) return;
  store::IntegerText scratch;
  const std::string_view bytes = record->StringValue(scratch);
  if (context.argc() > 6) return context.Error(errors::kSyntax);

  int64_t start = 0;
  int64_t end = -1;
  std::optional<Unit> unit = Unit::kByte;
  if (context.argc() > 3) {
    const std::optional<int64_t> given = IntegerArgument(context, 3);
    if (!given) return;
    start = *given;
  }
  if (context.argc() == 6) unit = ParseUnit(context, 5);
  if (!unit) return;
  if (context.argc() > 4) {
    const std::optional<int64_t> given = IntegerArgument(context, 4);
    if (!given) return;
    end = *given;
  }
  const BitRange range = RangeOf(start, end, *unit, bytes.size());
  if (range.empty()) return context.reply.Integer(-1);
  const int64_t found = FindBit(bytes, range, *wanted == 1);
  // Without an end the string counts as followed by zeros.
  const bool zeros_follow = *wanted == 0 && context.argc() <= 4;
  context.reply.Integer(found == range.end && !zeros_follow ? -1 : found);
}

// ---- BITOP

enum class BitOperation : uint8_t { kAnd, kOr, kXor, kNot };

std::optional<BitOperation> ParseOperation(std::string_view word) {
  if (Is(word, "and")) return BitOperation::kAnd;
  if (Is(word, "or")) return BitOperation::kOr;
  if (Is(word, "xor")) return BitOperation::kXor;
  if (Is(word, "not")) return BitOperation::kNot;
  return std::nullopt;
}

// `source` counts as followed by zeros up to the result's size.
void Combine(std::string& result, std::string_view source, BitOperation operation) {
  for (size_t i = 0; i < source.size(); ++i) {
    if (operation == BitOperation::kAnd) {
      result[i] = static_cast<char>(result[i] & source[i]);
    } else if (operation == BitOperation::kOr) {
      result[i] = static_cast<char>(result[i] | source[i]);
    } else {
      result[i] = static_cast<char>(result[i] ^ source[i]);
    }
  }
  if (operation == BitOperation::kAnd)
    std::fill(result.begin() + static_cast<ptrdiff_t>(source.size()), result.end(), '\0');
}

// Every source's bytes, of args[3] and on; an absent key's are none. nullopt, with the error
// answered, if one is no string.
std::optional<std::vector<std::string>> ReadSources(Context& context) {
  std::vector<std::string> sources;
  for (size_t i = 3; i < context.argc(); ++i) {
    const store::Record* record = context.FindForRead(context.Key(i));
    if (context.RefuseWrongType(record)) return std::nullopt;
    store::IntegerText scratch;
    sources.emplace_back(record == nullptr ? std::string_view() : record->StringValue(scratch));
  }
  return sources;
}

void BitOp(Context& context) {
  const std::optional<BitOperation> operation = ParseOperation(context.arg(1));
  if (!operation) return context.Error(errors::kSyntax);
  if (*operation == BitOperation::kNot && context.argc() != 4)
    return context.Error("ERR BITOP NOT must be called with a single source key.");
  const std::optional<std::vector<std::string>> sources = ReadSources(context);
  if (!sources) return;

  size_t size = 0;
  for (const std::string& source : *sources) size = std::max(size, source.size());
  std::string result = sources->front();
  result.resize(size, '\0');
  if (*operation == BitOperation::kNot) {
    for (char& byte : result) byte = static_cast<char>(~byte);
  }
  for (size_t i = 1; i < sources->size(); ++i) Combine(result, (*sources)[i], *operation);

  const store::Lookup target = context.Key(2);
  if (size != 0) {
    context.DropIfExpired(target);
    StoreString(context, target, result, store::ExpiryChange::Clear(), store::StringForm::kGrown);
    context.Notify(config::kNotifyString, "set", target.key);
  } else if (context.db().Delete(target)) {
    context.Modified(target);
    context.Notify(config::kNotifyGeneric, "del", target.key);
  }
  context.reply.Integer(static_cast<int64_t>(size));
}

// ---- rows

constexpr Argument kSetbitArguments[] = {
    {.name = "key", .type = Type::kKey, .key_spec_index = 0},
    {.name = "offset", .type = Type::kInteger},
    {.name = "value", .type = Type::kInteger},
};

constexpr Argument kGetbitArguments[] = {
    {.name = "key", .type = Type::kKey, .key_spec_index = 0},
    {.name = "offset", .type = Type::kInteger},
};

constexpr Argument kBitcountArguments[] = {
    {.name = "key", .type = Type::kKey, .key_spec_index = 0},
    {.name = "index", .type = Type::kBlock, .optional = true},
    {.depth = 1, .name = "start", .type = Type::kInteger},
    {.depth = 1, .name = "end", .type = Type::kInteger},
    {.depth = 1, .name = "index_unit", .type = Type::kOneOf, .optional = true, .since = "7.0.0"},
    {.depth = 2, .name = "byte", .type = Type::kPureToken, .token = "BYTE"},
    {.depth = 2, .name = "bit", .type = Type::kPureToken, .token = "BIT"},
};

constexpr Change kBitcountHistory[] = {
    {"7.0.0", "Added the `BYTE|BIT` option."},
};

constexpr Argument kBitposArguments[] = {
    {.name = "key", .type = Type::kKey, .key_spec_index = 0},
    {.name = "bit", .type = Type::kInteger},
    {.name = "index", .type = Type::kBlock, .optional = true},
    {.depth = 1, .name = "start", .type = Type::kInteger},
    {.depth = 1, .name = "end_index", .type = Type::kBlock, .optional = true},
    {.depth = 2, .name = "end", .type = Type::kInteger},
    {.depth = 2, .name = "index_unit", .type = Type::kOneOf, .optional = true, .since = "7.0.0"},
    {.depth = 3, .name = "byte", .type = Type::kPureToken, .token = "BYTE"},
    {.depth = 3, .name = "bit", .type = Type::kPureToken, .token = "BIT"},
};

constexpr KeySpec kBitopKeys[] = {
    {.flags = key::kOW | key::kUpdate, .begin = BeginSearch::Index(2)},
    {.flags = key::kRO | key::kAccess, .begin = BeginSearch::Index(3), .find = FindKeys::Range(-1)},
};

constexpr Argument kBitopArguments[] = {
    {.name = "operation"},
    {.name = "destkey", .type = Type::kKey, .key_spec_index = 0},
    {.name = "key", .type = Type::kKey, .multiple = true, .key_spec_index = 1},
};

constexpr CommandRow kRows[] = {
    {.spec = {.name = "setbit",
              .summary = "Sets or clears the bit at offset in the string value stored at key",
              .since = "2.2.0",
              .group = Group::kBitmap,
              .complexity = "O(1)",
              .arity = 4,
              .flags = flag::kWrite | flag::kDenyOom,
              .categories = acl::kBitmap,
              .keys = keys::kAccessUpdate,
              .arguments = kSetbitArguments},
     .run = &SetBit},
    {.spec = {.name = "getbit",
              .summary = "Returns the bit value at offset in the string value stored at key",
              .since = "2.2.0",
              .group = Group::kBitmap,
              .complexity = "O(1)",
              .arity = 3,
              .flags = flag::kReadonly | flag::kFast,
              .categories = acl::kBitmap,
              .keys = keys::kRead,
              .arguments = kGetbitArguments},
     .run = &GetBit},
    {.spec = {.name = "bitcount",
              .summary = "Count set bits in a string",
              .since = "2.6.0",
              .group = Group::kBitmap,
              .complexity = "O(N)",
              .arity = -2,
              .flags = flag::kReadonly,
              .categories = acl::kBitmap,
              .keys = keys::kRead,
              .arguments = kBitcountArguments,
              .history = kBitcountHistory},
     .run = &BitCount},
    {.spec = {.name = "bitpos",
              .summary = "Find first bit set or clear in a string",
              .since = "2.8.7",
              .group = Group::kBitmap,
              .complexity = "O(N)",
              .arity = -3,
              .flags = flag::kReadonly,
              .categories = acl::kBitmap,
              .keys = keys::kRead,
              .arguments = kBitposArguments,
              .history = kBitcountHistory},
     .run = &BitPos},
    {.spec = {.name = "bitop",
              .summary = "Perform bitwise operations between strings",
              .since = "2.6.0",
              .group = Group::kBitmap,
              .complexity = "O(N)",
              .arity = -4,
              .flags = flag::kWrite | flag::kDenyOom,
              .categories = acl::kBitmap,
              .keys = kBitopKeys,
              .arguments = kBitopArguments},
     .run = &BitOp},
};

}  // namespace

Rows BitRows() { return kRows; }

}  // namespace quorate::server::commands
