// Redis' glob patterns: '*', '?', '[a-z]', '[^...]', '\' escapes. Linear memory, no recursion: at
// most pattern.size() * text.size() steps whatever the pattern.
#pragma once

#include <string_view>

namespace quorate::base {

bool GlobMatch(std::string_view pattern, std::string_view text, bool ignore_case = false);

}  // namespace quorate::base
