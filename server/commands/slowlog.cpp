// SLOWLOG: the slow commands that the engine kept (server/engine/slowlog.h).
#include "server/engine/slowlog.h"
#include "server/commands/arguments.h"
#include "server/commands/families.h"
#include "server/engine/context.h"
#include "server/engine/engine.h"
#include "shared/command/introspection.h"

namespace quorate::server::commands {

namespace {

using engine::Context;

void SlowlogGet(Context& context) {
  if (context.argc() > 3)
    return context.Error(
        "ERR unknown subcommand or wrong number of arguments for 'get'. Try SLOWLOG HELP.");
  constexpr int64_t kDefaultCount = 10;
  int64_t wanted = kDefaultCount;
  if (context.argc() == 3) {
    const std::optional<int64_t> count = base::ParseInt64(context.arg(2));
    if (!count || *count < -1)
      return context.Error("ERR count should be greater than or equal to -1");
    wanted = *count;
  }
  const auto& entries = context.engine.slowlog().entries();
  const size_t count =
      wanted == -1 ? entries.size() : std::min(static_cast<size_t>(wanted), entries.size());
  context.reply.ArrayHeader(count);
  for (size_t i = 0; i < count; ++i) {
    const engine::SlowlogEntry& entry = entries[i];
    context.reply.ArrayHeader(6);
    context.reply.Integer(entry.id);
    context.reply.Integer(entry.when.ms / 1000);
    context.reply.Integer(entry.microseconds);
    context.reply.ArrayHeader(entry.args.size());
    for (const std::string& arg : entry.args) context.reply.Bulk(arg);
    context.reply.Bulk(entry.peer);
    context.reply.Bulk(entry.client_name);
  }
}

void SlowlogLen(Context& context) {
  context.reply.Integer(static_cast<int64_t>(context.engine.slowlog().entries().size()));
}

void SlowlogReset(Context& context) {
  context.engine.slowlog().Reset();
  context.reply.Ok();
}

void SlowlogHelp(Context& context) {
  static constexpr std::string_view kLines[] = {
      "GET [<count>]",
      "    Return top <count> entries from the slowlog (default: 10, -1 mean all).",
      "    Entries are made of:",
      "    id, timestamp, time in microseconds, arguments array, client IP and port,",
      "    client name",
      "LEN",
      "    Return the length of the slowlog.",
      "RESET",
      "    Reset the slowlog.",
  };
  command::ReplyHelp("SLOWLOG", kLines, context.reply);
}

// ---- rows

constexpr Argument kSlowlogGetArguments[] = {
    {.name = "count", .type = Type::kInteger, .optional = true}};
constexpr std::string_view kSlowlogGetTips[] = {"request_policy:all_nodes",
                                                "nondeterministic_output"};
constexpr Change kSlowlogGetHistory[] = {
    {"4.0.0", "Added client IP address, port and name to the reply."}};
constexpr std::string_view kSlowlogLenTips[] = {
    "request_policy:all_nodes", "response_policy:agg_sum", "nondeterministic_output"};
constexpr std::string_view kSlowlogResetTips[] = {"request_policy:all_nodes",
                                                  "response_policy:all_succeeded"};
constexpr CommandRow kSlowlogSubcommands[] = {
    {.spec = {.name = "get",
              .summary = "Get the slow log's entries",
              .since = "2.2.12",
              .group = Group::kServer,
              .complexity = "O(N) where N is the number of entries returned",
              .arity = -2,
              .flags = flag::kAdmin | flag::kLoading | flag::kStale,
              .arguments = kSlowlogGetArguments,
              .tips = kSlowlogGetTips,
              .history = kSlowlogGetHistory},
     .run = &SlowlogGet},
    {.spec = {.name = "help",
              .summary = "Show helpful text about the different subcommands",
              .since = "6.2.0",
              .group = Group::kServer,
              .complexity = "O(1)",
              .arity = 2,
              .flags = flag::kLoading | flag::kStale},
     .run = &SlowlogHelp},
    {.spec = {.name = "len",
              .summary = "Get the slow log's length",
              .since = "2.2.12",
              .group = Group::kServer,
              .complexity = "O(1)",
              .arity = 2,
              .flags = flag::kAdmin | flag::kLoading | flag::kStale,
              .tips = kSlowlogLenTips},
     .run = &SlowlogLen},
    {.spec = {.name = "reset",
              .summary = "Clear all entries from the slow log",
              .since = "2.2.12",
              .group = Group::kServer,
              .complexity = "O(N) where N is the number of entries in the slowlog",
              .arity = 2,
              .flags = flag::kAdmin | flag::kLoading | flag::kStale,
              .tips = kSlowlogResetTips},
     .run = &SlowlogReset}};

constexpr CommandRow kRows[] = {
    {.spec = {.name = "slowlog",
              .summary = "A container for slow log commands",
              .since = "2.2.12",
              .group = Group::kServer,
              .complexity = "Depends on subcommand.",
              .arity = -2},
     .subcommands = kSlowlogSubcommands},
};

}  // namespace

Rows SlowlogRows() { return kRows; }

}  // namespace quorate::server::commands
