// A command as the replication links carry it.
#pragma once

#include <initializer_list>
#include <span>
#include <string>
#include <string_view>

namespace quorate::replication::core {

// What stands before and after the commands of a transaction.
inline constexpr std::string_view kMultiCommand = "*1\r\n$5\r\nMULTI\r\n";
inline constexpr std::string_view kExecCommand = "*1\r\n$4\r\nEXEC\r\n";

// A RESP array of bulk strings.
std::string EncodeCommand(std::span<const std::string_view> args);
inline std::string EncodeCommand(std::initializer_list<std::string_view> args) {
  return EncodeCommand(std::span(args.begin(), args.size()));
}

}  // namespace quorate::replication::core
