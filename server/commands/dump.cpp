// DUMP and RESTORE: one value as bytes that any Redis understands. Layout: the record type and the
// value as in an RDB file, the file format's version (2 bytes) and the CRC64 of all before it (8
// bytes), both little-endian.
#include <algorithm>
#include <string>
#include <vector>

#include "replication/snapshot/checksum.h"
#include "replication/snapshot/decode.h"
#include "replication/snapshot/encode.h"
#include "server/commands/arguments.h"
#include "server/commands/families.h"
#include "server/commands/string_writing.h"
#include "server/store/access.h"
#include "shared/base/buffer.h"

namespace quorate::server::commands {

namespace {

using engine::Context;
namespace errors = resp::errors;
namespace snapshot = replication::snapshot;

constexpr uint8_t kStringType = 0;
constexpr size_t kVersionBytes = 2;
constexpr size_t kFooterBytes = kVersionBytes + 8;

void Dump(Context& context) {
  const store::Record* record = context.FindForRead(context.Key(1));
  if (record == nullptr) return context.reply.Null();
  store::IntegerText scratch;
  base::Buffer payload;
  snapshot::AppendByte(kStringType, payload);
  snapshot::AppendString(record->StringValue(scratch), /*compress=*/true, payload);
  snapshot::AppendByte(snapshot::kDumpVersion, payload);
  snapshot::AppendByte(0, payload);
  snapshot::AppendLittleEndian64(snapshot::Crc64(0, payload.view()), payload);
  context.reply.Bulk(payload.view());
}

struct RestoreOptions {
  bool replace = false;
  bool absolute = false;
  std::optional<int64_t> idle_seconds;
  std::optional<int64_t> frequency;
};

std::optional<RestoreOptions> ParseRestoreOptions(Context& context) {
  RestoreOptions options;
  for (size_t i = 4; i < context.argc(); ++i) {
    const std::string_view word = context.arg(i);
    const bool has_value = i + 1 < context.argc();
    std::string_view error;
    if (Is(word, "replace")) {
      options.replace = true;
    } else if (Is(word, "absttl")) {
      options.absolute = true;
    } else if (Is(word, "idletime") && has_value && !options.frequency) {
      options.idle_seconds = IntegerArgument(context, ++i);
      if (!options.idle_seconds) return std::nullopt;
      if (*options.idle_seconds < 0) error = "ERR Invalid IDLETIME value, must be >= 0";
    } else if (Is(word, "freq") && has_value && !options.idle_seconds) {
      options.frequency = IntegerArgument(context, ++i);
      if (!options.frequency) return std::nullopt;
      if (*options.frequency < 0 || *options.frequency > 255)
        error = "ERR Invalid FREQ value, must be >= 0 and <= 255";
    } else {
      error = errors::kSyntax;
    }
    if (!error.empty()) {
      context.Error(error);
      return std::nullopt;
    }
  }
  return options;
}

bool FooterIsValid(std::string_view payload) {
  if (payload.size() < kFooterBytes) return false;
  snapshot::Decoder footer(payload.substr(payload.size() - kFooterBytes), kFooterBytes);
  uint64_t version = 0;
  uint64_t checksum = 0;
  if (!footer.ReadLittleEndian(kVersionBytes, &version) || !footer.ReadLittleEndian(8, &checksum))
    return false;
  return version <= snapshot::kNewestVersion &&
         checksum == snapshot::Crc64(0, payload.substr(0, payload.size() - 8));
}

// The value in `payload`, whose footer is valid and follows it at once: in place, or in `scratch`.
std::optional<std::string_view> DecodeValue(Context& context, std::string_view payload,
                                            std::string& scratch) {
  const std::string_view body = payload.substr(0, payload.size() - kFooterBytes);
  snapshot::Decoder decoder(body, context.engine.settings().proto_max_bulk_len);
  uint8_t type = 0;
  std::string_view value;
  if (!decoder.ReadByte(&type) || type != kStringType || !decoder.ReadString(scratch, &value) ||
      decoder.position() != body.size())
    return std::nullopt;
  return value;
}

void SetAccess(Context& context, const RestoreOptions& options, store::Record& record) {
  if (store::UsesLfu(context.engine.settings().maxmemory_policy)) {
    if (options.frequency)
      record.set_access((record.access() & ~0xffU) | static_cast<uint32_t>(*options.frequency));
  } else if (options.idle_seconds) {
    const int64_t seconds = context.wall.ms / 1000;
    record.set_access(
        store::LruBits({(seconds - std::min(seconds, *options.idle_seconds)) * 1000}));
  }
}

// The request with the time instead of the span.
void ReplicateAbsolute(Context& context, int64_t expire_at_ms) {
  char digits[base::kMaxInt64Chars];
  const size_t size = base::FormatInt64(expire_at_ms, digits);
  std::vector<std::string_view> effect(context.args.begin(), context.args.end());
  effect[2] = {digits, size};
  effect.push_back("ABSTTL");
  context.ReplaceEffect(effect);
}

// What was there is gone; what was to come has expired already.
void RestoreNothing(Context& context, const store::Lookup& key, bool replaced) {
  if (replaced && context.db().Delete(key)) {
    context.ReplaceEffect({"DEL", key.key});
    context.Modified(key);
    context.Notify(config::kNotifyGeneric, "del", key.key);
  }
  context.reply.Ok();
}

void Restore(Context& context) {
  const std::optional<RestoreOptions> options = ParseRestoreOptions(context);
  if (!options) return;
  const store::Lookup key = context.Key(1);
  if (!options->replace && context.FindForWrite(key) != nullptr)
    return context.Error(errors::kBusyKey);
  const std::optional<int64_t> ttl = IntegerArgument(context, 2);
  if (!ttl) return;
  if (*ttl < 0) return context.Error("ERR Invalid TTL value, must be >= 0");
  if (!FooterIsValid(context.arg(3)))
    return context.Error("ERR DUMP payload version or checksum are wrong");
  std::string scratch;
  const std::optional<std::string_view> value = DecodeValue(context, context.arg(3), scratch);
  if (!value) return context.Error("ERR Bad data format");

  int64_t expire_at_ms = *ttl;
  if (*ttl != 0 && !options->absolute &&
      __builtin_add_overflow(*ttl, context.wall.ms, &expire_at_ms))
    return context.Error(errors::InvalidExpire(context.command.full_name));
  if (*ttl != 0 && IsPast(context, expire_at_ms))
    return RestoreNothing(context, key, options->replace);

  context.db().Delete(key);
  store::Record* record =
      StoreString(context, key, *value,
                  *ttl == 0 ? store::ExpiryChange::Clear()
                            : store::ExpiryChange::At(base::WallTime{expire_at_ms}));
  SetAccess(context, *options, *record);
  if (*ttl != 0 && !options->absolute) ReplicateAbsolute(context, expire_at_ms);
  context.Notify(config::kNotifyGeneric, "restore", key.key);
  context.reply.Ok();
}

// ---- rows

constexpr Argument kDumpArguments[] = {
    {.name = "key", .type = Type::kKey, .key_spec_index = 0},
};

constexpr std::string_view kDumpTips[] = {"nondeterministic_output"};

constexpr Argument kRestoreArguments[] = {
    {.name = "key", .type = Type::kKey, .key_spec_index = 0},
    {.name = "ttl", .type = Type::kInteger},
    {.name = "serialized-value"},
    {.name = "replace",
     .type = Type::kPureToken,
     .token = "REPLACE",
     .optional = true,
     .since = "3.0.0"},
    {.name = "absttl",
     .type = Type::kPureToken,
     .token = "ABSTTL",
     .optional = true,
     .since = "5.0.0"},
    {.name = "seconds",
     .type = Type::kInteger,
     .token = "IDLETIME",
     .optional = true,
     .since = "5.0.0"},
    {.name = "frequency",
     .type = Type::kInteger,
     .token = "FREQ",
     .optional = true,
     .since = "5.0.0"},
};

constexpr Change kRestoreHistory[] = {
    {"3.0.0", "Added the `REPLACE` modifier."},
    {"5.0.0", "Added the `ABSTTL` modifier."},
    {"5.0.0", "Added the `IDLETIME` and `FREQ` options."},
};

constexpr CommandRow kRows[] = {
    {.spec =
         {.name = "dump",
          .summary = "Return a serialized version of the value stored at the specified key.",
          .since = "2.6.0",
          .group = Group::kGeneric,
          .complexity =
              "O(1) to access the key and additional O(N*M) to serialize it, where N is the number "
              "of Redis objects composing the value and M their average size. For small string "
              "values the time complexity is thus O(1)+O(1*M) where M is small, so simply O(1).",
          .arity = 2,
          .flags = flag::kReadonly,
          .categories = acl::kKeyspace,
          .keys = keys::kRead,
          .arguments = kDumpArguments,
          .tips = kDumpTips},
     .run = &Dump},
    {.spec =
         {.name = "restore",
          .summary =
              "Create a key using the provided serialized value, previously obtained using DUMP.",
          .since = "2.6.0",
          .group = Group::kGeneric,
          .complexity =
              "O(1) to create the new key and additional O(N*M) to reconstruct the serialized "
              "value, where N is the number of Redis objects composing the value and M their "
              "average size. For small string values the time complexity is thus O(1)+O(1*M) where "
              "M is small, so simply O(1). However for sorted set values the complexity is "
              "O(N*M*log(N)) because inserting values into sorted sets is O(log(N)).",
          .arity = -4,
          .flags = flag::kWrite | flag::kDenyOom,
          .categories = acl::kKeyspace | acl::kDangerous,
          .keys = keys::kOverwrite,
          .arguments = kRestoreArguments,
          .history = kRestoreHistory},
     .run = &Restore},
};

}  // namespace

Rows DumpRows() { return kRows; }

}  // namespace quorate::server::commands
