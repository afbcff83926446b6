// YAML configuration: directives at the top level, or one level deeper under the map of their
// group; lists for several words or several lines. Anchors, aliases, tags, second documents and
// duplicate keys are refused.
//
//   port: 6379                     network:                      client-output-buffer-limit:
//   bind: [127.0.0.1, "::1"]         port: 6379                    - normal 0 0 0
//   requirepass: "two words"         bind: 127.0.0.1 ::1           - [replica, 256mb, 64mb, 60]
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "shared/config/catalog.h"
#include "shared/config/entry.h"
#include "shared/config/yaml_tree.h"

namespace quorate::config {

// Never throws. The catalog decides between a list of words and a list of lines, and which maps are
// groups.
Parsed ParseYaml(std::string_view text, const std::string& file, const Catalog& catalog);

// A top-level key whose value the daemon reads itself: a list of things, not a directive.
struct YamlSection {
  std::string key;
  YamlNode value;
};
// The same, where the top-level keys named in `sections` are put aside, in order, instead.
Parsed ParseYaml(std::string_view text, const std::string& file, const Catalog& catalog,
                 std::span<const std::string_view> sections, std::vector<YamlSection>& found);

// The line as it is written in `text`, without indentation; for messages about a node.
std::string_view YamlLine(std::string_view text, int line);

// ".yaml" or ".yml".
bool IsYamlPath(std::string_view path);

}  // namespace quorate::config
