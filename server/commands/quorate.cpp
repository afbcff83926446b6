// QUORATE: what Redis has no command for. OFFSET and WAITOFFSET let a client read its own writes on
// another node: it takes its position in the history where it wrote, and has the node from which it
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
#include "server/engine/context.h"
#include "server/engine/engine.h"
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
      "OFFSET",
      "    Return the replication ID and offset after this connection's last command.",
      "WAITOFFSET <replication-id> <offset> <milliseconds>",
      "    Return 1 as soon as this node has applied that offset of that history, 0 when",
      "    <milliseconds> have passed (0: no limit), an error if it will not get there.",
  };
  command::ReplyHelp("QUORATE", kLines, context.reply);
}

// ---- rows

constexpr Argument kWaitOffsetArguments[] = {{.name = "replicationid"},
                                             {.name = "offset", .type = Type::kInteger},
                                             {.name = "milliseconds", .type = Type::kInteger}};
constexpr std::string_view kNondeterministic[] = {"nondeterministic_output"};

constexpr CommandRow kQuorateSubcommands[] = {
    {.spec = {.name = "help",
              .summary = "Show the subcommands",
              .since = "7.0.0",
              .group = Group::kServer,
              .complexity = "O(1)",
              .arity = 2,
              .flags = flag::kLoading | flag::kStale},
     .run = &QuorateHelp},
    {.spec = {.name = "offset",
              .summary = "Return the position in the history after this connection's last command",
              .since = "7.0.0",
              .group = Group::kServer,
              .complexity = "O(1)",
              .arity = 2,
              .flags =
                  flag::kNoScript | flag::kLoading | flag::kStale | flag::kFast | flag::kNoMulti,
              .categories = acl::kConnection,
              .tips = kNondeterministic},
     .run = &QuorateOffset},
    {.spec = {.name = "waitoffset",
              .summary = "Wait until this node has applied a position in the history",
              .since = "7.0.0",
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
              .since = "7.0.0",
              .group = Group::kServer,
              .complexity = "Depends on subcommand.",
              .arity = -2},
     .subcommands = kQuorateSubcommands},
};

}  // namespace

Rows QuorateRows() { return kRows; }

}  // namespace quorate::server::commands
