// A YAML document as a small tree with line numbers: scalars keep their text, nothing is resolved
// to booleans or numbers. Only what configuration needs: anchors, aliases, tags and second
// documents are refused. yaml-cpp stays in the .cpp.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "shared/base/result.h"

namespace quorate::config {

struct YamlNode {
  enum class Kind { kNull, kScalar, kList, kMap };
  Kind kind = Kind::kNull;
  std::string text;             // kScalar
  bool plain = false;           // kScalar: without quotes; kNull: always
  bool flow = false;            // kList, kMap: written with brackets
  int line = 0;                 // from 1
  int column = 0;               // from 0
  std::vector<YamlNode> items;  // kList: the items; kMap: key, value, key, value, ...
};

struct YamlProblem {
  int line = 0;
  std::string reason;
};

inline constexpr size_t kMaxYamlBytes = 1 << 20;

struct YamlDocument {
  YamlNode root;  // kNull for an empty document
  std::optional<YamlProblem> problem;
};
// Never throws. Duplicate keys of a map and keys that are not scalars are problems.
YamlDocument ReadYaml(std::string_view text);

// `text` as a YAML scalar that reads back as itself: plain where that is safe, else double-quoted
// with escapes. Error: it is not valid UTF-8.
base::Result<std::string> WriteYamlScalar(std::string_view text);

}  // namespace quorate::config
