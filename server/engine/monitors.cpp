#include "server/engine/monitors.h"

#include "server/engine/session.h"

namespace quorate::server::engine {

namespace {

// The letter that follows a backslash for this byte; 0 if it has none.
char EscapeLetter(char c) {
  switch (c) {
    case '"':
    case '\\':
      return c;
    case '\n':
      return 'n';
    case '\r':
      return 'r';
    case '\t':
      return 't';
    case '\a':
      return 'a';
    case '\b':
      return 'b';
    default:
      return 0;
  }
}

void AppendQuoted(std::string_view word, std::string& out) {
  constexpr std::string_view kHex = "0123456789abcdef";
  out += '"';
  for (const char c : word) {
    const auto byte = static_cast<unsigned char>(c);
    if (const char letter = EscapeLetter(c); letter != 0) {
      out += '\\';
      out += letter;
    } else if (byte < 0x20 || byte >= 0x7f) {
      out += "\\x";
      out += kHex[byte >> 4];
      out += kHex[byte & 15];
    } else {
      out += c;
    }
  }
  out += '"';
}

}  // namespace

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
    AppendQuoted(word, line);
  }
  return line;
}

}  // namespace quorate::server::engine
