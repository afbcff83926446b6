// REPLCONF as a request: option/value pairs that a replica says about itself before PSYNC, and its
// acknowledgements after.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "shared/base/ids.h"
#include "shared/base/result.h"

namespace quorate::replication::core {

// What a connection has told about itself as a replica. Remembered per connection from its first
// REPLCONF on.
struct ReplicaTraits {
  uint16_t listening_port = 0;
  std::string announced_ip;
  bool accepts_eof = false;     // capa eof: the mark framing
  bool accepts_psync2 = false;  // capa psync2: +CONTINUE may carry a new id
  bool snapshot_only = false;   // rdb-only 1
  // rdb-filter-only: all that its list does not name. No word for the keys exists in it.
  bool exclude_data = false;
  bool exclude_functions = false;
  // quorate-run-id: a node like us. It is told whom we follow, so that it does not follow itself.
  std::optional<base::RunId> run_id;
};

struct ReplconfOutcome {
  bool silent = false;  // ack and getack are never answered
  std::string error;    // RESP error text with its code, without "-"; empty = +OK unless silent
  std::optional<base::Offset> acknowledged;  // from a replica link
  bool wants_ancestry = false;               // it told its run id in this command
};

// Applies the pairs to `traits`. `args` includes the command name. Pairs before a bad one stay
// applied, as in Redis.
ReplconfOutcome ApplyReplconf(std::span<const std::string_view> args, ReplicaTraits& traits);

}  // namespace quorate::replication::core
