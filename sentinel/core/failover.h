// Carrying out a failover once we stand for it, phase by phase:
//
//   phase               | leaves when                         | to                  | by
//   --------------------+-------------------------------------+---------------------+-------------
//   WaitStart           | elected                             | SelectReplica       | election.h
//                       | elected, to confirm the primary     | (new configuration) | fencing.h, Z3
//                       | lost, ordered: up to three times    | WaitStart           | LoseElection
//                       | lost, timed out, no reason any more,| (aborted)           |
//                       |   may not take part (E1, E6)        |                     |
//   SelectReplica       | fresh INFO of all, or 200 ms        | SendPromotion       | ChooseHeir
//                       | same, planned                       | PauseWrites         | switchover.h
//                       | same, not well any more, not fenced | SelectReplica       | ChooseHeir
//                       | same, not well, to lose nothing     | (aborted)           |
//                       | nobody eligible, no reason any more | (aborted)           |
//   PauseWrites         | heir equal to the primary           | SendPromotion       | switchover.h
//                       | primary knows no pause, not lossless| SendPromotion       |
//                       | refused, not in time, one is lost,  | (aborted)           | switchover.h
//                       |   another stands in a later epoch   |                     |
//   SendPromotion       | link to the heir up: MULTI...EXEC   | WaitPromotion       | here
//                       | no reason any more, not sent yet    | (aborted)           |
//                       | planned: another stands in a later  | (aborted)           | switchover.h
//                       |   epoch, not sent yet               |                     |
//                       | heir down, fence or pause over,     | (aborted)           |
//                       |   failover-timeout                  |                     |
//   WaitPromotion       | EXEC confirms, or INFO role:master  | CommitConfig        | OnPromoted
//                       | EXEC refused, or heir reconnected   | SendPromotion       |
//                       |   and still a replica               |                     |
//                       | heir knows a later epoch, is down,  | (aborted)           |
//                       |   failover-timeout                  |                     |
//   CommitConfig        | its write has ended, well or not    | ReconfigureReplicas | KeepConfig
//   ReconfigureReplicas | all re-pointed, or failover-timeout | (ended)             | KeepReconf...
//   any, nothing sent   | we vote for another                 | (aborted)           | election.cpp
//   ReconfigureReplicas | the same                            | (left to it)        | election.cpp
//   any                 | another's configuration: of this    | (left to it)        | group_config
//                       |   epoch, a later one, or with       |                     |
//                       |   another primary                   |                     |
//
// "No reason any more": nobody ordered it, and the primary is not down for the quorum, or the group
// is paused (E4, M1). After the promotion was sent an abort means that we give up on hearing of it:
// it may be a fact, and fencing.h (Z3) takes care of that. +switch-master is published when the
// write of the new configuration has ended, before the replicas are re-pointed (Redis publishes it
// after).
#pragma once

#include <string_view>

#include "sentinel/core/inputs.h"
#include "sentinel/core/turn.h"

namespace quorate::sentinel::core {

// Advances the failover in progress, if there is one, by at most one phase. Not to be called in
// TILT.
void KeepFailover(Turn& turn, Group& group);

// SENTINEL FAILOVER. It elects like any other, so that two forced failovers cannot share an epoch;
// with a healthy primary it is a planned switchover. Errors: INPROG, NOGOODSLAVE.
void StartForcedFailover(Turn& turn, const FailoverRequested& request);

// SENTINEL SWITCHOVER: as above, but only with a healthy primary and only by the planned path, to
// the replica that was named if one was. Answered when the old primary's clients have been let go
// to the new one: OK; or as soon as it is given up: ABORTED and the event that says why. Errors
// before: INPROG, NOGOODPRIMARY, NOGOODSLAVE.
void StartSwitchover(Turn& turn, const SwitchoverRequested& request);
// Answers the client that waits for the failover in progress, if there is one.
void AnswerOrder(Turn& turn, Group& group, CommandReply reply);

// Gives the failover up, with its event (`details` end its payload). A fence is lifted if it can
// have no heir. Precondition: one is in progress.
void AbortFailover(Turn& turn, Group& group, EventType why, std::string_view details = {});
// Same without an event (RESET); does nothing if none is in progress.
void AbandonFailover(Turn& turn, Group& group);
// Same because another leader has taken over: the fence is of no consequence, or its.
void YieldFailover(Turn& turn, Group& group);

// Nothing more is sent to promote the heir, as things are: in WaitPromotion and CommitConfig.
bool AwaitsPromotion(const Failover& failover);
// The heir may be promoted, and not be our primary yet: we vote for nobody else until that is known
// or given up.
bool MayHavePromoted(const Failover& failover);

// EXEC's answer to the promotion.
void OnPromotionReply(Turn& turn, Group& group, const DataNode& heir, base::Epoch epoch,
                      const WireReply& reply);
// INFO of a replica has arrived: if it is the heir, its role may confirm the promotion.
void OnHeirInfo(Turn& turn, Group& group, const Replica& replica);

// The configuration of our promotion has become durable: its events, then ReconfigureReplicas. The
// heir is still in group.replicas.
void AnnouncePromotion(Turn& turn, Group& group);

// Moves on, and notes when. For the time-out SendPromotion and WaitPromotion are one phase, however
// often the promotion has to be sent.
void EnterPhase(Turn& turn, Group& group, FailoverPhase phase);

}  // namespace quorate::sentinel::core
