#include "server/commands/all.h"

#include "server/commands/families.h"

namespace quorate::server::commands {

void RegisterAll(engine::CommandTable& table) { (void)table; }

}  // namespace quorate::server::commands
