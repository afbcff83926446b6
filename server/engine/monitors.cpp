#include "server/engine/monitors.h"

#include "server/engine/session.h"
#include "shared/base/quoted.h"

namespace quorate::server::engine {

std::string DescribeForMonitors(int64_t unix_micros, const Session& source,
                                std::string_view unix_path,
                                std::span<const std::string_view> args) {
  constexpr int64_t kMicros = 1'000'000;
  const std::string fraction = std::to_string(unix_micros % kMicros);
  std::string line = std::to_string(unix_micros / kMicros);
  line.append(".").append(6 - fraction.size(), '0').append(fraction);
  line.append(" [").append(std::to_string(source.db)).append(" ");
  if (source.unix_socket) {
    line.append("unix:").append(unix_path);
  } else {
    line.append(source.peer.ToString());
  }
  line += ']';
  for (const std::string_view word : args) {
    line += ' ';
    base::AppendQuoted(line, word);
  }
  return line;
}

}  // namespace quorate::server::engine
