// `pre-failover-script`: an operator's program that may veto a failover before it begins. A
// sentinel that is about to stand because the primary is lost runs it once for each +odown, as
//
//   <script> <group> <ip> <port> <heir-ip> <heir-port>     of the primary and of who would follow
//
// (no heir known: "-" and 0) and goes on if it exits with 0. Anything else is a veto: it is asked
// again after kVetoBackoff, as long as the primary stays lost. A program that runs longer than
// `pre-failover-timeout`, is killed or cannot be run gives no verdict; `pre-failover-on-timeout`
// says what follows then. What an operator ordered is not asked for, nor is a vote for another
// sentinel: each needs the script of its own.
#pragma once

#include "sentinel/core/inputs.h"
#include "sentinel/core/turn.h"

namespace quorate::sentinel::core {

// Whether we may stand now, asking first if that has not been done. The answer comes by
// VetoAnswered.
bool MayProceed(Turn& turn, Group& group);
void OnVetoAnswered(Turn& turn, const VetoAnswered& answered);

}  // namespace quorate::sentinel::core
