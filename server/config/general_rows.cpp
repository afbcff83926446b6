#include "server/config/table.h"
#include "shared/config/process_rows.h"

#include <algorithm>

namespace quorate::server::config {

using quorate::config::Choice;
using quorate::config::Codec;
using quorate::config::Integer;
using quorate::config::Join;
using quorate::config::kIntMax;
using quorate::config::Text;
using quorate::config::Value;
using quorate::config::YesNo;
using S = ServerSettings;

namespace {

// Like Redis, takes any frequency and brings it into the range that makes sense.
Codec<int> Frequency() {
  static constexpr int kLeast = 1;
  static constexpr int kMost = 500;
  Codec<int> codec = Integer<int>(0, kIntMax);
  codec.parse = [any = codec.parse](std::string_view text) -> base::Result<int> {
    const base::Result<int> value = any(text);
    if (!value) return value.error();
    return std::clamp(*value, kLeast, kMost);
  };
  codec.values = "a number from 1 to 500";
  return codec;
}

}  // namespace

std::vector<ServerRow> GeneralRows() {
  return Join(
      {Value("databases", &S::databases, Integer<int>(1, kIntMax),
             "Number of databases, chosen by SELECT.")
           .Immutable(),
       Value("loglevel", &S::loglevel,
             Choice<LogLevel>({{"debug", LogLevel::kDebug},
                               {"verbose", LogLevel::kVerbose},
                               {"notice", LogLevel::kNotice},
                               {"warning", LogLevel::kWarning}}),
             "The least severe messages that are logged.")},
      Join(quorate::config::ProcessRows<S>(),
           {
               Value("dir", &S::dir, Text(),
                     "Working directory: data files and relative paths live here.")
                   .Protected()
                   .RefusedWhileLoading(),
               Value("hz", &S::hz, Frequency(), "How many times a second background work runs."),
               Value("active-expire-effort", &S::active_expire_effort, Integer<int>(1, 10),
                     "How hard to look for expired keys that nobody touches."),
               Value("shutdown-timeout", &S::shutdown_timeout,
                     Integer<std::chrono::seconds>(0, kIntMax),
                     "Seconds that a shutdown waits for replicas to catch up."),
           }));
}

}  // namespace quorate::server::config
