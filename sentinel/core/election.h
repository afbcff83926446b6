// Votes. A sentinel gives one vote per (group, epoch), for ever: a later vote needs a higher epoch
// (E2). The vote is on disk before anyone hears of it; if it cannot be, it is refused, and stays
// spent (E3). A candidate counts only answers for exactly the epoch it asked for, and needs
// max(majority of the electorate, quorum) (E5). Nobody votes or stands in TILT or while the state
// cannot be written (E6), nor under an id that another process uses as well (E1).
//
//   when                                      | then
//   ------------------------------------------+---------------------------------------------------
//   ODOWN, enough peers reachable, waits over,| stand: next epoch, vote for ourselves, ask all
//     not paused, not vetoed                  |
//   ordered, or to confirm (fencing.h, Z3)    | the same at once
//   a majority voted for us in our epoch      | elected
//   enough of the others answered otherwise   | lost: again in 50-150 ms, doubled per loss in a row
//   another has a majority; none within       | lost: again in 5 s, at most 2 x failover-timeout
//     min(election-timeout, failover-timeout) |
//   asked for a vote in a higher epoch        | vote, give up our candidacy, wait for the other
//   the same, but we hear the primary well,   | no vote, unless the change was ordered
//     or the group is paused                  |
//   another group has the same primary        | both are one voter; one failover after the other
//
// The majority is of the largest electorate that we know or that a peer told us with its answer.
// Who takes another's place (a new disk, a new id) knows nothing of that one's votes. So the one
// that is gone is counted on as well until enough of the others have been heard to know of every
// epoch that it can have voted in (electorate.h); and a candidate that a voter has not met is told
// one more.
//
// Who asks with an order (SENTINEL FAILOVER, SWITCHOVER, a confirmation) says so to sentinels of
// ours, by a last argument that stock ones do not know; and is told by them why it is refused.
#pragma once

#include <optional>
#include <string_view>

#include "sentinel/core/inputs.h"
#include "sentinel/core/turn.h"

namespace quorate::sentinel::core {

// Why a vote is not given.
enum class VoteRefusal {
  kStalled,    // E6, TILT
  kDisk,       // E3, E6
  kDuplicate,  // E1
  kBusy,       // too many answers wait for the disk
  kSpent,      // E2, a configuration of that epoch or a later one is known, or it is absurd
  kPromoting,  // our own promotion may be a fact already, or a configuration waits for its write
  kPaused,     // SENTINEL PAUSE
  kHealthy     // we had a good answer from the primary within half of down-after
};
// "stalled", "disk", and so on.
std::string_view VoteRefusalName(VoteRefusal refusal);
std::optional<VoteRefusal> ParseVoteRefusal(std::string_view name);

// SENTINEL IS-MASTER-DOWN-BY-ADDR: says what we see, and votes if asked to.
void AnswerMasterDown(Turn& turn, const MasterDownQuery& query);

// Whether this process may vote and stand at all (E1, E6).
bool MayTakePart(const State& state);

// Whether a failover of the group is in progress, or one of another group with the same primary:
// with one voter for both, two at once would take each other's votes.
bool IsUnderWay(State& state, const Group& group);

// Stands for election when that is due.
void KeepCandidacy(Turn& turn, Group& group);
// A random short wait, so that sentinels that see the same at the same time do not all stand.
void DesynchronizeCandidacy(Turn& turn, Group& group);
// Begins a failover in the next epoch with our own candidacy. Precondition: !IsUnderWay.
void Stand(Turn& turn, Group& group, std::optional<Order> order = std::nullopt);

// A vote that a peer told us of.
void RecordVote(Turn& turn, Group& group, Peer& peer, const Vote& vote);

enum class Tally { kOpen, kWon, kLost, kLostToAnother };
// How our candidacy stands. Precondition: the failover is in WaitStart.
Tally CountVotes(Turn& turn, const Group& group);

// After a lost election: when we may stand again.
void BackOff(Turn& turn, Group& group, Tally how);
// After an election nobody won in time, a failover that failed, or a vote for another: the other is
// given time to finish, and what made us fail time to pass.
void BackOffLong(Turn& turn, Group& group);

}  // namespace quorate::sentinel::core
