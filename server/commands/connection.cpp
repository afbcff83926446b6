// Commands about the connection itself: PING, ECHO, AUTH, HELLO, QUIT, RESET. CLIENT is in
// client.cpp.
#include "server/commands/families.h"
#include "server/engine/context.h"
#include "server/engine/engine.h"
#include "shared/command/common_specs.h"
#include "shared/resp/errors.h"
#include "shared/session/handshake.h"

namespace quorate::server::commands {

namespace {

using engine::Context;

void Ping(Context& context) {
  if (context.argc() > 2) return context.Error(resp::errors::WrongArity("ping"));
  if (context.session.in_subscriber_mode()) {
    context.reply.ArrayHeader(2);
    context.reply.Bulk("pong");
    return context.reply.Bulk(context.argc() == 2 ? context.arg(1) : "");
  }
  if (context.argc() == 2) return context.reply.Bulk(context.arg(1));
  context.reply.SimpleString("PONG");
}

void Echo(Context& context) { context.reply.Bulk(context.arg(1)); }

void Auth(Context& context) {
  session::HandleAuth(context.session, context.args, context.engine.settings().requirepass);
}

void Hello(Context& context) {
  const bool replica = context.engine.replication().is_replica();
  session::HandleHello(context.session, context.args, context.engine.settings().requirepass,
                       {.mode = "standalone", .role = replica ? "replica" : "master"});
}

void Quit(Context& context) {
  context.reply.Ok();
  context.session.close_after_reply = true;
}

void Reset(Context& context) {
  context.engine.ResetSession(context.session);
  context.reply.SimpleString("RESET");
}

constexpr Argument kEchoArguments[] = {{.name = "message"}};
constexpr CommandRow kRows[] = {
    {.spec = command::common::kPing, .run = &Ping},
    {.spec = {.name = "echo",
              .summary = "Answer the message given",
              .since = "1.0.0",
              .group = Group::kConnection,
              .complexity = "O(1)",
              .arity = 2,
              .flags = flag::kLoading | flag::kStale | flag::kFast,
              .categories = acl::kConnection,
              .arguments = kEchoArguments},
     .run = &Echo},
    {.spec = command::common::kAuth, .run = &Auth},
    {.spec = command::common::kHello, .run = &Hello},
    {.spec = {.name = "quit",
              .summary = "Close the connection",
              .since = "1.0.0",
              .group = Group::kConnection,
              .complexity = "O(1)",
              .arity = -1,
              .flags = flag::kNoScript | flag::kLoading | flag::kStale | flag::kFast |
                       flag::kNoAuth | flag::kAllowBusy,
              .categories = acl::kConnection},
     .run = &Quit},
    {.spec = {.name = "reset",
              .summary = "Reset the connection",
              .since = "6.2.0",
              .group = Group::kConnection,
              .complexity = "O(1)",
              .arity = 1,
              .flags = flag::kNoScript | flag::kLoading | flag::kStale | flag::kFast |
                       flag::kNoAuth | flag::kAllowBusy,
              .categories = acl::kConnection},
     .run = &Reset},
};

}  // namespace

Rows ConnectionRows() { return kRows; }

}  // namespace quorate::server::commands
