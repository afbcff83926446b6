// YAML configuration: directives at the top level, or one level deeper under the map of their
// group; lists for several words or several lines. Anchors, aliases, tags, second documents and
// duplicate keys are refused.
//
//   port: 6379                     network:                      client-output-buffer-limit:
//   bind: [127.0.0.1, "::1"]         port: 6379                    - normal 0 0 0
//   requirepass: "two words"         bind: 127.0.0.1 ::1           - [replica, 256mb, 64mb, 60]
#pragma once

#include <string>
#include <string_view>

#include "shared/config/catalog.h"
#include "shared/config/entry.h"

namespace quorate::config {

// Never throws. The catalog decides between a list of words and a list of lines, and which maps are
// groups.
Parsed ParseYaml(std::string_view text, const std::string& file, const Catalog& catalog);

// ".yaml" or ".yml".
bool IsYamlPath(std::string_view path);

}  // namespace quorate::config
