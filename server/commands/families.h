// One function per family of commands: its table rows, with the handlers beside them in the file
// named after the family. A new command is a row and a handler in its family; a new family is a
// file, a line here and a line in all.cpp.
#pragma once

#include <span>

#include "server/engine/command_table.h"

namespace quorate::server::commands {

using Rows = std::span<const engine::CommandRow>;

}  // namespace quorate::server::commands
