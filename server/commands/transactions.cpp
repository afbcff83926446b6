// MULTI, EXEC, DISCARD, WATCH, UNWATCH. Queueing itself is the dispatcher's; here a transaction
// begins, runs and ends.
#include <memory>
#include <utility>
#include <vector>

#include "server/commands/families.h"
#include "server/engine/context.h"
#include "server/engine/engine.h"
#include "shared/resp/errors.h"

namespace quorate::server::commands {

namespace {

using engine::Context;
using engine::Session;
namespace errors = resp::errors;

bool IsExpired(Context& context, int db, std::string_view key) {
  store::Keyspace& keyspace = context.engine.databases()[static_cast<size_t>(db)];
  const store::Record* record = keyspace.Find(key);
  return record != nullptr && record->ExpiredAt(context.wall);
}

void Multi(Context& context) {
  Session& session = context.session;
  if (session.transaction != nullptr) return context.Error(errors::kNestedMulti);
  session.transaction = std::make_unique<engine::Transaction>();
  context.reply.Ok();
}

// Whether a watched key changed; one that was live when watched and has expired since did.
bool WatchFailed(Context& context) {
  const engine::WatchedKeys& watched = context.session.watched;
  return watched.dirty || context.engine.watches().AnyExpiredSince(
                              context.session, watched, [&](int db, std::string_view key) {
                                return IsExpired(context, db, key);
                              });
}

void Exec(Context& context) {
  engine::Engine& engine = context.engine;
  Session& session = context.session;
  if (session.transaction == nullptr) return context.Error(errors::kExecWithoutMulti);
  const bool watch_failed = WatchFailed(context);
  if (session.transaction->aborted || watch_failed) {
    if (session.transaction->aborted) {
      context.Error(errors::kExecAbort);
    } else {
      context.reply.NullArray();
    }
    return engine.DiscardTransaction(session);
  }

  engine.watches().UnwatchAll(session);
  const std::vector<engine::QueuedCommand>& commands = session.transaction->commands;
  context.reply.ArrayHeader(commands.size());
  std::vector<std::string_view> args;
  // The transaction stays the session's until the end: what must not block can see it.
  for (const engine::QueuedCommand& queued : commands) {
    queued.Args(args);
    engine.Execute(session, queued.command(), args, {});
  }
  engine.DiscardTransaction(session);
}

void Discard(Context& context) {
  if (context.session.transaction == nullptr) return context.Error(errors::kDiscardWithoutMulti);
  context.engine.DiscardTransaction(context.session);
  context.reply.Ok();
}

void Watch(Context& context) {
  Session& session = context.session;
  if (session.transaction != nullptr) return context.Error(errors::kWatchInsideMulti);
  // A session whose transaction cannot succeed any more need not watch further keys.
  for (size_t i = 1; i < context.argc() && !session.watched.dirty; ++i) {
    context.engine.watches().Watch(session, {context.database(), std::string(context.arg(i))},
                                   IsExpired(context, context.database(), context.arg(i)));
  }
  context.reply.Ok();
}

void Unwatch(Context& context) {
  context.engine.watches().UnwatchAll(context.session);
  context.reply.Ok();
}

// ---- rows

constexpr KeySpec kWatchKeys[] = {
    {.flags = key::kRO, .find = FindKeys::Range(-1)},
};

constexpr Argument kWatchArguments[] = {
    {.name = "key", .type = Type::kKey, .multiple = true, .key_spec_index = 0},
};

constexpr CommandRow kRows[] = {
    {.spec = {.name = "multi",
              .summary = "Mark the start of a transaction block",
              .since = "1.2.0",
              .group = Group::kTransactions,
              .complexity = "O(1)",
              .arity = 1,
              .flags =
                  flag::kNoScript | flag::kLoading | flag::kStale | flag::kFast | flag::kAllowBusy,
              .categories = acl::kTransaction},
     .run = &Multi},
    {.spec = {.name = "exec",
              .summary = "Execute all commands issued after MULTI",
              .since = "1.2.0",
              .group = Group::kTransactions,
              .complexity = "Depends on commands in the transaction",
              .arity = 1,
              .flags = flag::kNoScript | flag::kLoading | flag::kStale | flag::kSkipSlowlog,
              .categories = acl::kTransaction},
     .run = &Exec},
    {.spec = {.name = "discard",
              .summary = "Discard all commands issued after MULTI",
              .since = "2.0.0",
              .group = Group::kTransactions,
              .complexity = "O(N), when N is the number of queued commands",
              .arity = 1,
              .flags =
                  flag::kNoScript | flag::kLoading | flag::kStale | flag::kFast | flag::kAllowBusy,
              .categories = acl::kTransaction},
     .run = &Discard},
    {.spec = {.name = "watch",
              .summary = "Watch the given keys to determine execution of the MULTI/EXEC block",
              .since = "2.2.0",
              .group = Group::kTransactions,
              .complexity = "O(1) for every key.",
              .arity = -2,
              .flags =
                  flag::kNoScript | flag::kLoading | flag::kStale | flag::kFast | flag::kAllowBusy,
              .categories = acl::kTransaction,
              .keys = kWatchKeys,
              .arguments = kWatchArguments},
     .run = &Watch},
    {.spec = {.name = "unwatch",
              .summary = "Forget about all watched keys",
              .since = "2.2.0",
              .group = Group::kTransactions,
              .complexity = "O(1)",
              .arity = 1,
              .flags =
                  flag::kNoScript | flag::kLoading | flag::kStale | flag::kFast | flag::kAllowBusy,
              .categories = acl::kTransaction},
     .run = &Unwatch},
};

}  // namespace

Rows TransactionRows() { return kRows; }

}  // namespace quorate::server::commands
