// COPY and MOVE: keys that go to other names and databases, with their expiry.
#include "server/commands/arguments.h"
#include "server/commands/families.h"
#include "server/engine/context.h"
#include "server/engine/engine.h"

namespace quorate::server::commands {

namespace {

using engine::Context;
namespace errors = resp::errors;

store::Keyspace& Database(Context& context, int index) {
  return context.engine.databases()[static_cast<size_t>(index)];
}

struct CopyOptions {
  int database = 0;
  bool replace = false;
};

std::optional<CopyOptions> ParseCopyOptions(Context& context) {
  CopyOptions options{.database = context.database()};
  for (size_t i = 3; i < context.argc(); ++i) {
    if (Is(context.arg(i), "replace")) {
      options.replace = true;
    } else if (Is(context.arg(i), "db") && i + 1 < context.argc()) {
      const std::optional<int> database = DatabaseArgument(context, ++i);
      if (!database) return std::nullopt;
      options.database = *database;
    } else {
      context.Error(errors::kSyntax);
      return std::nullopt;
    }
  }
  return options;
}

void Copy(Context& context) {
  const std::optional<CopyOptions> options = ParseCopyOptions(context);
  if (!options) return;
  const store::Lookup from = context.Key(1);
  const store::Lookup to = context.Key(2);
  if (options->database == context.database() && from.key == to.key)
    return context.Error(errors::kSameObject);
  if (context.FindForRead(from) == nullptr) return context.reply.Integer(0);
  if (context.FindForWrite(to, options->database) != nullptr && !options->replace)
    return context.reply.Integer(0);

  context.db().CopyTo(from, Database(context, options->database), to);
  context.Notify(config::kNotifyNewKey, "new", to.key, options->database);
  context.Modified(to, options->database);
  context.Notify(config::kNotifyGeneric, "copy_to", to.key, options->database);
  context.reply.Integer(1);
}

void Move(Context& context) {
  const std::optional<int> target = DatabaseArgument(context, 2);
  if (!target) return;
  if (*target == context.database()) return context.Error(errors::kSameObject);
  const store::Lookup key = context.Key(1);
  if (context.FindForWrite(key) == nullptr || context.FindForWrite(key, *target) != nullptr)
    return context.reply.Integer(0);

  Database(context, *target).Insert(key, context.db().Take(key));
  context.Notify(config::kNotifyNewKey, "new", key.key, *target);
  context.Modified(key);
  context.AlsoModified(key, *target);
  context.Notify(config::kNotifyGeneric, "move_from", key.key);
  context.Notify(config::kNotifyGeneric, "move_to", key.key, *target);
  context.reply.Integer(1);
}

// ---- rows

constexpr KeySpec kCopyKeys[] = {
    {.flags = key::kRO | key::kAccess},
    {.flags = key::kOW | key::kUpdate, .begin = BeginSearch::Index(2)},
};

constexpr Argument kCopyArguments[] = {
    {.name = "source", .type = Type::kKey, .key_spec_index = 0},
    {.name = "destination", .type = Type::kKey, .key_spec_index = 1},
    {.name = "destination-db", .type = Type::kInteger, .token = "DB", .optional = true},
    {.name = "replace", .type = Type::kPureToken, .token = "REPLACE", .optional = true},
};

constexpr Argument kMoveArguments[] = {
    {.name = "key", .type = Type::kKey, .key_spec_index = 0},
    {.name = "db", .type = Type::kInteger},
};

constexpr CommandRow kRows[] = {
    {.spec = {.name = "copy",
              .summary = "Copy a key",
              .since = "6.2.0",
              .group = Group::kGeneric,
              .complexity = "O(N) worst case for collections, where N is the number of nested "
                            "items. O(1) for string values.",
              .arity = -3,
              .flags = flag::kWrite | flag::kDenyOom,
              .categories = acl::kKeyspace,
              .keys = kCopyKeys,
              .arguments = kCopyArguments},
     .run = &Copy},
    {.spec = {.name = "move",
              .summary = "Move a key to another database",
              .since = "1.0.0",
              .group = Group::kGeneric,
              .complexity = "O(1)",
              .arity = 3,
              .flags = flag::kWrite | flag::kFast,
              .categories = acl::kKeyspace,
              .keys = keys::kAccessUpdate,
              .arguments = kMoveArguments},
     .run = &Move},
};

}  // namespace

Rows CopyMoveRows() { return kRows; }

}  // namespace quorate::server::commands
