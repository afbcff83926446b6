// A command as the replication links carry it.
#pragma once

#include <initializer_list>
#include <string>
#include <string_view>

namespace quorate::replication::core {

// A RESP array of bulk strings.
std::string EncodeCommand(std::initializer_list<std::string_view> args);

}  // namespace quorate::replication::core
