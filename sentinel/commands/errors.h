// Error texts that only a sentinel answers; the others are resp::errors, and the core's.
#pragma once

#include <string_view>

namespace quorate::sentinel::commands {

inline constexpr std::string_view kOnlyHello =
    "ERR Only HELLO messages are accepted by Sentinel instances.";

}  // namespace quorate::sentinel::commands
