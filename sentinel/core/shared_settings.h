// SENTINEL SET ... PROPAGATE: options that all sentinels of a group are to have. They are kept
// together with a version beside the options they set; whoever propagates adds his own, takes the
// next version and tells his peers of ours the whole, and so does everyone who meets a peer (again).
// The higher version wins; of two with the same, made at the same time, the greater by its text. Of
// what comes only what differs from what was shared before is applied: a value that an operator set
// on one sentinel alone stays until someone shares that option anew.
//
// Scripts are files of one machine and cannot be shared.
#pragma once

#include <string>
#include <vector>

#include "sentinel/core/turn.h"

namespace quorate::sentinel::core {

// One option with its value or values, as in SENTINEL SET.
using Statement = std::vector<std::string>;

// The statements were applied here and are shared from now on. `at_least`: a version below which no
// new one is given (the time of day: the last to speak wins, even if he had heard nothing yet).
void ShareSettings(Turn& turn, Group& group, const std::vector<Statement>& statements,
                   uint64_t at_least);
// Which of the statements that came under `version` are to be applied; they are known from now on.
std::vector<Statement> AdoptShared(Group& group, const std::vector<Statement>& statements,
                                   uint64_t version);
// The peer, one of ours, can be told now: what is shared in each group that it watches too.
void TellSharedSettings(Turn& turn, PeerLink& link);

}  // namespace quorate::sentinel::core
