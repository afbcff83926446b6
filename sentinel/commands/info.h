// INFO of a sentinel: the sections server, clients, cpu, stats and sentinel.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "sentinel/commands/host.h"

namespace quorate::sentinel::commands {

// The sections asked for, in Redis' order; none, "default", "all" and "everything" ask for all,
// unknown names for nothing.
std::string RenderInfo(const Host& host, std::span<const std::string_view> sections);

}  // namespace quorate::sentinel::commands
