// Questions that commands and INFO ask of the state, answered in one place.
#pragma once

#include <cstddef>
#include <optional>
#include <string>

#include "sentinel/core/state.h"

namespace quorate::sentinel::core {

// SENTINEL GET-MASTER-ADDR-BY-NAME.
std::optional<base::Endpoint> CurrentPrimary(const State& state, const std::string& group);

// The sentinels an election counts on: as many as the operator has set; otherwise every one ever
// known, dead or alive, and ourselves. RESET lowers that only after a while, SENTINEL FORGET at
// once.
size_t Electorate(const Group& group);
// It is not simply ourselves and the peers we know: set by the operator, or remembered.
bool HasUnusualElectorate(const Group& group);
// Votes needed to be elected: max(majority of the electorate, quorum).
size_t VotesNeeded(const Group& group);

// Ourselves and the peers that are neither down nor disconnected.
size_t UsableSentinels(const State& state, const Group& group);

// SENTINEL CKQUORUM.
struct QuorumCheck {
  size_t usable = 0;  // ourselves and peers that are neither down nor disconnected
  size_t electorate = 0;
  bool quorum_reachable = false;
  bool majority_reachable = false;
};
QuorumCheck CheckQuorum(const State& state, const Group& group);

// Nobody is down, strays or is being changed: news that only confirm what is known of the group
// need not have it looked at before its next deadline.
bool IsAtRest(const Group& group);

// The replicas that are listed: all but those that are doubted since a RESET (administration.h).
size_t ReplicaCount(const Group& group);

// The `flags` field of SENTINEL MASTERS, REPLICAS and SENTINELS, in Redis' order.
std::string PrimaryFlags(const Group& group);
std::string ReplicaFlags(const Group& group, const Replica& replica);
std::string PeerFlags(const State& state, const Peer& peer, base::Instant now);

// Peers that told us within kAnswerValidity that the primary is down, and ourselves if we see it
// down.
size_t DownWitnesses(const Group& group, base::Instant now);

}  // namespace quorate::sentinel::core
