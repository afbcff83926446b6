// Reads what is left of a drill's writes on the surviving primary, and removes them again.
#pragma once

#include "scripts/ops/foreground.h"
#include "scripts/ops/history.h"
#include "scripts/ops/verdict.h"
#include "shared/base/ids.h"
#include "shared/base/result.h"

namespace quorate::ops {

base::Result<FinalState> ReadFinalState(Foreground& foreground, const base::Endpoint& primary,
                                        const History& history);
base::Status RemoveWrites(Foreground& foreground, const base::Endpoint& primary,
                          const History& history);

}  // namespace quorate::ops
