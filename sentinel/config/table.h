// The sentinel's generic directives: a row for each member of ProcessSettings. The `sentinel ...`
// lines are statements.h's.
#pragma once

#include "sentinel/config/process_settings.h"
#include "shared/config/directive.h"
#include "shared/config/values.h"

namespace quorate::sentinel::config {

using ProcessTable = quorate::config::Table<ProcessSettings>;

ProcessTable MakeDirectiveTable();
// The same, built at first use and once for the process: immutable.
const ProcessTable& Directives();

// debug, verbose, notice, warning, nothing: also for SENTINEL CONFIG GET and SET loglevel.
quorate::config::Codec<LogLevel> LogLevelCodec();

}  // namespace quorate::sentinel::config
