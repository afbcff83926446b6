// The sentinel of one process as a pure machine: Step turns (now, input) into actions. It decides
// everything - when to connect, ping, ask, vote, stand for election, promote, re-point - and does
// nothing itself. It reads no clock: after each Step the runtime arms one timer for NextDeadline()
// and feeds a Tick when it fires.
//
// Order of actions is meaning. A vote, a new configuration and the answer of a command that changes
// the state (but RESET's, as in Redis) are held back until Persisted says that their write has
// ended. If it failed, the vote is refused (and stays spent), the command says so, and the
// configuration takes effect all the same.
//
// Invariants, CHECKed by CheckInvariants where one state shows them:
//
//   E1 | one voter per id: no vote and no candidacy while another process is heard under our id
//      | (and duplicate_quiet after its last word; twins that never hear each other are two voters)
//   E2 | one vote per (group, epoch): a group's vote epoch never falls, whatever RESET, REMOVE,
//      | MONITOR or a restart do
//   E3 | a vote leaves this process, or counts for ourselves, only after its write has completed
//   E4 | a failover that nobody ordered goes on only while the quorum sees the primary down, until
//      | its promotion is sent
//   E5 | no failover's promotion is sent without votes of max(majority of the voters, quorum) for
//      | exactly our epoch; the voters are the electorate and, for a while, those who were replaced
//   E6 | no vote and no candidacy in TILT, or while the last write of the state has failed
//   C1 | a group's config epoch never falls, and its address changes only together with the epoch
//      | (monitored anew, or given another address in the YAML, it is another group)
//   C2 | a config epoch of a group means one address, everywhere and for ever: by E1-E5 and C1
//   C3 | a config epoch that we announce was won by us, or heard from a peer or from the server
//      | that was elected in it (fencing.h, Z3)
//   C4 | the +switch-master of a group come in the order of their epochs: they follow C1
//   C5 | servers of ours take no order of an earlier epoch than they know (server/engine/fencing.h,
//      | X2), and orders to them have an epoch
//   C6 | no instance is twice in a group, and the primary is not among its own replicas
//   C7 | groups exchange no members: an address where another group's sentinels see their primary
//      | is let be (discovery.h, IsForeign)
//   L1 | a while after the last fault one server of a group takes writes, all sentinels know it,
//      | and every other follows it
//   L2 | a majority of the sentinels and one replica that is eligible do for that
//   L3 | it takes few elections
//   L4 | groups, replicas, peers, strangers, requests and held answers have the limits of timings.h
//
// E1, C2, C5, C7 and L1 to L3 are of several processes: tests/simulation/swarm watches them. A
// RESET while some sentinels are cut off, not gone, can break E1 by two majorities; SENTINEL FORGET
// is for one at a time (README).
//
// Single-threaded. Not copyable.
#pragma once

#include <memory>
#include <optional>

#include "sentinel/core/actions.h"
#include "sentinel/core/durable.h"
#include "sentinel/core/inputs.h"
#include "sentinel/core/settings.h"
#include "sentinel/core/state.h"

namespace quorate::sentinel::core {

class Sentinel {
 public:
  Sentinel(Settings settings, const DurableState& durable, uint64_t seed);
  ~Sentinel();
  Sentinel(const Sentinel&) = delete;
  Sentinel& operator=(const Sentinel&) = delete;

  // Precondition: `now` never falls; the first input is Start.
  Actions Step(base::Instant now, const Input& input);
  // When the next Tick is due; nothing to wait for: absent.
  std::optional<base::Instant> NextDeadline() const;

  const State& state() const;
  // What PersistState asks to be written.
  DurableState Durable() const;
  // CHECKs the invariants above. For tests, after every Step.
  void CheckInvariants() const;

 private:
  class Machine;
  std::unique_ptr<Machine> machine_;
};

}  // namespace quorate::sentinel::core
