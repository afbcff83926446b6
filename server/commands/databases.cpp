// Commands on whole databases: SELECT, SWAPDB, FLUSHDB, FLUSHALL, DBSIZE.
#include <vector>

#include "server/commands/arguments.h"
#include "server/commands/families.h"
#include "server/engine/context.h"
#include "server/engine/engine.h"
#include "server/engine/persistence_port.h"

namespace quorate::server::commands {

namespace {

using engine::Context;
namespace errors = resp::errors;

void Select(Context& context) {
  const std::optional<int> database = DatabaseArgument(context, 1);
  if (!database) return;
  context.session.db = *database;
  context.reply.Ok();
}

void SwapDb(Context& context) {
  const std::optional<int> first = IntArgument(context, 1, "ERR invalid first DB index");
  if (!first) return;
  const std::optional<int> second = IntArgument(context, 2, "ERR invalid second DB index");
  if (!second) return;
  const int count = static_cast<int>(context.engine.databases().count());
  if (*first < 0 || *second < 0 || *first >= count || *second >= count)
    return context.Error(errors::kDbOutOfRange);
  if (*first != *second) context.engine.SwapDatabases(*first, *second);
  context.CountChanges(1);
  context.reply.Ok();
}

// Whether the content is to be freed elsewhere; nullopt, with the error answered, if the request is
// malformed.
std::optional<bool> ParseFlushMode(Context& context) {
  if (context.argc() == 1) return context.engine.settings().lazyfree_lazy_user_flush;
  if (context.argc() == 2 && Is(context.arg(1), "sync")) return false;
  if (context.argc() == 2 && Is(context.arg(1), "async")) return true;
  context.Error(errors::kSyntax);
  return std::nullopt;
}

// Replicas flush even if there was nothing here: they may have what we lack.
void FinishFlush(Context& context, size_t keys) {
  context.CountChanges(static_cast<int64_t>(keys));
  context.ForceEffect();
  context.reply.Ok();
}

void FlushDb(Context& context) {
  const std::optional<bool> lazily = ParseFlushMode(context);
  if (!lazily) return;
  FinishFlush(context, context.engine.FlushDatabase(context.database(), *lazily));
}

void FlushAll(Context& context) {
  const std::optional<bool> lazily = ParseFlushMode(context);
  if (!lazily) return;
  size_t keys = 0;
  for (size_t db = 0; db < context.engine.databases().count(); ++db)
    keys += context.engine.FlushDatabase(static_cast<int>(db), *lazily);
  context.engine.host().persistence().OnFlushedAll();
  FinishFlush(context, keys + 1);
}

void DbSize(Context& context) { context.reply.Integer(static_cast<int64_t>(context.db().size())); }

// ---- rows

constexpr Argument kSelectArguments[] = {
    {.name = "index", .type = Type::kInteger},
};

constexpr Argument kSwapdbArguments[] = {
    {.name = "index1", .type = Type::kInteger},
    {.name = "index2", .type = Type::kInteger},
};

constexpr Argument kFlushdbArguments[] = {
    {.name = "async", .type = Type::kOneOf, .optional = true},
    {.depth = 1, .name = "async", .type = Type::kPureToken, .token = "ASYNC", .since = "4.0.0"},
    {.depth = 1, .name = "sync", .type = Type::kPureToken, .token = "SYNC", .since = "6.2.0"},
};

constexpr std::string_view kFlushdbTips[] = {"request_policy:all_shards",
                                             "response_policy:all_succeeded"};

constexpr Change kFlushdbHistory[] = {
    {"4.0.0", "Added the `ASYNC` flushing mode modifier."},
    {"6.2.0", "Added the `SYNC` flushing mode modifier."},
};

constexpr std::string_view kDbsizeTips[] = {"request_policy:all_shards", "response_policy:agg_sum"};

constexpr CommandRow kRows[] = {
    {.spec = {.name = "select",
              .summary = "Change the selected database for the current connection",
              .since = "1.0.0",
              .group = Group::kConnection,
              .complexity = "O(1)",
              .arity = 2,
              .flags = flag::kLoading | flag::kStale | flag::kFast,
              .categories = acl::kConnection,
              .arguments = kSelectArguments},
     .run = &Select},
    {.spec = {.name = "swapdb",
              .summary = "Swaps two Redis databases",
              .since = "4.0.0",
              .group = Group::kServer,
              .complexity = "O(N) where N is the count of clients watching or blocking on keys "
                            "from both databases.",
              .arity = 3,
              .flags = flag::kWrite | flag::kFast,
              .categories = acl::kKeyspace | acl::kDangerous,
              .arguments = kSwapdbArguments},
     .run = &SwapDb},
    {.spec = {.name = "flushdb",
              .summary = "Remove all keys from the current database",
              .since = "1.0.0",
              .group = Group::kServer,
              .complexity = "O(N) where N is the number of keys in the selected database",
              .arity = -1,
              .flags = flag::kWrite,
              .categories = acl::kKeyspace | acl::kDangerous,
              .arguments = kFlushdbArguments,
              .tips = kFlushdbTips,
              .history = kFlushdbHistory},
     .run = &FlushDb},
    {.spec = {.name = "flushall",
              .summary = "Remove all keys from all databases",
              .since = "1.0.0",
              .group = Group::kServer,
              .complexity = "O(N) where N is the total number of keys in all databases",
              .arity = -1,
              .flags = flag::kWrite,
              .categories = acl::kKeyspace | acl::kDangerous,
              .arguments = kFlushdbArguments,
              .tips = kFlushdbTips,
              .history = kFlushdbHistory},
     .run = &FlushAll},
    {.spec = {.name = "dbsize",
              .summary = "Return the number of keys in the selected database",
              .since = "1.0.0",
              .group = Group::kServer,
              .complexity = "O(1)",
              .arity = 1,
              .flags = flag::kReadonly | flag::kFast,
              .categories = acl::kKeyspace,
              .tips = kDbsizeTips},
     .run = &DbSize},
};

}  // namespace

Rows DatabaseRows() { return kRows; }

}  // namespace quorate::server::commands
