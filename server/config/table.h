// The server's directives: every row of ServerSettings, area by area. Each area is one .cpp beside
// this file; a directive is added by a member in settings.h and a row in its area.
#pragma once

#include <string>
#include <vector>

#include "server/config/settings.h"
#include "shared/config/directive.h"

namespace quorate::server::config {

using ServerTable = quorate::config::Table<ServerSettings>;
using ServerRow = quorate::config::Row<ServerSettings>;

ServerTable MakeDirectiveTable();
// The same, built at first use and once for the process: immutable, safe to share between threads.
const ServerTable& Directives();

std::vector<ServerRow> NetworkRows();
std::vector<ServerRow> SecurityRows();
std::vector<ServerRow> GeneralRows();
std::vector<ServerRow> SnapshotRows();
std::vector<ServerRow> MemoryRows();
std::vector<ServerRow> ClientRows();
std::vector<ServerRow> ReplicationRows();
std::vector<ServerRow> ObservationRows();

}  // namespace quorate::server::config
