// The file in which a server keeps the sentinels' last word to it (server/engine/fencing.h), so
// that it waits with writes when it is started again until they confirm its role:
//   <epoch> <role> <electorate>\n
// The role is Fencing::RoleName. Files of an earlier form have no electorate, and no space before
// the line end: it is 0 then.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "server/engine/fencing.h"

namespace quorate::server::persistence {

std::string FormatWord(const engine::Fencing::Word& word);
// Absent: not exactly what FormatWord, now or earlier, has written.
std::optional<engine::Fencing::Word> ParseWord(std::string_view text);

}  // namespace quorate::server::persistence
