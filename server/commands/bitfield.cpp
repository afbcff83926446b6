// BITFIELD and BITFIELD_RO: integers of 1 to 64 bits anywhere in a string.
#include <algorithm>
#include <optional>
#include <vector>

#include "server/commands/arguments.h"
#include "server/commands/bit_offset.h"
#include "server/commands/families.h"

namespace quorate::server::commands {

namespace {

using engine::Context;
namespace errors = resp::errors;

// Holds every sum of two fields exactly.
__extension__ using Wide = __int128;

struct FieldType {
  bool is_signed = false;
  int bits = 0;

  int64_t Min() const {
    return is_signed ? static_cast<int64_t>(uint64_t{1} << 63) >> (64 - bits) : 0;
  }
  int64_t Max() const {
    return static_cast<int64_t>(UINT64_MAX >> (64 - bits) >> (is_signed ? 1 : 0));
  }
  // The low bits of `value`, read as this type.
  int64_t Truncate(uint64_t value) const {
    const int unused = 64 - bits;
    if (is_signed) return static_cast<int64_t>(value << unused) >> unused;
    return static_cast<int64_t>(value << unused >> unused);
  }
};

enum class Overflow : uint8_t { kWrap, kSaturate, kFail };
enum class Action : uint8_t { kGet, kSet, kIncrement };

struct Operation {
  Action action = Action::kGet;
  FieldType type;
  int64_t offset = 0;
  int64_t operand = 0;
  Overflow overflow = Overflow::kWrap;

  int64_t last_bit() const { return offset + type.bits - 1; }
};

// ---- parsing

std::optional<FieldType> ParseType(Context& context, std::string_view text) {
  const bool is_signed = text.starts_with('i');
  const std::optional<int64_t> bits =
      is_signed || text.starts_with('u') ? base::ParseInt64(text.substr(1)) : std::nullopt;
  if (!bits || *bits < 1 || *bits > (is_signed ? 64 : 63)) {
    context.Error(
        "ERR Invalid bitfield type. Use something like i16 u8. Note that u64 is not supported but "
        "i64 is.");
    return std::nullopt;
  }
  return FieldType{is_signed, static_cast<int>(*bits)};
}

std::optional<Overflow> ParseOverflow(Context& context, std::string_view word) {
  if (Is(word, "wrap")) return Overflow::kWrap;
  if (Is(word, "sat")) return Overflow::kSaturate;
  if (Is(word, "fail")) return Overflow::kFail;
  context.Error("ERR Invalid OVERFLOW type specified");
  return std::nullopt;
}

// How many arguments follow the word; nullopt if it is no action.
std::optional<Action> ParseAction(std::string_view word, size_t arguments_left) {
  if (Is(word, "get") && arguments_left >= 2) return Action::kGet;
  if (Is(word, "set") && arguments_left >= 3) return Action::kSet;
  if (Is(word, "incrby") && arguments_left >= 3) return Action::kIncrement;
  return std::nullopt;
}

std::optional<std::vector<Operation>> ParseOperations(Context& context) {
  std::vector<Operation> operations;
  Overflow overflow = Overflow::kWrap;
  for (size_t i = 2; i < context.argc(); ++i) {
    const size_t left = context.argc() - i - 1;
    if (Is(context.arg(i), "overflow") && left >= 1) {
      const std::optional<Overflow> chosen = ParseOverflow(context, context.arg(++i));
      if (!chosen) return std::nullopt;
      overflow = *chosen;
      continue;
    }
    const std::optional<Action> action = ParseAction(context.arg(i), left);
    if (!action) {
      context.Error(errors::kSyntax);
      return std::nullopt;
    }
    const std::optional<FieldType> type = ParseType(context, context.arg(i + 1));
    if (!type) return std::nullopt;
    const std::optional<int64_t> offset = ParseBitOffset(context, context.arg(i + 2), type->bits);
    if (!offset) return std::nullopt;
    i += 2;
    std::optional<int64_t> operand = 0;
    if (*action != Action::kGet) operand = IntegerArgument(context, ++i);
    if (!operand) return std::nullopt;
    operations.push_back({*action, *type, *offset, *operand, overflow});
  }
  return operations;
}

// ---- reading and writing fields

// Bits beyond the string are zero.
int64_t ReadField(std::string_view bytes, const Operation& operation) {
  uint64_t value = 0;
  for (int64_t bit = operation.offset; bit <= operation.last_bit(); ++bit) {
    const auto byte = static_cast<size_t>(bit >> 3);
    const unsigned char octet = byte < bytes.size() ? static_cast<unsigned char>(bytes[byte]) : 0;
    value = value << 1 | (octet >> (7 - (bit & 7)) & 1U);
  }
  return operation.type.Truncate(value);
}

void WriteField(char* bytes, const Operation& operation, int64_t value) {
  auto bits = static_cast<uint64_t>(value);
  for (int64_t bit = operation.last_bit(); bit >= operation.offset; --bit, bits >>= 1) {
    const unsigned mask = 1U << (7 - (bit & 7));
    auto octet = static_cast<unsigned char>(bytes[bit >> 3]);
    octet = static_cast<unsigned char>((bits & 1) != 0 ? octet | mask : octet & ~mask);
    bytes[bit >> 3] = static_cast<char>(octet);
  }
}

// `exact` as the type can hold it; nullopt if it cannot and OVERFLOW says FAIL.
std::optional<int64_t> Fit(const Operation& operation, Wide exact) {
  const FieldType& type = operation.type;
  const bool over = exact > type.Max();
  if (!over && exact >= type.Min()) return static_cast<int64_t>(exact);
  switch (operation.overflow) {
    case Overflow::kWrap:
      return type.Truncate(static_cast<uint64_t>(exact));
    case Overflow::kSaturate:
      return over ? type.Max() : type.Min();
    case Overflow::kFail:
      return std::nullopt;
  }
  return std::nullopt;
}

// What SET and INCRBY are to write. An unsigned field takes a negative SET as a huge number.
std::optional<int64_t> NewValue(const Operation& operation, int64_t old) {
  if (operation.action == Action::kIncrement) return Fit(operation, Wide{old} + operation.operand);
  if (operation.type.is_signed) return Fit(operation, operation.operand);
  return Fit(operation, static_cast<uint64_t>(operation.operand));
}

// ---- running

void RunReadOnly(Context& context, const std::vector<Operation>& operations) {
  const store::Record* record = context.FindForRead(context.Key(1));
  if (context.RefuseWrongType(record)) return;
  store::IntegerText scratch;
  std::string_view bytes;
  if (record != nullptr) bytes = record->StringValue(scratch);
  context.reply.ArrayHeader(operations.size());
  for (const Operation& operation : operations) context.reply.Integer(ReadField(bytes, operation));
}

void RunWriting(Context& context, const std::vector<Operation>& operations) {
  int64_t last_bit = 0;
  for (const Operation& operation : operations)
    if (operation.action != Action::kGet) last_bit = std::max(last_bit, operation.last_bit());
  const store::Lookup key = context.Key(1);
  const std::optional<WritableBits> bits = MakeBits(context, key, last_bit);
  if (!bits) return;
  const size_t size = context.db().Find(key)->StringSize();

  bool changed = bits->grown;
  context.reply.ArrayHeader(operations.size());
  for (const Operation& operation : operations) {
    const int64_t old = ReadField({bits->bytes, size}, operation);
    if (operation.action == Action::kGet) {
      context.reply.Integer(old);
      continue;
    }
    const std::optional<int64_t> value = NewValue(operation, old);
    if (!value) {
      context.reply.Null();
      continue;
    }
    WriteField(bits->bytes, operation, *value);
    changed |= old != *value;
    context.reply.Integer(operation.action == Action::kSet ? old : *value);
  }
  if (!changed) return;
  context.Modified(key);
  context.Notify(config::kNotifyString, "setbit", key.key);
}

void RunBitField(Context& context, bool read_only_command) {
  const std::optional<std::vector<Operation>> operations = ParseOperations(context);
  if (!operations) return;
  bool writes = false;
  for (const Operation& operation : *operations) writes |= operation.action != Action::kGet;
  if (writes && read_only_command)
    return context.Error("ERR BITFIELD_RO only supports the GET subcommand");
  if (writes) {
    RunWriting(context, *operations);
  } else {
    RunReadOnly(context, *operations);
  }
}

void BitField(Context& context) { RunBitField(context, /*read_only_command=*/false); }
void BitFieldRo(Context& context) { RunBitField(context, /*read_only_command=*/true); }

// The key is only read if every action is GET.
bool BitFieldKeys(std::span<const std::string_view> args, command::KeyReferences* keys) {
  bool read_only = true;
  for (size_t i = 2; i < args.size() && read_only; ++i) {
    const size_t left = args.size() - i - 1;
    if (Is(args[i], "get") && left >= 2) {
      i += 2;
    } else if (Is(args[i], "overflow") && left >= 1) {
      ++i;
    } else {
      read_only = false;
    }
  }
  keys->push_back({1, read_only
                          ? command::key::kRO | command::key::kAccess
                          : command::key::kRW | command::key::kAccess | command::key::kUpdate});
  return true;
}

// ---- rows

constexpr KeySpec kBitfieldKeys[] = {
    {.flags = key::kRW | key::kAccess | key::kUpdate | key::kVariableFlags,
     .notes = "This command allows both access and modification of the key"},
};

constexpr Argument kBitfieldArguments[] = {
    {.name = "key", .type = Type::kKey, .key_spec_index = 0},
    {.name = "operation", .type = Type::kOneOf, .optional = true, .multiple = true},
    {.depth = 1, .name = "encoding_offset", .type = Type::kBlock, .token = "GET"},
    {.depth = 2, .name = "encoding"},
    {.depth = 2, .name = "offset", .type = Type::kInteger},
    {.depth = 1, .name = "write", .type = Type::kBlock},
    {.depth = 2,
     .name = "wrap_sat_fail",
     .type = Type::kOneOf,
     .token = "OVERFLOW",
     .optional = true},
    {.depth = 3, .name = "wrap", .type = Type::kPureToken, .token = "WRAP"},
    {.depth = 3, .name = "sat", .type = Type::kPureToken, .token = "SAT"},
    {.depth = 3, .name = "fail", .type = Type::kPureToken, .token = "FAIL"},
    {.depth = 2, .name = "write_operation", .type = Type::kOneOf},
    {.depth = 3, .name = "encoding_offset_value", .type = Type::kBlock, .token = "SET"},
    {.depth = 4, .name = "encoding"},
    {.depth = 4, .name = "offset", .type = Type::kInteger},
    {.depth = 4, .name = "value", .type = Type::kInteger},
    {.depth = 3, .name = "encoding_offset_increment", .type = Type::kBlock, .token = "INCRBY"},
    {.depth = 4, .name = "encoding"},
    {.depth = 4, .name = "offset", .type = Type::kInteger},
    {.depth = 4, .name = "increment", .type = Type::kInteger},
};

constexpr Argument kBitfieldRoArguments[] = {
    {.name = "key", .type = Type::kKey, .key_spec_index = 0},
    {.name = "encoding_offset",
     .type = Type::kBlock,
     .token = "GET",
     .optional = true,
     .multiple = true,
     .multiple_token = true},
    {.depth = 1, .name = "encoding"},
    {.depth = 1, .name = "offset", .type = Type::kInteger},
};

constexpr CommandRow kRows[] = {
    {.spec = {.name = "bitfield",
              .summary = "Perform arbitrary bitfield integer operations on strings",
              .since = "3.2.0",
              .group = Group::kBitmap,
              .complexity = "O(1) for each subcommand specified",
              .arity = -2,
              .flags = flag::kWrite | flag::kDenyOom,
              .categories = acl::kBitmap,
              .keys = kBitfieldKeys,
              .find_keys = &BitFieldKeys,
              .arguments = kBitfieldArguments},
     .run = &BitField},
    {.spec = {.name = "bitfield_ro",
              .summary = "Perform arbitrary bitfield integer operations on strings. Read-only "
                         "variant of BITFIELD",
              .since = "6.0.0",
              .group = Group::kBitmap,
              .complexity = "O(1) for each subcommand specified",
              .arity = -2,
              .flags = flag::kReadonly | flag::kFast,
              .categories = acl::kBitmap,
              .keys = keys::kRead,
              .arguments = kBitfieldRoArguments},
     .run = &BitFieldRo},
};

}  // namespace

Rows BitFieldRows() { return kRows; }

}  // namespace quorate::server::commands
