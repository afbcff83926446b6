// Error texts that only a sentinel answers; the others are resp::errors.
#pragma once

#include <string_view>

namespace quorate::sentinel::commands {

inline constexpr std::string_view kNoSuchMaster = "ERR No such master with that name";
inline constexpr std::string_view kOnlyHello =
    "ERR Only HELLO messages are accepted by Sentinel instances.";

}  // namespace quorate::sentinel::commands
