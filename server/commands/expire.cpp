// Commands on a key's expiry: EXPIRE, PEXPIRE, EXPIREAT, PEXPIREAT, TTL, PTTL, EXPIRETIME,
// PEXPIRETIME, PERSIST.
#include <algorithm>
#include <string>
#include <vector>

#include "server/commands/arguments.h"
#include "server/commands/families.h"
#include "server/engine/context.h"
#include "server/engine/engine.h"

namespace quorate::server::commands {

namespace {

using engine::Context;
namespace errors = resp::errors;

enum class Unit : uint8_t { kSeconds, kMilliseconds };
enum class Base : uint8_t { kNow, kEpoch };

// ---- EXPIRE and its kin

struct ExpireOptions {
  bool nx = false;
  bool xx = false;
  bool gt = false;
  bool lt = false;

  // Whether they allow to replace `current_ms` (kNoExpiry: none) by `when_ms`. A key without an
  // expiry counts as one that never expires.
  bool Allow(int64_t current_ms, int64_t when_ms) const {
    const bool has_expiry = current_ms != store::kNoExpiry;
    if (nx && has_expiry) return false;
    if (xx && !has_expiry) return false;
    if (gt && (!has_expiry || when_ms <= current_ms)) return false;
    return !(lt && has_expiry && when_ms >= current_ms);
  }
};

std::optional<ExpireOptions> ParseExpireOptions(Context& context) {
  ExpireOptions options;
  for (size_t i = 3; i < context.argc(); ++i) {
    const std::string_view word = context.arg(i);
    if (Is(word, "nx")) {
      options.nx = true;
    } else if (Is(word, "xx")) {
      options.xx = true;
    } else if (Is(word, "gt")) {
      options.gt = true;
    } else if (Is(word, "lt")) {
      options.lt = true;
    } else {
      context.Error("ERR Unsupported option " + std::string(word));
      return std::nullopt;
    }
  }
  if (options.nx && (options.xx || options.gt || options.lt)) {
    context.Error("ERR NX and XX, GT or LT options at the same time are not compatible");
    return std::nullopt;
  }
  if (options.gt && options.lt) {
    context.Error("ERR GT and LT options at the same time are not compatible");
    return std::nullopt;
  }
  return options;
}

// The time that args[2] names, in ms since the epoch; it may lie in the past.
std::optional<int64_t> ParseWhen(Context& context, Base base, Unit unit) {
  const std::optional<int64_t> value = IntegerArgument(context, 2);
  if (!value) return std::nullopt;
  int64_t when_ms = *value;
  const int64_t scale = unit == Unit::kSeconds ? 1000 : 1;
  const int64_t base_ms = base == Base::kNow ? context.wall.ms : 0;
  if (when_ms > INT64_MAX / scale || when_ms < INT64_MIN / scale ||
      when_ms * scale > INT64_MAX - base_ms) {
    context.Error(errors::InvalidExpire(context.command.full_name));
    return std::nullopt;
  }
  return when_ms * scale + base_ms;
}

// The request as PEXPIREAT.
void ReplicateExpiry(Context& context, int64_t when_ms) {
  char digits[base::kMaxInt64Chars];
  const size_t size = base::FormatInt64(when_ms, digits);
  std::vector<std::string_view> effect(context.args.begin(), context.args.end());
  effect[0] = "PEXPIREAT";
  effect[2] = {digits, size};
  context.ReplaceEffect(effect);
}

void SetExpiry(Context& context, Base base, Unit unit) {
  const std::optional<ExpireOptions> options = ParseExpireOptions(context);
  if (!options) return;
  const std::optional<int64_t> when_ms = ParseWhen(context, base, unit);
  if (!when_ms) return;
  const store::Lookup key = context.Key(1);
  const store::Record* record = context.FindForWrite(key);
  if (record == nullptr || !options->Allow(record->expire_at_ms(), *when_ms))
    return context.reply.Integer(0);

  if (IsPast(context, *when_ms)) {
    context.db().Delete(key);
    context.ReplaceEffect(
        {context.engine.settings().lazyfree_lazy_expire ? "UNLINK" : "DEL", key.key});
    context.Modified(key);
    context.Notify(config::kNotifyGeneric, "del", key.key);
  } else {
    context.db().SetExpiry(key, base::WallTime{*when_ms});
    if (base == Base::kNow || unit == Unit::kSeconds) ReplicateExpiry(context, *when_ms);
    context.Modified(key);
    context.Notify(config::kNotifyGeneric, "expire", key.key);
  }
  context.reply.Integer(1);
}

void Expire(Context& context) { SetExpiry(context, Base::kNow, Unit::kSeconds); }
void PExpire(Context& context) { SetExpiry(context, Base::kNow, Unit::kMilliseconds); }
void ExpireAt(Context& context) { SetExpiry(context, Base::kEpoch, Unit::kSeconds); }
void PExpireAt(Context& context) { SetExpiry(context, Base::kEpoch, Unit::kMilliseconds); }

// ---- TTL and its kin

void ReplyExpiry(Context& context, Base base, Unit unit) {
  const store::Record* record = context.FindUntouched(context.Key(1));
  if (record == nullptr) return context.reply.Integer(-2);
  if (!record->has_expiry()) return context.reply.Integer(-1);
  int64_t ms = record->expire_at_ms();
  if (base == Base::kNow) ms = std::max<int64_t>(ms - context.wall.ms, 0);
  context.reply.Integer(unit == Unit::kSeconds ? (ms + 500) / 1000 : ms);
}

void Ttl(Context& context) { ReplyExpiry(context, Base::kNow, Unit::kSeconds); }
void PTtl(Context& context) { ReplyExpiry(context, Base::kNow, Unit::kMilliseconds); }
void ExpireTime(Context& context) { ReplyExpiry(context, Base::kEpoch, Unit::kSeconds); }
void PExpireTime(Context& context) { ReplyExpiry(context, Base::kEpoch, Unit::kMilliseconds); }

void Persist(Context& context) {
  const store::Lookup key = context.Key(1);
  if (context.FindForWrite(key) == nullptr || !context.db().ClearExpiry(key))
    return context.reply.Integer(0);
  context.Modified(key);
  context.Notify(config::kNotifyGeneric, "persist", key.key);
  context.reply.Integer(1);
}

// ---- rows

constexpr Argument kExpireArguments[] = {
    {.name = "key", .type = Type::kKey, .key_spec_index = 0},
    {.name = "seconds", .type = Type::kInteger},
    {.name = "condition", .type = Type::kOneOf, .optional = true, .since = "7.0.0"},
    {.depth = 1, .name = "nx", .type = Type::kPureToken, .token = "NX"},
    {.depth = 1, .name = "xx", .type = Type::kPureToken, .token = "XX"},
    {.depth = 1, .name = "gt", .type = Type::kPureToken, .token = "GT"},
    {.depth = 1, .name = "lt", .type = Type::kPureToken, .token = "LT"},
};

constexpr Change kExpireHistory[] = {
    {"7.0.0", "Added options: `NX`, `XX`, `GT` and `LT`."},
};

constexpr Argument kPexpireArguments[] = {
    {.name = "key", .type = Type::kKey, .key_spec_index = 0},
    {.name = "milliseconds", .type = Type::kInteger},
    {.name = "condition", .type = Type::kOneOf, .optional = true, .since = "7.0.0"},
    {.depth = 1, .name = "nx", .type = Type::kPureToken, .token = "NX"},
    {.depth = 1, .name = "xx", .type = Type::kPureToken, .token = "XX"},
    {.depth = 1, .name = "gt", .type = Type::kPureToken, .token = "GT"},
    {.depth = 1, .name = "lt", .type = Type::kPureToken, .token = "LT"},
};

constexpr Argument kExpireatArguments[] = {
    {.name = "key", .type = Type::kKey, .key_spec_index = 0},
    {.name = "unix-time-seconds", .type = Type::kUnixTime},
    {.name = "condition", .type = Type::kOneOf, .optional = true, .since = "7.0.0"},
    {.depth = 1, .name = "nx", .type = Type::kPureToken, .token = "NX"},
    {.depth = 1, .name = "xx", .type = Type::kPureToken, .token = "XX"},
    {.depth = 1, .name = "gt", .type = Type::kPureToken, .token = "GT"},
    {.depth = 1, .name = "lt", .type = Type::kPureToken, .token = "LT"},
};

constexpr Argument kPexpireatArguments[] = {
    {.name = "key", .type = Type::kKey, .key_spec_index = 0},
    {.name = "unix-time-milliseconds", .type = Type::kUnixTime},
    {.name = "condition", .type = Type::kOneOf, .optional = true, .since = "7.0.0"},
    {.depth = 1, .name = "nx", .type = Type::kPureToken, .token = "NX"},
    {.depth = 1, .name = "xx", .type = Type::kPureToken, .token = "XX"},
    {.depth = 1, .name = "gt", .type = Type::kPureToken, .token = "GT"},
    {.depth = 1, .name = "lt", .type = Type::kPureToken, .token = "LT"},
};

constexpr Argument kTtlArguments[] = {
    {.name = "key", .type = Type::kKey, .key_spec_index = 0},
};

constexpr std::string_view kTtlTips[] = {"nondeterministic_output"};

constexpr Change kTtlHistory[] = {
    {"2.8.0", "Added the -2 reply."},
};

constexpr CommandRow kRows[] = {
    {.spec = {.name = "expire",
              .summary = "Set a key's time to live in seconds",
              .since = "1.0.0",
              .group = Group::kGeneric,
              .complexity = "O(1)",
              .arity = -3,
              .flags = flag::kWrite | flag::kFast,
              .categories = acl::kKeyspace,
              .keys = keys::kUpdate,
              .arguments = kExpireArguments,
              .history = kExpireHistory},
     .run = &Expire},
    {.spec = {.name = "pexpire",
              .summary = "Set a key's time to live in milliseconds",
              .since = "2.6.0",
              .group = Group::kGeneric,
              .complexity = "O(1)",
              .arity = -3,
              .flags = flag::kWrite | flag::kFast,
              .categories = acl::kKeyspace,
              .keys = keys::kUpdate,
              .arguments = kPexpireArguments,
              .history = kExpireHistory},
     .run = &PExpire},
    {.spec = {.name = "expireat",
              .summary = "Set the expiration for a key as a UNIX timestamp",
              .since = "1.2.0",
              .group = Group::kGeneric,
              .complexity = "O(1)",
              .arity = -3,
              .flags = flag::kWrite | flag::kFast,
              .categories = acl::kKeyspace,
              .keys = keys::kUpdate,
              .arguments = kExpireatArguments,
              .history = kExpireHistory},
     .run = &ExpireAt},
    {.spec = {.name = "pexpireat",
              .summary =
                  "Set the expiration for a key as a UNIX timestamp specified in milliseconds",
              .since = "2.6.0",
              .group = Group::kGeneric,
              .complexity = "O(1)",
              .arity = -3,
              .flags = flag::kWrite | flag::kFast,
              .categories = acl::kKeyspace,
              .keys = keys::kUpdate,
              .arguments = kPexpireatArguments,
              .history = kExpireHistory},
     .run = &PExpireAt},
    {.spec = {.name = "ttl",
              .summary = "Get the time to live for a key in seconds",
              .since = "1.0.0",
              .group = Group::kGeneric,
              .complexity = "O(1)",
              .arity = 2,
              .flags = flag::kReadonly | flag::kFast,
              .categories = acl::kKeyspace,
              .keys = keys::kRead,
              .arguments = kTtlArguments,
              .tips = kTtlTips,
              .history = kTtlHistory},
     .run = &Ttl},
    {.spec = {.name = "pttl",
              .summary = "Get the time to live for a key in milliseconds",
              .since = "2.6.0",
              .group = Group::kGeneric,
              .complexity = "O(1)",
              .arity = 2,
              .flags = flag::kReadonly | flag::kFast,
              .categories = acl::kKeyspace,
              .keys = keys::kRead,
              .arguments = kTtlArguments,
              .tips = kTtlTips,
              .history = kTtlHistory},
     .run = &PTtl},
    {.spec = {.name = "expiretime",
              .summary = "Get the expiration Unix timestamp for a key",
              .since = "7.0.0",
              .group = Group::kGeneric,
              .complexity = "O(1)",
              .arity = 2,
              .flags = flag::kReadonly | flag::kFast,
              .categories = acl::kKeyspace,
              .keys = keys::kRead,
              .arguments = kTtlArguments},
     .run = &ExpireTime},
    {.spec = {.name = "pexpiretime",
              .summary = "Get the expiration Unix timestamp for a key in milliseconds",
              .since = "7.0.0",
              .group = Group::kGeneric,
              .complexity = "O(1)",
              .arity = 2,
              .flags = flag::kReadonly | flag::kFast,
              .categories = acl::kKeyspace,
              .keys = keys::kRead,
              .arguments = kTtlArguments},
     .run = &PExpireTime},
    {.spec = {.name = "persist",
              .summary = "Remove the expiration from a key",
              .since = "2.2.0",
              .group = Group::kGeneric,
              .complexity = "O(1)",
              .arity = 2,
              .flags = flag::kWrite | flag::kFast,
              .categories = acl::kKeyspace,
              .keys = keys::kUpdate,
              .arguments = kTtlArguments},
     .run = &Persist},
};

}  // namespace

Rows ExpireRows() { return kRows; }

}  // namespace quorate::server::commands
