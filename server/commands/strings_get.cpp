// Commands that get whole strings: GET, GETEX, GETDEL, MGET, STRLEN.
#include "server/commands/arguments.h"
#include "server/commands/families.h"
#include "server/commands/string_writing.h"

namespace quorate::server::commands {

namespace {

using engine::Context;
namespace errors = resp::errors;

// The record to answer with; the other two answers are given here.
const store::Record* FindString(Context& context, const store::Lookup& key) {
  const store::Record* record = context.FindForRead(key);
  if (record == nullptr) {
    context.reply.Null();
    return nullptr;
  }
  return context.RefuseWrongType(record) ? nullptr : record;
}

void Get(Context& context) {
  if (const store::Record* record = FindString(context, context.Key(1)))
    ReplyString(context, *record);
}

void GetDel(Context& context) {
  const store::Lookup key = context.Key(1);
  const store::Record* record = FindString(context, key);
  if (record == nullptr) return;
  ReplyString(context, *record);
  context.db().Delete(key);
  context.Modified(key);
  context.Notify(config::kNotifyGeneric, "del", key.key);
  context.ReplaceEffect({"DEL", key.key});
}

void ExpireNow(Context& context, const store::Lookup& key) {
  const bool lazily = context.engine.settings().lazyfree_lazy_expire;
  context.db().Delete(key);
  context.Modified(key);
  context.Notify(config::kNotifyGeneric, "del", key.key);
  context.ReplaceEffect({lazily ? "UNLINK" : "DEL", key.key});
}

void ExpireAt(Context& context, const store::Lookup& key, int64_t when_ms) {
  context.db().SetExpiry(key, base::WallTime{when_ms});
  context.Modified(key);
  context.Notify(config::kNotifyGeneric, "expire", key.key);
  char digits[base::kMaxInt64Chars];
  const size_t size = base::FormatInt64(when_ms, digits);
  context.ReplaceEffect({"PEXPIREAT", key.key, std::string_view(digits, size)});
}

void GetEx(Context& context) {
  ExpiryOption option;
  for (size_t i = 2; i < context.argc(); ++i) {
    if (!TakeExpiryOption(context, &i, "persist", ExpiryOption::Kind::kPersist, &option))
      return context.Error(errors::kSyntax);
  }
  const store::Lookup key = context.Key(1);
  const store::Record* record = FindString(context, key);
  if (record == nullptr) return;
  std::optional<int64_t> when_ms;
  if (option.is_time()) {
    when_ms = ResolveExpiry(context, option);
    if (!when_ms) return;
  }
  ReplyString(context, *record);

  if (when_ms && option.is_absolute() && IsPast(context, *when_ms)) {
    ExpireNow(context, key);
  } else if (when_ms) {
    ExpireAt(context, key, *when_ms);
  } else if (option.kind == ExpiryOption::Kind::kPersist && context.db().ClearExpiry(key)) {
    context.Modified(key);
    context.Notify(config::kNotifyGeneric, "persist", key.key);
    context.ReplaceEffect({"PERSIST", key.key});
  }
}

void MGet(Context& context) {
  context.reply.ArrayHeader(context.argc() - 1);
  for (size_t i = 1; i < context.argc(); ++i) {
    const store::Record* record = context.FindForRead(context.Key(i));
    if (record == nullptr || !record->is_string()) {
      context.reply.Null();
    } else {
      ReplyString(context, *record);
    }
  }
}

void StrLen(Context& context) {
  const store::Record* record = context.FindForRead(context.Key(1));
  if (record == nullptr) return context.reply.Integer(0);
  if (context.RefuseWrongType(record)) return;
  context.reply.Integer(static_cast<int64_t>(record->StringSize()));
}

// ---- rows

constexpr Argument kGetArguments[] = {
    {.name = "key", .type = Type::kKey, .key_spec_index = 0},
};

constexpr KeySpec kGetexKeys[] = {
    {.flags = key::kRW | key::kAccess | key::kUpdate,
     .notes = "RW and UPDATE because it changes the TTL"},
};

constexpr Argument kGetexArguments[] = {
    {.name = "key", .type = Type::kKey, .key_spec_index = 0},
    {.name = "expiration", .type = Type::kOneOf, .optional = true},
    {.depth = 1, .name = "seconds", .type = Type::kInteger, .token = "EX"},
    {.depth = 1, .name = "milliseconds", .type = Type::kInteger, .token = "PX"},
    {.depth = 1, .name = "unix-time-seconds", .type = Type::kUnixTime, .token = "EXAT"},
    {.depth = 1, .name = "unix-time-milliseconds", .type = Type::kUnixTime, .token = "PXAT"},
    {.depth = 1, .name = "persist", .type = Type::kPureToken, .token = "PERSIST"},
};

constexpr Argument kMgetArguments[] = {
    {.name = "key", .type = Type::kKey, .multiple = true, .key_spec_index = 0},
};

constexpr std::string_view kMgetTips[] = {"request_policy:multi_shard"};

constexpr CommandRow kRows[] = {
    {.spec = {.name = "get",
              .summary = "Get the value of a key",
              .since = "1.0.0",
              .group = Group::kString,
              .complexity = "O(1)",
              .arity = 2,
              .flags = flag::kReadonly | flag::kFast,
              .categories = acl::kString,
              .keys = keys::kRead,
              .arguments = kGetArguments},
     .run = &Get},
    {.spec = {.name = "getdel",
              .summary = "Get the value of a key and delete the key",
              .since = "6.2.0",
              .group = Group::kString,
              .complexity = "O(1)",
              .arity = 2,
              .flags = flag::kWrite | flag::kFast,
              .categories = acl::kString,
              .keys = keys::kAccessDelete,
              .arguments = kGetArguments},
     .run = &GetDel},
    {.spec = {.name = "getex",
              .summary = "Get the value of a key and optionally set its expiration",
              .since = "6.2.0",
              .group = Group::kString,
              .complexity = "O(1)",
              .arity = -2,
              .flags = flag::kWrite | flag::kFast,
              .categories = acl::kString,
              .keys = kGetexKeys,
              .arguments = kGetexArguments},
     .run = &GetEx},
    {.spec = {.name = "mget",
              .summary = "Get the values of all the given keys",
              .since = "1.0.0",
              .group = Group::kString,
              .complexity = "O(N) where N is the number of keys to retrieve.",
              .arity = -2,
              .flags = flag::kReadonly | flag::kFast,
              .categories = acl::kString,
              .keys = keys::kReadAll,
              .arguments = kMgetArguments,
              .tips = kMgetTips},
     .run = &MGet},
    {.spec = {.name = "strlen",
              .summary = "Get the length of the value stored in a key",
              .since = "2.2.0",
              .group = Group::kString,
              .complexity = "O(1)",
              .arity = 2,
              .flags = flag::kReadonly | flag::kFast,
              .categories = acl::kString,
              .keys = keys::kReadOnlyMeta,
              .arguments = kGetArguments},
     .run = &StrLen},
};

}  // namespace

Rows StringGetRows() { return kRows; }

}  // namespace quorate::server::commands
