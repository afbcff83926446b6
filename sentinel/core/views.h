// Questions that commands and INFO ask of the state, answered in one place.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "sentinel/core/state.h"

namespace quorate::sentinel::core {

// SENTINEL GET-MASTER-ADDR-BY-NAME.
std::optional<base::Endpoint> CurrentPrimary(const State& state, const std::string& group);

// Nobody is down, strays or is being changed: news that only confirm what is known of the group
// need not have it looked at before its next deadline.
bool IsAtRest(const Group& group);

// The replicas that are listed: all but those that are doubted since a RESET (administration.h).
size_t ReplicaCount(const Group& group);

// The `flags` field of SENTINEL MASTERS, REPLICAS and SENTINELS, in Redis' order.
std::string PrimaryFlags(const Group& group);
std::string ReplicaFlags(const Group& group, const Replica& replica);
std::string PeerFlags(const State& state, const Peer& peer, base::Instant now);

// SENTINEL MASTERS' failover-state: wait_start, select_slave, send_slaveof_noone, wait_promotion,
// reconf_slaves.
std::string_view FailoverStateName(const Failover& failover);

}  // namespace quorate::sentinel::core
