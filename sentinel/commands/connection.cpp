// Commands about the connection itself, and what is shared with the server: CLIENT and COMMAND.
#include "sentinel/commands/context.h"
#include "shared/command/command_rows.h"
#include "shared/command/common_specs.h"
#include "shared/resp/errors.h"
#include "shared/session/client_rows.h"
#include "shared/session/handshake.h"

namespace quorate::sentinel::commands {

namespace {

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

constexpr CommandRow kRows[] = {{.spec = command::common::kAuth, .run = &Auth},
                                {.spec = command::common::kHello, .run = &Hello},
                                {.spec = command::common::kPing, .run = &Ping}};

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
