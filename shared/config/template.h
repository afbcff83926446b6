// The commented configuration files that ship in configs/: every directive with its sentence, its
// values and its default. Generated from the table so that they cannot go stale.
#pragma once

#include <string>
#include <string_view>

#include "shared/config/directive.h"

namespace quorate::config {

// `title` becomes the opening comment (may have several lines). Settings at their defaults are
// written out, so the file loads to exactly what it shows.
std::string RenderRedisTemplate(std::string_view title, const Binding& settings);
std::string RenderYamlTemplate(std::string_view title, const Binding& settings);

}  // namespace quorate::config
