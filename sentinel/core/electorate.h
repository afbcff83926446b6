// How many sentinels an election counts on, and whose majority decides (E5).
//
// The electorate is as many as the operator has set; otherwise every sentinel ever known, dead or
// alive, and ourselves: who is cut off must not make a smaller majority do. SENTINEL FORGET lowers
// it at once, RESET only after a while. A sentinel at the address of another, with another id, has
// taken that one's place and knows nothing of its votes; so for a while both are voters, that no
// epoch which was won with the vote of the one is won again with the vote of the other (E1). Leases
// (fencing.h) need a majority of the electorate without those who were replaced: what these have
// said is known to the servers. A restart meanwhile, a RESET, or REMOVE and MONITOR, make them
// members of the electorate; where the operator has set that, they are forgotten.
#pragma once

#include <cstddef>

#include "sentinel/core/state.h"
#include "sentinel/core/turn.h"

namespace quorate::sentinel::core {

size_t Electorate(const Group& group);
// It is not simply ourselves and the peers we know: set by the operator, or remembered.
bool HasUnusualElectorate(const Group& group);
// Those whose majority elects: the electorate and, for a while, those who were replaced.
size_t Voters(const Group& group);
// Votes needed to be elected: max(majority of the voters, quorum).
size_t VotesNeeded(const Group& group);

// Ourselves and the peers that are connected, proven (links.h) and not down.
size_t UsableSentinels(const State& state, const Group& group);

// SENTINEL CKQUORUM.
struct QuorumCheck {
  size_t usable = 0;  // UsableSentinels
  size_t electorate = 0;
  bool quorum_reachable = false;
  bool majority_reachable = false;
};
QuorumCheck CheckQuorum(const State& state, const Group& group);

// A peer was added.
void NoteMetPeer(Group& group);
// So many peers that are no sentinels of this group any more were taken out.
void NoteForgottenPeers(Group& group, size_t count);
// Those who were replaced become members of it (RESET; and what is durable): as many as these are.
uint32_t ElectorateWithReplaced(const Group& group);
// A sentinel has taken the place of one of our peers, at that address.
void NoteReplacedPeer(Group& group, const base::Endpoint& address, base::Instant now);
// Settles the electorate some time after a RESET or a replacement: it shrinks to the sentinels that
// are known then, once enough of the old ones have said hello after that time. Until then elections
// need a majority of all, with those who were replaced. By then every candidacy of before is over,
// and what those say that were heard tells of every epoch that can have been won with the vote of
// one that is gone; we vote in none of these any more. One replacement at a time is made good so;
// operators have to wait for that before the next.
void KeepElectorate(Turn& turn, Group& group);

}  // namespace quorate::sentinel::core
