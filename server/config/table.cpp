#include "server/config/table.h"

#include "shared/config/unhonoured.h"

namespace quorate::server::config {

ServerTable MakeDirectiveTable() {
  using quorate::config::AddGroup;
  std::vector<ServerRow> rows;
  AddGroup(rows, "network", NetworkRows());
  AddGroup(rows, "security", SecurityRows());
  AddGroup(rows, "general", GeneralRows());
  AddGroup(rows, "snapshot", SnapshotRows());
  AddGroup(rows, "memory", MemoryRows());
  AddGroup(rows, "clients", ClientRows());
  AddGroup(rows, "replication", ReplicationRows());
  AddGroup(rows, "observation", ObservationRows());
  quorate::config::AddUnhonoured(rows, &ServerSettings::kept);
  return ServerTable(std::move(rows));
}

const ServerTable& Directives() {
  static const ServerTable kTable = MakeDirectiveTable();
  return kTable;
}

}  // namespace quorate::server::config
