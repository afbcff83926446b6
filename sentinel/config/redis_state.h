// The durable state of a sentinel inside its own sentinel.conf, as Redis keeps it: written in
// place, comments and the places of lines kept. A comment line beside the state carries a checksum
// over the state lines, so that a torn or half-edited state is noticed; what Redis' format has no
// line for (votes of removed groups) is kept in comments too, and stock sentinels can read the file
// back.
#pragma once

#include <string>
#include <string_view>

#include "sentinel/core/durable.h"
#include "sentinel/core/settings.h"
#include "shared/base/result.h"

namespace quorate::sentinel::config {

// `text` changed as little as possible so that it says what `settings` and `durable` say.
std::string WriteRedisState(std::string_view text, const core::Settings& settings,
                            const core::DurableState& durable);

// Checks the checksum, if there is one, and reads what is kept in comments into `durable`. Error:
// for the operator.
base::Status ReadRedisState(std::string_view text, core::DurableState& durable);

}  // namespace quorate::sentinel::config
