// The two parts of a sentinel's YAML that are no directives: `sentinel:`, a map of process-wide
// options, and `groups:`, the list of what is monitored. They become the same statements as the
// lines of Redis' syntax (statements.h).
//
//   sentinel:                      groups:
//     announce-ip: 10.0.0.1          - name: mymaster
//                                      primary: 127.0.0.1:6379
//                                      quorum: 2
//                                      down-after-milliseconds: 1000
//                                      rename-commands: {CONFIG: secret}
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "shared/config/entry.h"
#include "shared/config/parser_yaml.h"

namespace quorate::sentinel::config {

inline constexpr std::string_view kYamlSections[] = {"sentinel", "groups"};

// `text` and `file` are for messages. Groups that do not say otherwise get `failure-detection
// fast`.
quorate::config::Parsed ReadYamlSections(std::span<const quorate::config::YamlSection> sections,
                                         std::string_view text, const std::string& file);

}  // namespace quorate::sentinel::config
