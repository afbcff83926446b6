#include "replication/core/wire.h"

namespace quorate::replication::core {

std::string EncodeCommand(std::span<const std::string_view> args) {
  std::string out = "*" + std::to_string(args.size()) + "\r\n";
  for (const std::string_view arg : args) {
    out.append("$").append(std::to_string(arg.size())).append("\r\n");
    out.append(arg).append("\r\n");
  }
  return out;
}

}  // namespace quorate::replication::core
