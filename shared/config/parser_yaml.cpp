#include "shared/config/parser_yaml.h"

#include <algorithm>
#include <map>

#include "shared/base/numbers.h"
#include "shared/config/words.h"
#include "shared/config/yaml_tree.h"

namespace quorate::config {

namespace {

using Kind = YamlNode::Kind;

class Reader {
 public:
  Reader(std::string_view text, const std::string& file, const Catalog& catalog,
         std::span<const std::string_view> sections, std::vector<YamlSection>* found)
      : text_(text), file_(file), catalog_(catalog), sections_(sections), found_(found) {}

  Parsed Read() && {
    const YamlDocument document = ReadYaml(text_);
    if (document.problem) {
      Fail(document.problem->line, document.problem->reason);
    } else if (document.root.kind == Kind::kMap) {
      ReadMap(document.root, "");
    } else if (document.root.kind != Kind::kNull) {
      Fail(document.root.line, "a configuration is a map of directives");
    }
    return std::move(parsed_);
  }

 private:
  // Every Read* returns false once a problem was found.
  bool ReadMap(const YamlNode& map, const std::string& group) {
    for (size_t i = 0; i < map.items.size(); i += 2) {
      const YamlNode& key = map.items[i];
      const YamlNode& value = map.items[i + 1];
      if (group.empty() && std::ranges::count(sections_, key.text) != 0) {
        found_->push_back({key.text, value});
        continue;
      }
      const std::optional<size_t> index = catalog_.Find(key.text);
      if (!index && group.empty() && catalog_.IsGroup(key.text)) {
        if (value.kind == Kind::kNull) continue;
        if (value.kind != Kind::kMap)
          return Fail(key.line, "'" + key.text + "' is a map of directives");
        if (!ReadMap(value, key.text)) return false;
      } else if (!index) {
        return Fail(key.line, "Bad directive or wrong number of arguments");
      } else if (!ReadDirective(key, value, *index, group)) {
        return false;
      }
    }
    return true;
  }

  bool ReadDirective(const YamlNode& key, const YamlNode& value, size_t index,
                     const std::string& group) {
    if (const auto [first, added] = lines_.emplace(index, key.line); !added)
      return Fail(key.line,
                  "duplicate directive, first given at line " + std::to_string(first->second));
    const DirectiveInfo& info = catalog_.infos()[index];
    if (value.kind == Kind::kNull)
      return Fail(key.line, "'" + key.text + "' has no value (empty text is \"\")");
    if (value.kind == Kind::kMap) return Fail(key.line, "'" + key.text + "' takes no map");
    if (info.shape == Shape::kRepeated && value.kind == Kind::kList) {
      for (const YamlNode& item : value.items)
        if (!AddEntry(key, item, info, group)) return false;
      return true;
    }
    return AddEntry(key, value, info, group);
  }

  bool AddEntry(const YamlNode& key, const YamlNode& value, const DirectiveInfo& info,
                const std::string& group) {
    std::optional<Args> args;
    if (value.kind == Kind::kScalar) args = ScalarArgs(value, info);
    if (value.kind == Kind::kList) args = ListArgs(value);
    if (!args) return Fail(value.line, "'" + key.text + "' takes words only, with balanced quotes");
    parsed_.entries.push_back({.name = key.text,
                               .args = std::move(*args),
                               .group = group,
                               .origin = Origin::kYaml,
                               .file = file_,
                               .line = value.line,
                               .text = std::string(YamlLine(text_, value.line))});
    return true;
  }

  static std::optional<Args> ScalarArgs(const YamlNode& scalar, const DirectiveInfo& info) {
    if (info.shape != Shape::kSingle && !scalar.text.empty()) return SplitWords(scalar.text);
    if (info.yes_no && scalar.plain && base::EqualsIgnoreCase(scalar.text, "true"))
      return Args{"yes"};
    if (info.yes_no && scalar.plain && base::EqualsIgnoreCase(scalar.text, "false"))
      return Args{"no"};
    return Args{scalar.text};
  }
  static std::optional<Args> ListArgs(const YamlNode& list) {
    Args args;
    for (const YamlNode& item : list.items) {
      if (item.kind != Kind::kScalar) return std::nullopt;
      args.push_back(item.text);
    }
    return args;
  }

  bool Fail(int line, std::string reason) {
    parsed_.problem = Problem{.file = file_,
                              .line = line,
                              .text = line > 0 ? std::string(YamlLine(text_, line)) : "",
                              .reason = std::move(reason)};
    return false;
  }

  std::string_view text_;
  const std::string& file_;
  const Catalog& catalog_;
  std::span<const std::string_view> sections_;
  std::vector<YamlSection>* found_;
  std::map<size_t, int> lines_;  // directives met so far
  Parsed parsed_;
};

}  // namespace

Parsed ParseYaml(std::string_view text, const std::string& file, const Catalog& catalog) {
  return Reader(text, file, catalog, {}, nullptr).Read();
}

Parsed ParseYaml(std::string_view text, const std::string& file, const Catalog& catalog,
                 std::span<const std::string_view> sections, std::vector<YamlSection>& found) {
  return Reader(text, file, catalog, sections, &found).Read();
}

std::string_view YamlLine(std::string_view text, int line) {
  for (int i = 1; i < line && !text.empty(); ++i) {
    const size_t newline = text.find('\n');
    text.remove_prefix(newline == std::string_view::npos ? text.size() : newline + 1);
  }
  text = text.substr(0, text.find_first_of("\r\n"));
  const size_t begin = text.find_first_not_of(" \t");
  return begin == std::string_view::npos ? std::string_view() : text.substr(begin);
}

bool IsYamlPath(std::string_view path) { return path.ends_with(".yaml") || path.ends_with(".yml"); }

}  // namespace quorate::config
