// The configuration of a group is one value, (config epoch, address of the primary), and changes as
// one (C1): proposed by our own promotion, by a hello with a higher epoch or by the word of the
// server that was elected in it, written to disk, and put into effect and told to anyone once that
// write has ended. If the write failed it takes effect all the same - unlike a vote: the promotion
// is a fact, and clients need to know it.
#pragma once

#include "sentinel/core/turn.h"

namespace quorate::sentinel::core {

struct ProposedConfig {
  base::Epoch epoch;
  base::Endpoint primary;
  ConfigSource source;
};

// Ignored unless the epoch is higher than that of the group and of what is already pending. The
// same epoch with another primary is announced (+config-conflict): stock sentinels, whose ordered
// failovers are not elected, can make such a thing.
void ProposeConfig(Turn& turn, Group& group, const ProposedConfig& proposed);

// Puts the pending configuration into effect once its write has ended.
void KeepConfig(Turn& turn, Group& group);

}  // namespace quorate::sentinel::core
