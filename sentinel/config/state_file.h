// The state file that stands beside a YAML configuration: what the sentinel has learned and what
// was changed at run time, as JSON, with a last line that holds a checksum of all before it. Bytes
// that are not UTF-8 (of a password, say) are kept in hexadecimal. The operator's YAML itself is
// never written.
//
// The file also remembers what the YAML said when it was last read, so that at start-up an edit of
// the YAML can be told from a change at run time (Merge): what the operator has edited since wins,
// everything else goes on as it was.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "sentinel/config/statements.h"
#include "shared/base/log_level.h"
#include "shared/base/result.h"

namespace quorate::sentinel::config {

// The one directive of the process that can be changed at run time.
struct LogLevels {
  base::LogLevel current{};
  base::LogLevel configured{};
};

struct StateFile {
  Statements current;
  Statements configured;                               // as the YAML said it
  std::optional<LogLevels> log_levels = std::nullopt;  // older files have none
};

std::string WriteStateFile(const StateFile& state);
// Error: torn, damaged or of an unknown format; for the operator.
base::Result<StateFile> ReadStateFile(std::string_view text);

// What to run with: `yaml` as it is now, and the state that the last run left.
Statements Merge(const Statements& yaml, const StateFile& last);
base::LogLevel MergeLogLevel(base::LogLevel yaml, const StateFile& last);

}  // namespace quorate::sentinel::config
