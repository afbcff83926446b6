// Commands about the connection itself, and what is shared with the server: CLIENT and COMMAND.
#include "sentinel/commands/context.h"
#include "shared/command/command_rows.h"
#include "shared/resp/errors.h"
#include "shared/session/client_rows.h"
#include "shared/session/handshake.h"

namespace quorate::sentinel::commands {

namespace {

using command::Argument;
using command::Change;
using command::Group;
namespace flag = command::flag;
namespace acl = command::acl;

void Auth(Context& context) {
  session::HandleAuth(context.client, context.args, context.host.process().requirepass);
}

void Hello(Context& context) {
  session::HandleHello(context.client, context.args, context.host.process().requirepass,
                       {.mode = "sentinel", .role = {}});
}

void Ping(Context& context) {
  if (context.argc() > 2) return context.Error(resp::errors::WrongArity("ping"));
  resp::Writer& out = context.reply();
  if (context.client.in_subscriber_mode()) {
    out.ArrayHeader(2);
    out.Bulk("pong");
    return out.Bulk(context.argc() == 2 ? context.arg(1) : "");
  }
  if (context.argc() == 2) return out.Bulk(context.arg(1));
  out.SimpleString("PONG");
}

session::ClientRequest ToClientRequest(Context& context) {
  return {context.host.clients(), context.client, context.args, context.command.full_name};
}

command::IntrospectionRequest ToIntrospectionRequest(Context& context) {
  return {context.host.registry(), context.args, context.reply()};
}

constexpr Argument kPingArguments[] = {{.name = "message", .optional = true}};
constexpr std::string_view kPingTips[] = {"request_policy:all_shards",
                                          "response_policy:all_succeeded"};
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
              .summary = "Handshake with Redis",
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
    {.spec = {.name = "ping",
              .summary = "Ping the server",
              .since = "1.0.0",
              .group = Group::kConnection,
              .complexity = "O(1)",
              .arity = -1,
              .flags = flag::kFast,
              .categories = acl::kConnection,
              .arguments = kPingArguments,
              .tips = kPingTips},
     .run = &Ping}};

}  // namespace

Rows ConnectionRows() { return kRows; }

void RegisterAll(CommandTable& table) {
  table.Add(ConnectionRows());
  table.Add(session::kKeylessClientRows<Context, &ToClientRequest>);
  table.Add(command::kCommandRows<Context, &ToIntrospectionRequest>);
  table.Add(PubSubRows());
  table.Add(ProcessRows());
  table.Add(SentinelRows());
}

}  // namespace quorate::sentinel::commands
