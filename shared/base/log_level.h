// How severe a log message is: what is configured (loglevel) and what the log compares.
#pragma once

namespace quorate::base {

// kNothing, as what is configured, logs nothing.
enum class LogLevel { kDebug, kVerbose, kNotice, kWarning, kNothing };

}  // namespace quorate::base
