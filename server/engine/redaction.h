// What SLOWLOG and MONITOR may show of a request: the words that are passwords are replaced, as
// Redis does it (AUTH, HELLO's AUTH, and CONFIG SET of a directive that holds a secret).
#pragma once

#include <span>
#include <string_view>
#include <vector>

#include "server/engine/command_table.h"
#include "shared/config/catalog.h"

namespace quorate::server::engine {

inline constexpr std::string_view kRedacted = "(redacted)";

// `args` itself, or a copy in `scratch`: valid as long as both are.
std::span<const std::string_view> Redacted(const Command& command,
                                           std::span<const std::string_view> args,
                                           const quorate::config::Catalog& directives,
                                           std::vector<std::string_view>& scratch);

}  // namespace quorate::server::engine
