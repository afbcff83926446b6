// One function per family of commands: its table rows, with the handlers beside them in the file
// named after the family. A new command is a row and a handler in its family; a new family is a
// file, a line here and a line in all.cpp. The names that rows are written with are below.
#pragma once

#include <span>

#include "server/engine/command_table.h"
#include "shared/command/spec.h"

namespace quorate::server::commands {

using Rows = std::span<const engine::CommandRow>;

// ---- strings
Rows StringGetRows();
Rows StringSetRows();
Rows StringRangeRows();
Rows StringNumberRows();
Rows LcsRows();
Rows BitRows();
Rows BitFieldRows();

// ---- keys and databases
Rows KeyRows();
Rows ObjectRows();
Rows CopyMoveRows();
Rows ScanRows();
Rows DumpRows();
Rows ExpireRows();
Rows DatabaseRows();

// ---- transactions, publish and subscribe
Rows TransactionRows();
Rows PubSubRows();

// ---- connections and replication
Rows ConnectionRows();
Rows ClientRows();
Rows ReplicationRows();
Rows QuorateRows();

// ---- the server
Rows AdminRows();
Rows PersistenceRows();
Rows CommandRows();
Rows ConfigRows();
Rows MemoryRows();
Rows SlowlogRows();
Rows LatencyRows();
Rows DebugRows();

// ---- the vocabulary of rows
using command::Argument;
using command::BeginSearch;
using command::Change;
using command::FindKeys;
using command::Group;
using command::KeySpec;
using engine::CommandRow;
using Type = command::Argument::Type;
namespace acl = command::acl;
namespace flag = command::flag;
namespace key = command::key;
namespace keys = command::keys;

}  // namespace quorate::server::commands
