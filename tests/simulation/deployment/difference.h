// Where two datasets differ, found by looking: in a swarm the digests of DEBUG DIGEST would cost
// more than everything else at a run's end, and would not name the key.
#pragma once

#include <optional>
#include <string>

#include "server/store/databases.h"

namespace quorate::simulation {

// The first key whose value or expiry is not the same in both, in words; nothing: they are equal.
std::optional<std::string> FindDifference(const server::store::Databases& one,
                                          const server::store::Databases& other);

}  // namespace quorate::simulation
