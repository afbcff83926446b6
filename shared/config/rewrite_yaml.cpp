#include <algorithm>
#include <map>

#include "shared/config/parser_yaml.h"
#include "shared/config/rewrite.h"
#include "shared/config/words.h"
#include "shared/config/yaml_tree.h"

namespace quorate::config {

namespace {

// Where a directive stands in the old file: its lines [begin, end), from 0.
struct Place {
  size_t begin = 0;
  size_t end = 0;
  size_t indent = 0;
  std::string key;           // as written
  std::vector<Args> values;  // as loaded
  bool one_line_scalar = false;
  bool editable = true;  // false: inside {...}, or a key that shares its line
};

// Without the '\r' that some editors leave.
std::vector<std::string> SplitYamlLines(std::string_view text) {
  std::vector<std::string> lines = SplitLines(text);
  for (std::string& line : lines)
    if (line.ends_with('\r')) line.pop_back();
  return lines;
}

size_t IndentOf(std::string_view line) {
  return std::min(line.find_first_not_of(' '), line.size());
}
bool IsBlankOrComment(std::string_view line) {
  const size_t indent = line.find_first_not_of(" \t");
  return indent == std::string_view::npos || line[indent] == '#';
}

// The line after the last one that belongs to the value of the key at lines[begin]: what is
// indented deeper, or a list item at the same indentation. Comments and blanks behind the value
// belong to what follows.
size_t EndOfValue(const std::vector<std::string>& lines, size_t begin) {
  const size_t indent = IndentOf(lines[begin]);
  size_t end = begin + 1;
  for (size_t i = begin + 1; i < lines.size(); ++i) {
    if (IsBlankOrComment(lines[i])) continue;
    const size_t deeper = IndentOf(lines[i]);
    if (deeper < indent || (deeper == indent && lines[i][deeper] != '-')) break;
    end = i + 1;
  }
  return end;
}

// The comment behind a scalar that ends its line, with the blanks before it.
std::string TrailingComment(std::string_view line) {
  char quote = 0;
  for (size_t i = 0; i < line.size(); ++i) {
    const char c = line[i];
    if (quote == '"' && c == '\\') {
      ++i;
    } else if (quote != 0) {
      if (c == quote) quote = 0;
    } else if ((c == '"' || c == '\'') && i > 0 && line[i - 1] == ' ') {
      quote = c;
    } else if (c == '#' && i > 0 && (line[i - 1] == ' ' || line[i - 1] == '\t')) {
      const size_t text_end = line.find_last_not_of(" \t", i - 1);
      return std::string(line.substr(text_end + 1));
    }
  }
  return {};
}

base::Result<std::string> FlowList(const Args& words) {
  std::string list = "[";
  for (const std::string& word : words) {
    const base::Result<std::string> scalar = WriteYamlScalar(word);
    if (!scalar) return scalar.error();
    list += (list.size() > 1 ? ", " : "") + *scalar;
  }
  return list + "]";
}

// `key: value` as lines without indentation.
base::Result<std::vector<std::string>> RenderValue(const std::string& key, Shape shape,
                                                   const std::vector<Args>& values) {
  if (shape == Shape::kSingle) {
    const base::Result<std::string> scalar = WriteYamlScalar(values[0][0]);
    if (!scalar) return base::Error{"'" + key + "': " + scalar.error().message};
    return std::vector<std::string>{key + ": " + *scalar};
  }
  std::vector<std::string> lines;
  if (shape == Shape::kRepeated) lines.push_back(key + ":");
  for (const Args& words : values) {
    const base::Result<std::string> list = FlowList(words);
    if (!list) return base::Error{"'" + key + "': " + list.error().message};
    lines.push_back(shape == Shape::kRepeated ? "  - " + *list : key + ": " + *list);
  }
  return lines;
}

class YamlEditor {
 public:
  YamlEditor(std::string_view text, const Binding& settings)
      : lines_(SplitYamlLines(text)), settings_(settings) {}

  base::Result<std::string> Rewrite(std::string_view old_text) {
    const Parsed parsed = ParseYaml(old_text, "", settings_.catalog());
    if (parsed.problem)
      return base::Error{"line " + std::to_string(parsed.problem->line) + ": " +
                         parsed.problem->reason};
    const YamlDocument document = ReadYaml(old_text);
    if (document.root.kind == YamlNode::Kind::kMap) FindPlaces(document.root, true);
    for (const Entry& entry : parsed.entries)
      if (const auto index = settings_.catalog().Find(entry.name))
        places_[*index].values.push_back(entry.args);
    for (size_t i = 0; i < settings_.all().size(); ++i)
      if (const base::Status edited = Edit(i); !edited) return edited.error();
    return Text();
  }

 private:
  void FindPlaces(const YamlNode& map, bool top) {
    for (size_t i = 0; i < map.items.size(); i += 2) {
      const YamlNode& key = map.items[i];
      const YamlNode& value = map.items[i + 1];
      const std::optional<size_t> index = settings_.catalog().Find(key.text);
      if (!index) {
        if (top && value.kind == YamlNode::Kind::kMap) FindPlaces(value, false);
        continue;
      }
      Place& place = places_[*index];
      place.key = key.text;
      place.begin = static_cast<size_t>(key.line - 1);
      place.editable = !map.flow && place.begin < lines_.size() &&
                       IndentOf(lines_[place.begin]) == static_cast<size_t>(key.column);
      if (!place.editable) continue;
      place.indent = static_cast<size_t>(key.column);
      place.end = EndOfValue(lines_, place.begin);
      place.one_line_scalar = value.kind == YamlNode::Kind::kScalar && value.line == key.line &&
                              place.end == place.begin + 1;
    }
  }

  base::Status Edit(size_t index) {
    const BoundDirective& directive = settings_.all()[index];
    const Shape shape = directive.info->shape;
    std::vector<Args> wanted = directive.lines();
    const auto place = places_.find(index);
    if (place == places_.end()) {
      const std::vector<Args> forced = Forced(wanted, *directive.default_lines);
      return forced.empty() ? base::Status() : Append(directive.info->name, shape, forced);
    }
    const std::vector<Args>& written = place->second.values;
    if (shape == Shape::kRepeated) {
      if (SaysAll(written, wanted, *directive.default_lines)) return {};
    } else if (written == wanted) {
      return {};
    }
    if (!place->second.editable)
      return base::Error{"'" + place->second.key +
                         "' stands inside {...}: write it on a line of its own"};
    return Replace(place->second, shape, wanted);
  }

  // The lines of a directive that its default does not say already.
  static std::vector<Args> Forced(const std::vector<Args>& wanted,
                                  const std::vector<Args>& defaults) {
    std::vector<Args> forced;
    for (size_t i = 0; i < wanted.size(); ++i)
      if (i >= defaults.size() || wanted[i] != defaults[i]) forced.push_back(wanted[i]);
    return forced;
  }
  static bool SaysAll(const std::vector<Args>& written, const std::vector<Args>& wanted,
                      const std::vector<Args>& defaults) {
    const auto contains = [](const std::vector<Args>& in, const Args& args) {
      return std::find(in.begin(), in.end(), args) != in.end();
    };
    for (const Args& args : written)
      if (!contains(wanted, args)) return false;
    for (const Args& args : Forced(wanted, defaults))
      if (!contains(written, args)) return false;
    return true;
  }

  base::Status Replace(const Place& place, Shape shape, const std::vector<Args>& wanted) {
    std::vector<std::string> rendered;
    if (!wanted.empty()) {
      base::Result<std::vector<std::string>> value = RenderValue(place.key, shape, wanted);
      if (!value) return value.error();
      rendered = std::move(*value);
    }
    for (std::string& line : rendered) line.insert(0, place.indent, ' ');
    if (place.one_line_scalar && rendered.size() == 1)
      rendered[0] += TrailingComment(lines_[place.begin]);
    replaced_[place.begin] = {place.end, std::move(rendered)};
    return {};
  }

  base::Status Append(const std::string& name, Shape shape, const std::vector<Args>& values) {
    base::Result<std::vector<std::string>> rendered = RenderValue(name, shape, values);
    if (!rendered) return rendered.error();
    appended_.insert(appended_.end(), rendered->begin(), rendered->end());
    return {};
  }

  std::string Text() const {
    std::string text;
    for (size_t i = 0; i < lines_.size();) {
      const auto replaced = replaced_.find(i);
      if (replaced == replaced_.end()) {
        text += lines_[i++] + "\n";
        continue;
      }
      for (const std::string& line : replaced->second.lines) text += line + "\n";
      i = replaced->second.end;
    }
    if (appended_.empty()) return text;
    if (std::find(lines_.begin(), lines_.end(), kRewriteSignature) == lines_.end()) {
      if (!lines_.empty() && !lines_.back().empty()) text += "\n";
      text.append(kRewriteSignature).append("\n");
    }
    for (const std::string& line : appended_) text += line + "\n";
    return text;
  }

  struct Replacement {
    size_t end = 0;
    std::vector<std::string> lines;
  };

  std::vector<std::string> lines_;
  const Binding& settings_;
  std::map<size_t, Place> places_;
  std::map<size_t, Replacement> replaced_;
  std::vector<std::string> appended_;
};

// Whether `text` loads to what the settings say, judged by the last word of every directive.
bool LoadsToSame(const std::string& text, const Binding& settings) {
  const Parsed parsed = ParseYaml(text, "", settings.catalog());
  if (parsed.problem) return false;
  std::map<size_t, std::vector<Args>> written;
  for (const Entry& entry : parsed.entries)
    if (const auto index = settings.catalog().Find(entry.name))
      written[*index].push_back(entry.args);
  for (size_t i = 0; i < settings.all().size(); ++i) {
    const BoundDirective& directive = settings.all()[i];
    const std::vector<Args> wanted = directive.lines();
    const auto found = written.find(i);
    if (found == written.end()) {
      if (wanted != *directive.default_lines) return false;
    } else if (directive.info->shape != Shape::kRepeated && found->second != wanted) {
      return false;
    }
  }
  return true;
}

}  // namespace

base::Result<std::string> RewriteYaml(std::string_view old_text, const Binding& settings) {
  base::Result<std::string> text = YamlEditor(old_text, settings).Rewrite(old_text);
  if (text && !LoadsToSame(*text, settings))
    return base::Error{"the layout of the YAML file cannot be rewritten safely"};
  return text;
}

}  // namespace quorate::config
