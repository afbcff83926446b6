// QUORATE: what Redis has no command for; what sentinels say with it is in fencing.h. OFFSET and
// WAITOFFSET let a client read its own writes on another node: it takes its position in the history where it wrote, and has the node from which it
// is going to read wait until that is applied there.
//
// OFFSET answers [replication id, offset]. As with WAIT the offset is that after the connection's
// last command, so it covers what the connection has seen as well as what it has written; a
// connection that has run nothing gets the current one. A primary that no replica follows counts
// nothing, and begins a history when the first one comes: positions from before are known nowhere
// else. What the clients of a writable replica write is part of no history.
#include <algorithm>
#include <chrono>

#include "server/commands/families.h"
#include "server/commands/fencing.h"
#include "server/engine/context.h"
#include "server/engine/engine.h"
#include "server/engine/host.h"
#include "server/engine/rollback_port.h"
#include "shared/base/numbers.h"
#include "shared/command/introspection.h"
#include "shared/resp/errors.h"

namespace quorate::server::commands {

namespace {

using engine::Context;
namespace errors = resp::errors;
namespace core = replication::core;

constexpr int64_t kLongestMs = int64_t{1} << 42;

void QuorateOffset(Context& context) {
  const std::optional<core::Position> position = context.engine.LastPosition(context.session);
  if (!position)
    return context.Error(
        "NOHISTORY The data was replaced (by a full resynchronization, or loaded) since this "
        "connection's last command; what it wrote may be lost");
  context.reply.ArrayHeader(2);
  context.reply.Bulk(position->history.view());
  context.reply.Integer(position->offset.bytes());
}

void QuorateWaitOffset(Context& context) {
  const std::optional<base::ReplicationId> history = base::ReplicationId::Parse(context.arg(2));
  if (!history) return context.Error("ERR Invalid replication ID");
  const std::optional<int64_t> offset = base::ParseInt64(context.arg(3));
  if (!offset) return context.Error(errors::kNotInteger);
  if (*offset < 0) return context.Error(errors::kOffsetOutOfRange);
  const std::optional<int64_t> timeout_ms = base::ParseInt64(context.arg(4));
  if (!timeout_ms) return context.Error(errors::kTimeoutNotInteger);
  if (*timeout_ms < 0) return context.Error(errors::kTimeoutNegative);
  const base::Instant deadline = *timeout_ms == 0 || *timeout_ms > kLongestMs
                                     ? base::Instant::max()
                                     : context.now + std::chrono::milliseconds(*timeout_ms);
  context.engine.WaitForOffset(context.session, {{*history, base::Offset(*offset)}, deadline});
}

void QuorateHelp(Context& context) {
  static constexpr std::string_view kLines[] = {
      "FENCE <epoch> <milliseconds>",
      "    From sentinels: refuse writes, and follow nobody, until an order of that epoch.",
      "HEARTBEAT <sentinel-id> <epoch> <electorate> PRIMARY|REPLICA [<stamp>]",
      "    From sentinels: the role that this node has in that epoch. Return the next stamp.",
      "OFFSET",
      "    Return the replication ID and offset after this connection's last command.",
      "REPLICAOF <host> <port>|NO ONE <epoch>",
      "    From sentinels: REPLICAOF, refused if a later epoch is known.",
      "ROLLBACK LIST",
      "    Return the records of writes that this node lost to a new primary, oldest first.",
      "ROLLBACK REPLAY <id> [IFUNCHANGED]",
      "    Run a record's commands as ordinary writes, in the background. Primaries only.",
      "    IFUNCHANGED: but those on keys that were changed since the record was made.",
      "ROLLBACK SHOW <id> [<count>]",
      "    Return a record with its first <count> (10) commands.",
      "WAITOFFSET <replication-id> <offset> <milliseconds>",
      "    Return 1 as soon as this node has applied that offset of that history, 0 when",
      "    <milliseconds> have passed (0: no limit), an error if it will not get there.",
  };
  command::ReplyHelp("QUORATE", kLines, context.reply);
}

// ---- QUORATE ROLLBACK

// Commands that SHOW shows unless told, and at most.
constexpr int64_t kShownCommands = 10;
constexpr int64_t kMostShown = 1000;

void ReplyEntry(const engine::RollbackEntry& entry, size_t more_fields, resp::Writer& reply) {
  reply.MapHeader(11 + more_fields);
  const auto text = [&](std::string_view name, std::string_view value) {
    reply.Bulk(name);
    reply.Bulk(value);
  };
  const auto number = [&](std::string_view name, int64_t value) {
    reply.Bulk(name);
    reply.Integer(value);
  };
  text("id", entry.id);
  number("commands", static_cast<int64_t>(entry.commands));
  number("keys", static_cast<int64_t>(entry.keys));
  number("bytes", static_cast<int64_t>(entry.bytes));
  number("dataset-bytes", static_cast<int64_t>(entry.dataset_bytes));
  number("missing-bytes", static_cast<int64_t>(entry.missing_bytes));
  text("fork", entry.estimated ? "estimated" : "exact");
  number("written-after-ms", entry.written_after_ms);
  number("written-before-ms", entry.written_before_ms);
  number("recorded-ms", entry.recorded_ms);
  text("took-over", entry.took_over);
}

void RollbackList(engine::RollbackPort& rollbacks, Context& context) {
  const std::vector<engine::RollbackEntry> entries = rollbacks.List();
  context.reply.ArrayHeader(entries.size());
  for (const engine::RollbackEntry& entry : entries) ReplyEntry(entry, 0, context.reply);
}

void RollbackShow(engine::RollbackPort& rollbacks, Context& context) {
  int64_t count = kShownCommands;
  if (context.argc() == 5) {
    const std::optional<int64_t> asked = base::ParseInt64(context.arg(4));
    if (!asked) return context.Error(errors::kNotInteger);
    if (*asked < 0) return context.Error("ERR count must not be negative");
    count = std::min(*asked, kMostShown);
  }
  const auto commands = rollbacks.Show(context.arg(3), static_cast<size_t>(count));
  if (!commands) return context.Error(commands.error().message);
  for (const engine::RollbackEntry& entry : rollbacks.List()) {
    if (entry.id != context.arg(3)) continue;
    ReplyEntry(entry, 1, context.reply);
    context.reply.Bulk("first-commands");
    context.reply.ArrayHeader(commands->size());
    for (const std::vector<std::string>& command : *commands) {
      context.reply.ArrayHeader(command.size());
      for (const std::string& argument : command) context.reply.Bulk(argument);
    }
    return;
  }
}

void RollbackReplay(engine::RollbackPort& rollbacks, Context& context) {
  if (context.engine.replication().is_replica())
    return context.Error("ERR A rollback record can be replayed on a primary only");
  const bool if_unchanged = context.argc() == 5;
  if (if_unchanged && !base::EqualsIgnoreCase(context.arg(4), "ifunchanged"))
    return context.Error(errors::kSyntax);
  if (const base::Status begun = rollbacks.Replay(context.arg(3), if_unchanged); !begun)
    return context.Error(begun.error().message);
  context.reply.SimpleString("Background replay started");
}

void QuorateRollback(Context& context) {
  engine::RollbackPort* const rollbacks = context.engine.host().rollbacks();
  if (rollbacks == nullptr) return context.Error("ERR This server keeps no rollback records");
  const std::string_view what = context.arg(2);
  if (base::EqualsIgnoreCase(what, "list") && context.argc() == 3)
    return RollbackList(*rollbacks, context);
  if (base::EqualsIgnoreCase(what, "show") && (context.argc() == 4 || context.argc() == 5))
    return RollbackShow(*rollbacks, context);
  if (base::EqualsIgnoreCase(what, "replay") && (context.argc() == 4 || context.argc() == 5))
    return RollbackReplay(*rollbacks, context);
  context.Error(errors::kSyntax);
}

// ---- rows

constexpr Argument kRollbackArguments[] = {
    {.name = "operation", .type = Type::kOneOf},
    {.depth = 1, .name = "list", .type = Type::kPureToken, .token = "LIST"},
    {.depth = 1, .name = "show", .type = Type::kBlock, .token = "SHOW"},
    {.depth = 2, .name = "id"},
    {.depth = 2, .name = "count", .type = Type::kInteger, .optional = true},
    {.depth = 1, .name = "replay", .type = Type::kBlock, .token = "REPLAY"},
    {.depth = 2, .name = "id"},
    {.depth = 2,
     .name = "ifunchanged",
     .type = Type::kPureToken,
     .token = "IFUNCHANGED",
     .optional = true}};
constexpr Argument kFenceArguments[] = {{.name = "epoch", .type = Type::kInteger},
                                        {.name = "milliseconds", .type = Type::kInteger}};
constexpr Argument kHeartbeatArguments[] = {
    {.name = "sentinelid"},
    {.name = "epoch", .type = Type::kInteger},
    {.name = "electorate", .type = Type::kInteger},
    {.name = "role", .type = Type::kOneOf},
    {.depth = 1, .name = "primary", .type = Type::kPureToken, .token = "PRIMARY"},
    {.depth = 1, .name = "replica", .type = Type::kPureToken, .token = "REPLICA"},
    {.name = "stamp", .type = Type::kInteger, .optional = true}};
constexpr Argument kReplicaOfArguments[] = {
    {.name = "args", .type = Type::kOneOf},
    {.depth = 1, .name = "host-port", .type = Type::kBlock},
    {.depth = 2, .name = "host"},
    {.depth = 2, .name = "port", .type = Type::kInteger},
    {.depth = 1, .name = "no-one", .type = Type::kBlock},
    {.depth = 2, .name = "no", .type = Type::kPureToken, .token = "NO"},
    {.depth = 2, .name = "one", .type = Type::kPureToken, .token = "ONE"},
    {.name = "epoch", .type = Type::kInteger}};
constexpr Argument kWaitOffsetArguments[] = {{.name = "replicationid"},
                                             {.name = "offset", .type = Type::kInteger},
                                             {.name = "milliseconds", .type = Type::kInteger}};
constexpr std::string_view kNondeterministic[] = {"nondeterministic_output"};

constexpr CommandRow kQuorateSubcommands[] = {
    {.spec = {.name = "fence",
              .summary = "Refuse writes, and follow nobody, until an order of an epoch comes",
              .since = "0.1.0",
              .group = Group::kServer,
              .complexity = "O(1)",
              .arity = 4,
              .flags = flag::kAdmin | flag::kNoScript | flag::kLoading | flag::kStale,
              .arguments = kFenceArguments},
     .run = &QuorateFence},
    {.spec = {.name = "heartbeat",
              .summary = "A sentinel's word on the role of this node",
              .since = "0.1.0",
              .group = Group::kServer,
              .complexity = "O(1)",
              .arity = -6,
              .flags = flag::kAdmin | flag::kNoScript | flag::kLoading | flag::kStale,
              .arguments = kHeartbeatArguments},
     .run = &QuorateHeartbeat},
    {.spec = {.name = "help",
              .summary = "Show the subcommands",
              .since = "0.1.0",
              .group = Group::kServer,
              .complexity = "O(1)",
              .arity = 2,
              .flags = flag::kLoading | flag::kStale},
     .run = &QuorateHelp},
    {.spec = {.name = "offset",
              .summary = "Return the position in the history after this connection's last command",
              .since = "0.1.0",
              .group = Group::kServer,
              .complexity = "O(1)",
              .arity = 2,
              .flags =
                  flag::kNoScript | flag::kLoading | flag::kStale | flag::kFast | flag::kNoMulti,
              .categories = acl::kConnection,
              .tips = kNondeterministic},
     .run = &QuorateOffset},
    {.spec = {.name = "replicaof",
              .summary = "REPLICAOF of an epoch, refused if a later one is known",
              .since = "0.1.0",
              .group = Group::kServer,
              .complexity = "O(1)",
              .arity = 5,
              .flags = flag::kAdmin | flag::kNoScript | flag::kStale | flag::kNoAsyncLoading,
              .arguments = kReplicaOfArguments},
     .run = &QuorateReplicaOf},
    {.spec = {.name = "rollback",
              .summary = "List, show and replay the records of writes that a failover discarded",
              .since = "0.1.0",
              .group = Group::kServer,
              .complexity = "O(N) where N is the number of records, or of commands shown",
              .arity = -3,
              .flags = flag::kAdmin | flag::kNoScript | flag::kStale | flag::kNoMulti,
              .arguments = kRollbackArguments},
     .run = &QuorateRollback},
    {.spec = {.name = "waitoffset",
              .summary = "Wait until this node has applied a position in the history",
              .since = "0.1.0",
              .group = Group::kServer,
              .complexity = "O(1)",
              .arity = 5,
              .flags = flag::kNoScript | flag::kLoading | flag::kStale,
              .categories = acl::kConnection,
              .arguments = kWaitOffsetArguments},
     .run = &QuorateWaitOffset},
};

constexpr CommandRow kRows[] = {
    {.spec = {.name = "quorate",
              .summary = "A container for what Redis has no command for",
              .since = "0.1.0",
              .group = Group::kServer,
              .complexity = "Depends on subcommand.",
              .arity = -2},
     .subcommands = kQuorateSubcommands},
};

}  // namespace

Rows QuorateRows() { return kRows; }

}  // namespace quorate::server::commands
