// The server's command table: specs with handlers over engine::Context. server/commands adds the
// families.
#pragma once

#include "shared/command/table.h"

namespace quorate::server::engine {

class Context;
using command::Command;
using CommandTable = command::Table<Context>;
using CommandRow = command::Row<Context>;

}  // namespace quorate::server::engine
