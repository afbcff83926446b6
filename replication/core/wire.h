// A command as the replication links carry it.
#pragma once

#include <initializer_list>
#include <span>
#include <string>
#include <string_view>

namespace quorate::replication::core {

// A RESP array of bulk strings.
std::string EncodeCommand(std::span<const std::string_view> args);
inline std::string EncodeCommand(std::initializer_list<std::string_view> args) {
  return EncodeCommand(std::span(args.begin(), args.size()));
}

}  // namespace quorate::replication::core
