// CLIENT and COMMAND: the rows that both daemons share, over this server's context.
#include "server/commands/families.h"
#include "server/engine/context.h"
#include "server/engine/engine.h"
#include "shared/command/command_rows.h"
#include "shared/session/client_rows.h"

namespace quorate::server::commands {

namespace {

using engine::Context;

session::ClientRequest ToClientRequest(Context& context) {
  return {context.engine.clients(), context.session, context.args, context.command.full_name};
}

command::IntrospectionRequest ToIntrospectionRequest(Context& context) {
  return {context.engine.table(), context.args, context.reply};
}

}  // namespace

Rows ClientRows() { return session::kClientRows<Context, &ToClientRequest>; }

Rows CommandRows() { return command::kCommandRows<Context, &ToIntrospectionRequest>; }

}  // namespace quorate::server::commands
