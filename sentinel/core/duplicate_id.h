// Another process lives under our id: a copied configuration. Two would vote as one, so this one
// takes no part in elections until the other has been quiet for Timings::duplicate_quiet (E1), and
// says so once.
#pragma once

#include "sentinel/core/hello.h"
#include "sentinel/core/turn.h"

namespace quorate::sentinel::core {

// A hello under our id came from an address that has proven to have it (strangers.h).
void NoteDuplicate(Turn& turn, const Hello& hello);
// In each step.
void NoticeEndOfDuplicate(Turn& turn);
// When that is due; Instant::max() if nobody is heard.
base::Instant DuplicateDeadline(const State& state);

}  // namespace quorate::sentinel::core
