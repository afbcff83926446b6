// An observation for people (a table, one process a line, and one line that says whether all is
// well) and for programs (JSON with a schema number).
#pragma once

#include <string>

#include "scripts/ops/observation.h"
#include "scripts/ops/topology.h"

namespace quorate::ops {

inline constexpr int kStatusSchema = 1;

std::string StatusTable(const Topology& topology, const Observation& observation);
std::string StatusJson(const Topology& topology, const Observation& observation);

}  // namespace quorate::ops
