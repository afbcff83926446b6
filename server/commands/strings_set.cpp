// Commands that set whole strings: SET, SETNX, SETEX, PSETEX, GETSET, MSET, MSETNX.
#include <vector>

#include "server/commands/arguments.h"
#include "server/commands/families.h"
#include "server/commands/string_writing.h"

namespace quorate::server::commands {

namespace {

using engine::Context;
using store::ExpiryChange;
namespace errors = resp::errors;

enum class Condition : uint8_t { kAlways, kIfAbsent, kIfPresent };

struct SetOptions {
  Condition condition = Condition::kAlways;
  ExpiryOption expiry;
  bool get = false;
};

bool ParseSetOptions(Context& context, SetOptions* options) {
  for (size_t i = 3; i < context.argc(); ++i) {
    const std::string_view argument = context.arg(i);
    if (Is(argument, "nx") && options->condition != Condition::kIfPresent) {
      options->condition = Condition::kIfAbsent;
    } else if (Is(argument, "xx") && options->condition != Condition::kIfAbsent) {
      options->condition = Condition::kIfPresent;
    } else if (Is(argument, "get")) {
      options->get = true;
    } else if (!TakeExpiryOption(context, &i, "keepttl", ExpiryOption::Kind::kKeep,
                                 &options->expiry)) {
      context.Error(errors::kSyntax);
      return false;
    }
  }
  return true;
}

// The request without its GETs.
void ReplicateWithoutGet(Context& context) {
  std::vector<std::string_view> effect;
  effect.reserve(context.argc());
  for (size_t i = 0; i < context.argc(); ++i)
    if (i < 3 || !Is(context.arg(i), "get")) effect.push_back(context.arg(i));
  context.ReplaceEffect(effect);
}

void ReplicateSetUntil(Context& context, std::string_view key, std::string_view value,
                       int64_t expire_at_ms) {
  char digits[base::kMaxInt64Chars];
  const size_t size = base::FormatInt64(expire_at_ms, digits);
  context.ReplaceEffect({"SET", key, value, "PXAT", std::string_view(digits, size)});
}

// GET's reply to the old value. False, with the error answered, if that is no string.
bool ReplyOldValue(Context& context, const store::Lookup& key) {
  const store::Record* old = context.FindForRead(key);
  if (old == nullptr) {
    context.reply.Null();
    return true;
  }
  if (context.RefuseWrongType(old)) return false;
  ReplyString(context, *old);
  return true;
}

// What SET and its forerunners do; the reply is the caller's but for errors (kRefused: one was
// answered) and for GET.
enum class SetOutcome : uint8_t { kSet, kNotSet, kRefused };

SetOutcome SetValue(Context& context, std::string_view value, const SetOptions& options) {
  const store::Lookup key = context.Key(1);
  ExpiryChange expiry = ExpiryChange::Clear();
  if (options.expiry.kind == ExpiryOption::Kind::kKeep) expiry = ExpiryChange::Keep();
  int64_t expire_at_ms = store::kNoExpiry;
  if (options.expiry.is_time()) {
    const std::optional<int64_t> when = ResolveExpiry(context, options.expiry);
    if (!when) return SetOutcome::kRefused;
    expire_at_ms = *when;
    expiry = ExpiryChange::At(base::WallTime{expire_at_ms});
  }
  if (options.get && !ReplyOldValue(context, key)) return SetOutcome::kRefused;
  context.DropIfExpired(key);
  if (options.condition != Condition::kAlways) {
    const bool present = context.db().Find(key) != nullptr;
    if (present != (options.condition == Condition::kIfPresent)) return SetOutcome::kNotSet;
  }

  StoreString(context, key, value, expiry);
  context.Notify(config::kNotifyString, "set", key.key);
  if (options.expiry.is_time()) {
    ReplicateSetUntil(context, key.key, value, expire_at_ms);
    context.Notify(config::kNotifyGeneric, "expire", key.key);
  } else if (options.get) {
    ReplicateWithoutGet(context);
  }
  return SetOutcome::kSet;
}

void Set(Context& context) {
  SetOptions options;
  if (context.argc() > 3 && !ParseSetOptions(context, &options)) return;
  const SetOutcome outcome = SetValue(context, context.arg(2), options);
  if (outcome == SetOutcome::kRefused || options.get) return;
  if (outcome == SetOutcome::kSet) {
    context.reply.Ok();
  } else {
    context.reply.Null();
  }
}

void SetNx(Context& context) {
  const SetOptions options{.condition = Condition::kIfAbsent, .expiry = {}};
  context.reply.Integer(SetValue(context, context.arg(2), options) == SetOutcome::kSet ? 1 : 0);
}

void SetWithExpiry(Context& context, ExpiryOption::Kind kind) {
  const SetOptions options{.expiry = {kind, context.arg(2)}};
  if (SetValue(context, context.arg(3), options) == SetOutcome::kSet) context.reply.Ok();
}
void SetEx(Context& context) { SetWithExpiry(context, ExpiryOption::Kind::kSeconds); }
void PSetEx(Context& context) { SetWithExpiry(context, ExpiryOption::Kind::kMilliseconds); }

void GetSet(Context& context) {
  const store::Lookup key = context.Key(1);
  if (!ReplyOldValue(context, key)) return;
  context.DropIfExpired(key);
  StoreString(context, key, context.arg(2), ExpiryChange::Clear());
  context.Notify(config::kNotifyString, "set", key.key);
  context.ReplaceEffect({"SET", key.key, context.arg(2)});
}

bool RefuseOddPairs(Context& context) {
  if (context.argc() % 2 == 1) return false;
  context.Error(errors::WrongArity(context.command.full_name));
  return true;
}

void SetPairs(Context& context) {
  for (size_t i = 1; i < context.argc(); i += 2) {
    const store::Lookup key = context.Key(i);
    context.DropIfExpired(key);
    StoreString(context, key, context.arg(i + 1), ExpiryChange::Clear());
    context.Notify(config::kNotifyString, "set", key.key);
  }
}

void MSet(Context& context) {
  if (RefuseOddPairs(context)) return;
  SetPairs(context);
  context.reply.Ok();
}

void MSetNx(Context& context) {
  if (RefuseOddPairs(context)) return;
  for (size_t i = 1; i < context.argc(); i += 2)
    if (context.FindForWrite(context.Key(i)) != nullptr) return context.reply.Integer(0);
  SetPairs(context);
  context.reply.Integer(1);
}

// SET also reads its key if it is asked to GET.
bool SetKeys(std::span<const std::string_view> args, command::KeyReferences* keys) {
  bool get = false;
  for (size_t i = 3; i < args.size(); ++i) get |= Is(args[i], "get");
  command::KeyFlags flags = command::key::kOW | command::key::kUpdate;
  if (get) flags = command::key::kRW | command::key::kAccess | command::key::kUpdate;
  keys->push_back({1, flags});
  return true;
}

// ---- rows

constexpr KeySpec kSetKeys[] = {
    {.flags = key::kRW | key::kAccess | key::kUpdate | key::kVariableFlags,
     .notes = "RW and ACCESS due to the optional `GET` argument"},
};

constexpr Argument kSetArguments[] = {
    {.name = "key", .type = Type::kKey, .key_spec_index = 0},
    {.name = "value"},
    {.name = "condition", .type = Type::kOneOf, .optional = true, .since = "2.6.12"},
    {.depth = 1, .name = "nx", .type = Type::kPureToken, .token = "NX"},
    {.depth = 1, .name = "xx", .type = Type::kPureToken, .token = "XX"},
    {.name = "get", .type = Type::kPureToken, .token = "GET", .optional = true, .since = "6.2.0"},
    {.name = "expiration", .type = Type::kOneOf, .optional = true},
    {.depth = 1, .name = "seconds", .type = Type::kInteger, .token = "EX", .since = "2.6.12"},
    {.depth = 1, .name = "milliseconds", .type = Type::kInteger, .token = "PX", .since = "2.6.12"},
    {.depth = 1,
     .name = "unix-time-seconds",
     .type = Type::kUnixTime,
     .token = "EXAT",
     .since = "6.2.0"},
    {.depth = 1,
     .name = "unix-time-milliseconds",
     .type = Type::kUnixTime,
     .token = "PXAT",
     .since = "6.2.0"},
    {.depth = 1, .name = "keepttl", .type = Type::kPureToken, .token = "KEEPTTL", .since = "6.0.0"},
};

constexpr Change kSetHistory[] = {
    {"2.6.12", "Added the `EX`, `PX`, `NX` and `XX` options."},
    {"6.0.0", "Added the `KEEPTTL` option."},
    {"6.2.0", "Added the `GET`, `EXAT` and `PXAT` option."},
    {"7.0.0", "Allowed the `NX` and `GET` options to be used together."},
};

constexpr KeySpec kSetnxKeys[] = {
    {.flags = key::kOW | key::kInsert},
};

constexpr Argument kSetnxArguments[] = {
    {.name = "key", .type = Type::kKey, .key_spec_index = 0},
    {.name = "value"},
};

constexpr Argument kSetexArguments[] = {
    {.name = "key", .type = Type::kKey, .key_spec_index = 0},
    {.name = "seconds", .type = Type::kInteger},
    {.name = "value"},
};

constexpr Argument kPsetexArguments[] = {
    {.name = "key", .type = Type::kKey, .key_spec_index = 0},
    {.name = "milliseconds", .type = Type::kInteger},
    {.name = "value"},
};

constexpr KeySpec kMsetKeys[] = {
    {.flags = key::kOW | key::kUpdate, .find = FindKeys::Range(-1, 2)},
};

constexpr Argument kMsetArguments[] = {
    {.name = "key_value", .type = Type::kBlock, .multiple = true},
    {.depth = 1, .name = "key", .type = Type::kKey, .key_spec_index = 0},
    {.depth = 1, .name = "value"},
};

constexpr std::string_view kMsetTips[] = {"request_policy:multi_shard",
                                          "response_policy:all_succeeded"};

constexpr KeySpec kMsetnxKeys[] = {
    {.flags = key::kOW | key::kInsert, .find = FindKeys::Range(-1, 2)},
};

constexpr std::string_view kMsetnxTips[] = {"request_policy:multi_shard",
                                            "response_policy:agg_min"};

constexpr CommandRow kRows[] = {
    {.spec = {.name = "set",
              .summary = "Set the string value of a key",
              .since = "1.0.0",
              .group = Group::kString,
              .complexity = "O(1)",
              .arity = -3,
              .flags = flag::kWrite | flag::kDenyOom,
              .categories = acl::kString,
              .keys = kSetKeys,
              .find_keys = &SetKeys,
              .arguments = kSetArguments,
              .history = kSetHistory},
     .run = &Set},
    {.spec = {.name = "setnx",
              .summary = "Set the value of a key, only if the key does not exist",
              .since = "1.0.0",
              .group = Group::kString,
              .complexity = "O(1)",
              .arity = 3,
              .flags = flag::kWrite | flag::kDenyOom | flag::kFast,
              .categories = acl::kString,
              .keys = kSetnxKeys,
              .arguments = kSetnxArguments},
     .run = &SetNx},
    {.spec = {.name = "setex",
              .summary = "Set the value and expiration of a key",
              .since = "2.0.0",
              .group = Group::kString,
              .complexity = "O(1)",
              .arity = 4,
              .flags = flag::kWrite | flag::kDenyOom,
              .categories = acl::kString,
              .keys = keys::kOverwrite,
              .arguments = kSetexArguments},
     .run = &SetEx},
    {.spec = {.name = "psetex",
              .summary = "Set the value and expiration in milliseconds of a key",
              .since = "2.6.0",
              .group = Group::kString,
              .complexity = "O(1)",
              .arity = 4,
              .flags = flag::kWrite | flag::kDenyOom,
              .categories = acl::kString,
              .keys = keys::kOverwrite,
              .arguments = kPsetexArguments},
     .run = &PSetEx},
    {.spec = {.name = "getset",
              .summary = "Set the string value of a key and return its old value",
              .since = "1.0.0",
              .group = Group::kString,
              .complexity = "O(1)",
              .deprecated_since = "6.2.0",
              .replaced_by = "`SET` with the `!GET` argument",
              .arity = 3,
              .flags = flag::kWrite | flag::kDenyOom | flag::kFast,
              .categories = acl::kString,
              .keys = keys::kAccessUpdate,
              .arguments = kSetnxArguments},
     .run = &GetSet},
    {.spec = {.name = "mset",
              .summary = "Set multiple keys to multiple values",
              .since = "1.0.1",
              .group = Group::kString,
              .complexity = "O(N) where N is the number of keys to set.",
              .arity = -3,
              .flags = flag::kWrite | flag::kDenyOom,
              .categories = acl::kString,
              .keys = kMsetKeys,
              .arguments = kMsetArguments,
              .tips = kMsetTips},
     .run = &MSet},
    {.spec = {.name = "msetnx",
              .summary = "Set multiple keys to multiple values, only if none of the keys exist",
              .since = "1.0.1",
              .group = Group::kString,
              .complexity = "O(N) where N is the number of keys to set.",
              .arity = -3,
              .flags = flag::kWrite | flag::kDenyOom,
              .categories = acl::kString,
              .keys = kMsetnxKeys,
              .arguments = kMsetArguments,
              .tips = kMsetnxTips},
     .run = &MSetNx},
};

}  // namespace

Rows StringSetRows() { return kRows; }

}  // namespace quorate::server::commands
