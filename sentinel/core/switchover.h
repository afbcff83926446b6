// The planned path of SENTINEL FAILOVER and SENTINEL SWITCHOVER, when the primary is well: nothing
// that was acknowledged is lost.
//
//   1 | CLIENT PAUSE <ms> WRITE on the primary
//   2 | its offset after the pause, from INFO
//   3 | the heir's offset, asked again and again until it has reached that
//   4 | promotion (failover.h)
//   5 | every sentinel that we reach has adopted the new configuration
//     | the old primary follows the heir, and its clients' connections are closed
//   6 | CLIENT UNPAUSE
//
// The pause is short and renewed for as long as it is needed, so that it never ends before the old
// primary has been demoted; if we die in between, it soon ends by itself. What counts is what the
// primary has acknowledged: once that has run out, writes may have been taken that the heir does
// not have, and only a promotion that was already sent goes on. Whatever goes wrong before the
// promotion ends in an abort, and the pause ends by itself within kSwitchoverPause: CLIENT PAUSE
// has one place for all who pause, so by our UNPAUSE somebody who was elected after us, unheard by
// us, would lose its pause, and acknowledged writes with it. A switchover is given up as soon as we
// hear of a candidacy in a later epoch.
//
// A server that knows no CLIENT PAUSE ... WRITE (before Redis 6.2, told by its error) gets what
// Redis Sentinel does: promotion without a pause, unless the order was to lose nothing. One that
// knows it and refuses (no permission, say) is left alone: -failover-abort-pause-refused.
#pragma once

#include "sentinel/core/turn.h"

namespace quorate::sentinel::core {

// Enters PauseWrites. Precondition: the primary's command link is up and the heir is chosen.
void StartPause(Turn& turn, Group& group);
void KeepPauseWrites(Turn& turn, Group& group, const PauseWrites& phase);

// The primary's answer to CLIENT PAUSE.
void OnPauseReply(Turn& turn, Group& group, const ForPause& pause, const WireReply& reply);

// Renews the pause while it is needed. False if the pause was lost: the failover has
// then been aborted.
bool KeepPaused(Turn& turn, Group& group);

// After the promotion: every sentinel we reach has adopted it, so that the old primary's clients
// will be told of the new one wherever they ask; or it has had kAdoptionWait.
bool MayLetClientsGo(Turn& turn, const Group& group);

// CLIENT UNPAUSE, if writes are paused and the old primary can be reached. Not before it was
// demoted.
void LiftPause(Turn& turn, Group& group);

}  // namespace quorate::sentinel::core
