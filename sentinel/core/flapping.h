// Anti-flapping: a role that is lost again and again is not helped by moving it once more. When a
// group has seen `flap-limit` failovers that nobody ordered within `flap-window`, every sentinel of
// ours that saw them pauses the group (maintenance.h) for as long as the window: no more by itself,
// until SENTINEL RESUME acknowledges it or the time is over. What is ordered is done.
//
// Each counts what it has seen itself since its start; the pause is shared, so that one that has
// just started knows it too.
#pragma once

#include "sentinel/core/turn.h"

namespace quorate::sentinel::core {

// The primary was replaced, and nobody had ordered it.
void NoteUnorderedFailover(Turn& turn, Group& group);

}  // namespace quorate::sentinel::core
