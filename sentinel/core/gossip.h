// Hello: telling the other sentinels that we exist and which configuration we hold, and learning
// the same of them. Sent every two seconds to each data node (which publishes it; not to a replaced
// primary, until it is a replica) and straight to each peer; at once when a configuration changed.
#pragma once

#include <string_view>

#include "sentinel/core/hello.h"
#include "sentinel/core/turn.h"

namespace quorate::sentinel::core {

void KeepHello(Turn& turn, Group& group);
// Has hello sent to everyone in this turn's advance.
void HurryHello(Group& group);

// Judges one hello line, from a data node or straight from a peer. Rubbish, unknown groups and
// absurd epochs are dropped; what speaks of a sentinel that we have not met where it claims to be
// waits for proof (strangers.h).
void OnHello(Turn& turn, std::string_view line);
void OnHello(Turn& turn, const Hello& hello);

// Raises our epoch to one heard from outside. False, and no change, if it is absurdly far ahead.
bool AdoptEpoch(Turn& turn, const Group& group, base::Epoch epoch);

}  // namespace quorate::sentinel::core
