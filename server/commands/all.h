// The list of command families, and nothing else.
#pragma once

#include "server/engine/command_table.h"

namespace quorate::server::commands {

// Fills the engine's table. Once, before the first session.
void RegisterAll(engine::CommandTable& table);

}  // namespace quorate::server::commands
