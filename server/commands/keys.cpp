// Commands on keys whatever they hold: DEL, UNLINK, EXISTS, TOUCH, TYPE, KEYS, RANDOMKEY, RENAME,
// RENAMENX.
#include "server/commands/families.h"
#include "server/engine/context.h"
#include "server/engine/engine.h"
#include "shared/base/glob.h"
#include "shared/resp/errors.h"

namespace quorate::server::commands {

namespace {

using engine::Context;
namespace errors = resp::errors;

// A string is one or two blocks, so freeing it here costs no more than having it freed elsewhere.
void Del(Context& context) {
  int64_t deleted = 0;
  for (size_t i = 1; i < context.argc(); ++i) {
    const store::Lookup key = context.Key(i);
    context.DropIfExpired(key);
    if (!context.db().Delete(key)) continue;
    context.Modified(key);
    context.Notify(config::kNotifyGeneric, "del", key.key);
    ++deleted;
  }
  context.reply.Integer(deleted);
}

void Unlink(Context& context) { Del(context); }

void Exists(Context& context) {
  int64_t present = 0;
  for (size_t i = 1; i < context.argc(); ++i)
    if (context.FindUntouched(context.Key(i)) != nullptr) ++present;
  context.reply.Integer(present);
}

void Touch(Context& context) {
  int64_t present = 0;
  for (size_t i = 1; i < context.argc(); ++i)
    if (context.FindForRead(context.Key(i)) != nullptr) ++present;
  context.reply.Integer(present);
}

void Type(Context& context) {
  const store::Record* record = context.FindUntouched(context.Key(1));
  context.reply.SimpleString(record == nullptr ? "none" : store::TypeName(record->type()));
}

void Keys(Context& context) {
  const std::string_view pattern = context.arg(1);
  const bool all = pattern == "*";
  size_t matches = 0;
  const resp::Writer::Mark mark = context.reply.Defer();
  context.db().ForEach([&](const store::Record* record) {
    if (!all && !base::GlobMatch(pattern, record->key())) return;
    if (record->ExpiredAt(context.wall)) return;
    ++matches;
    context.reply.Bulk(record->key());
  });
  context.reply.FinishArray(mark, matches);
}

void RandomKey(Context& context) {
  // A replica only hides what expired; where nothing else is left it names an expired key.
  constexpr int kMaxHidden = 100;
  store::Keyspace& db = context.db();
  int hidden = 0;
  while (store::Record* record = db.RandomKey(context.engine.random())) {
    const size_t keys_before = db.size();
    const bool only_volatile = db.expires_size() == keys_before;
    if (!record->has_expiry() || !context.engine.HideIfExpired(context.session, context.database(),
                                                               db.Prepare(record->key()), *record))
      return context.reply.Bulk(record->key());
    const bool deleted = db.size() != keys_before;
    if (!deleted && only_volatile && ++hidden == kMaxHidden)
      return context.reply.Bulk(record->key());
  }
  context.reply.Null();
}

// True if the key has its new name.
bool MoveValue(Context& context, bool only_if_absent) {
  const store::Lookup from = context.Key(1);
  const store::Lookup to = context.Key(2);
  if (context.FindForWrite(from) == nullptr) {
    context.Error(errors::kNoSuchKey);
    return false;
  }
  const bool same = from.key == to.key;
  const bool occupied = same || context.FindForWrite(to) != nullptr;
  if (only_if_absent && occupied) {
    context.reply.Integer(0);
    return false;
  }
  if (same) return true;
  context.db().Rename(from, to);
  context.Notify(config::kNotifyNewKey, "new", to.key);
  context.Modified(from);
  context.AlsoModified(to, context.database());
  context.Notify(config::kNotifyGeneric, "rename_from", from.key);
  context.Notify(config::kNotifyGeneric, "rename_to", to.key);
  return true;
}

void Rename(Context& context) {
  if (MoveValue(context, /*only_if_absent=*/false)) context.reply.Ok();
}

void RenameNx(Context& context) {
  if (MoveValue(context, /*only_if_absent=*/true)) context.reply.Integer(1);
}

// ---- rows

constexpr KeySpec kDelKeys[] = {
    {.flags = key::kRM | key::kDelete, .find = FindKeys::Range(-1)},
};

constexpr Argument kDelArguments[] = {
    {.name = "key", .type = Type::kKey, .multiple = true, .key_spec_index = 0},
};

constexpr std::string_view kDelTips[] = {"request_policy:multi_shard", "response_policy:agg_sum"};

constexpr KeySpec kUnlinkKeys[] = {
    {.flags = key::kRM | key::kDelete, .find = FindKeys::Range(-1)},
};

constexpr KeySpec kExistsKeys[] = {
    {.flags = key::kRO, .find = FindKeys::Range(-1)},
};

constexpr Change kExistsHistory[] = {
    {"3.0.3", "Accepts multiple `key` arguments."},
};

constexpr KeySpec kTouchKeys[] = {
    {.flags = key::kRO, .find = FindKeys::Range(-1)},
};

constexpr Argument kTypeArguments[] = {
    {.name = "key", .type = Type::kKey, .key_spec_index = 0},
};

constexpr Argument kKeysArguments[] = {
    {.name = "pattern", .type = Type::kPattern},
};

constexpr std::string_view kKeysTips[] = {"request_policy:all_shards",
                                          "nondeterministic_output_order"};

constexpr std::string_view kRandomkeyTips[] = {"request_policy:all_shards",
                                               "nondeterministic_output"};

constexpr KeySpec kRenameKeys[] = {
    {.flags = key::kRW | key::kAccess | key::kDelete},
    {.flags = key::kOW | key::kUpdate, .begin = BeginSearch::Index(2)},
};

constexpr Argument kRenameArguments[] = {
    {.name = "key", .type = Type::kKey, .key_spec_index = 0},
    {.name = "newkey", .type = Type::kKey, .key_spec_index = 1},
};

constexpr KeySpec kRenamenxKeys[] = {
    {.flags = key::kRW | key::kAccess | key::kDelete},
    {.flags = key::kOW | key::kInsert, .begin = BeginSearch::Index(2)},
};

constexpr Change kRenamenxHistory[] = {
    {"3.2.0",
     "The command no longer returns an error when source and destination names are the same."},
};

constexpr CommandRow kRows[] = {
    {.spec = {.name = "del",
              .summary = "Delete a key",
              .since = "1.0.0",
              .group = Group::kGeneric,
              .complexity =
                  "O(N) where N is the number of keys that will be removed. When a key to remove "
                  "holds a value other than a string, the individual complexity for this key is "
                  "O(M) where M is the number of elements in the list, set, sorted set or hash. "
                  "Removing a single key that holds a string value is O(1).",
              .arity = -2,
              .flags = flag::kWrite,
              .categories = acl::kKeyspace,
              .keys = kDelKeys,
              .arguments = kDelArguments,
              .tips = kDelTips},
     .run = &Del},
    {.spec = {.name = "unlink",
              .summary = "Delete a key asynchronously in another thread. Otherwise it is just as "
                         "DEL, but non blocking.",
              .since = "4.0.0",
              .group = Group::kGeneric,
              .complexity =
                  "O(1) for each key removed regardless of its size. Then the command does O(N) "
                  "work in a different thread in order to reclaim memory, where N is the number of "
                  "allocations the deleted objects where composed of.",
              .arity = -2,
              .flags = flag::kWrite | flag::kFast,
              .categories = acl::kKeyspace,
              .keys = kUnlinkKeys,
              .arguments = kDelArguments,
              .tips = kDelTips},
     .run = &Unlink},
    {.spec = {.name = "exists",
              .summary = "Determine if a key exists",
              .since = "1.0.0",
              .group = Group::kGeneric,
              .complexity = "O(N) where N is the number of keys to check.",
              .arity = -2,
              .flags = flag::kReadonly | flag::kFast,
              .categories = acl::kKeyspace,
              .keys = kExistsKeys,
              .arguments = kDelArguments,
              .tips = kDelTips,
              .history = kExistsHistory},
     .run = &Exists},
    {.spec = {.name = "touch",
              .summary = "Alters the last access time of a key(s). Returns the number of existing "
                         "keys specified.",
              .since = "3.2.1",
              .group = Group::kGeneric,
              .complexity = "O(N) where N is the number of keys that will be touched.",
              .arity = -2,
              .flags = flag::kReadonly | flag::kFast,
              .categories = acl::kKeyspace,
              .keys = kTouchKeys,
              .arguments = kDelArguments,
              .tips = kDelTips},
     .run = &Touch},
    {.spec = {.name = "type",
              .summary = "Determine the type stored at key",
              .since = "1.0.0",
              .group = Group::kGeneric,
              .complexity = "O(1)",
              .arity = 2,
              .flags = flag::kReadonly | flag::kFast,
              .categories = acl::kKeyspace,
              .keys = keys::kReadOnlyMeta,
              .arguments = kTypeArguments},
     .run = &Type},
    {.spec = {.name = "keys",
              .summary = "Find all keys matching the given pattern",
              .since = "1.0.0",
              .group = Group::kGeneric,
              .complexity =
                  "O(N) with N being the number of keys in the database, under the assumption that "
                  "the key names in the database and the given pattern have limited length.",
              .arity = 2,
              .flags = flag::kReadonly,
              .categories = acl::kKeyspace | acl::kDangerous,
              .arguments = kKeysArguments,
              .tips = kKeysTips},
     .run = &Keys},
    {.spec = {.name = "randomkey",
              .summary = "Return a random key from the keyspace",
              .since = "1.0.0",
              .group = Group::kGeneric,
              .complexity = "O(1)",
              .arity = 1,
              .flags = flag::kReadonly | flag::kTouchesArbitraryKeys,
              .categories = acl::kKeyspace,
              .tips = kRandomkeyTips},
     .run = &RandomKey},
    {.spec = {.name = "rename",
              .summary = "Rename a key",
              .since = "1.0.0",
              .group = Group::kGeneric,
              .complexity = "O(1)",
              .arity = 3,
              .flags = flag::kWrite,
              .categories = acl::kKeyspace,
              .keys = kRenameKeys,
              .arguments = kRenameArguments},
     .run = &Rename},
    {.spec = {.name = "renamenx",
              .summary = "Rename a key, only if the new key does not exist",
              .since = "1.0.0",
              .group = Group::kGeneric,
              .complexity = "O(1)",
              .arity = 3,
              .flags = flag::kWrite | flag::kFast,
              .categories = acl::kKeyspace,
              .keys = kRenamenxKeys,
              .arguments = kRenameArguments,
              .history = kRenamenxHistory},
     .run = &RenameNx},
};

}  // namespace

Rows KeyRows() { return kRows; }

}  // namespace quorate::server::commands
