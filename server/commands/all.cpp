#include "server/commands/all.h"

#include "server/commands/families.h"

namespace quorate::server::commands {

void RegisterAll(engine::CommandTable& table) {
  // Strings.
  table.Add(StringGetRows());
  table.Add(StringSetRows());
  // Connections and replication.
  table.Add(ConnectionRows());
  table.Add(ReplicationRows());
}

}  // namespace quorate::server::commands
