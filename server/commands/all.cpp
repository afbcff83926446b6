#include "server/commands/all.h"

#include "server/commands/families.h"

namespace quorate::server::commands {

void RegisterAll(engine::CommandTable& table) {
  // Strings.
  table.Add(StringGetRows());
  table.Add(StringSetRows());
}

}  // namespace quorate::server::commands
