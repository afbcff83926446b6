#include "server/commands/all.h"

#include "server/commands/families.h"

namespace quorate::server::commands {

void RegisterAll(engine::CommandTable& table) {
  // Strings.
  table.Add(StringGetRows());
  table.Add(StringSetRows());
  table.Add(StringRangeRows());
  table.Add(StringNumberRows());
  table.Add(LcsRows());
  table.Add(BitRows());
  table.Add(BitFieldRows());
  // Keys and databases.
  table.Add(KeyRows());
  table.Add(ObjectRows());
  table.Add(CopyMoveRows());
  table.Add(ScanRows());
  table.Add(DumpRows());
  table.Add(ExpireRows());
  table.Add(DatabaseRows());
  // Transactions, publish and subscribe.
  table.Add(TransactionRows());
  table.Add(PubSubRows());
  // Connections and replication.
  table.Add(ConnectionRows());
  table.Add(ClientRows());
  table.Add(ReplicationRows());
  table.Add(QuorateRows());
  // The server.
  table.Add(AdminRows());
  table.Add(PersistenceRows());
  table.Add(CommandRows());
  table.Add(ConfigRows());
  table.Add(MemoryRows());
  table.Add(SlowlogRows());
  table.Add(LatencyRows());
  table.Add(DebugRows());
}

}  // namespace quorate::server::commands
