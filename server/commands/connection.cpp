// Commands about the connection itself: PING, ECHO, AUTH, HELLO, QUIT, RESET. CLIENT is in
// client.cpp.
#include "server/commands/families.h"
#include "server/engine/context.h"
#include "server/engine/engine.h"
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

constexpr Argument kPingArguments[] = {{.name = "message", .optional = true}};
constexpr std::string_view kPingTips[] = {"request_policy:all_shards",
                                          "response_policy:all_succeeded"};
constexpr Argument kEchoArguments[] = {{.name = "message"}};
constexpr Argument kAuthArguments[] = {{.name = "username", .optional = true, .since = "6.0.0"},
                                       {.name = "password"}};
constexpr Change kAuthHistory[] = {{"6.0.0", "Added ACL style (username and password)."}};
constexpr Argument kHelloArguments[] = {
    {.name = "arguments", .type = Argument::Type::kBlock, .optional = true},
    {.depth = 1, .name = "protover", .type = Argument::Type::kInteger},
    {.depth = 1,
     .name = "username_password",
     .type = Argument::Type::kBlock,
     .token = "AUTH",
     .optional = true},
    {.depth = 2, .name = "username"},
    {.depth = 2, .name = "password"},
    {.depth = 1, .name = "clientname", .token = "SETNAME", .optional = true}};
constexpr Change kHelloHistory[] = {{"6.2.0",
                                     "`protover` made optional; when called without arguments the "
                                     "command reports the current connection's context."}};

constexpr CommandRow kRows[] = {
    {.spec = {.name = "ping",
              .summary = "Answer PONG, or the message given",
              .since = "1.0.0",
              .group = Group::kConnection,
              .complexity = "O(1)",
              .arity = -1,
              .flags = flag::kFast,
              .categories = acl::kConnection,
              .arguments = kPingArguments,
              .tips = kPingTips},
     .run = &Ping},
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
    {.spec = {.name = "auth",
              .summary = "Authenticate to the server",
              .since = "1.0.0",
              .group = Group::kConnection,
              .complexity = "O(N) where N is the number of passwords defined for the user",
              .arity = -2,
              .flags = flag::kNoScript | flag::kLoading | flag::kStale | flag::kFast |
                       flag::kNoAuth | flag::kAllowBusy,
              .categories = acl::kConnection,
              .arguments = kAuthArguments,
              .history = kAuthHistory},
     .run = &Auth},
    {.spec = {.name = "hello",
              .summary = "Choose the protocol version, and authenticate",
              .since = "6.0.0",
              .group = Group::kConnection,
              .complexity = "O(1)",
              .arity = -1,
              .flags = flag::kNoScript | flag::kLoading | flag::kStale | flag::kFast |
                       flag::kNoAuth | flag::kAllowBusy,
              .categories = acl::kConnection,
              .arguments = kHelloArguments,
              .history = kHelloHistory},
     .run = &Hello},
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
