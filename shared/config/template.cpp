#include "shared/config/template.h"

#include "shared/config/words.h"
#include "shared/config/yaml_tree.h"

namespace quorate::config {

namespace {

constexpr size_t kColumns = 100;

// `text` as comment lines, broken at blanks.
std::string Comment(std::string_view text, const std::string& indent) {
  std::string out;
  while (!text.empty()) {
    const size_t newline = text.find('\n');
    std::string_view paragraph = text.substr(0, newline);
    text.remove_prefix(newline == std::string_view::npos ? text.size() : newline + 1);
    const size_t room = kColumns - indent.size() - 2;
    do {
      size_t length = paragraph.size();
      if (length > room) {
        length = paragraph.rfind(' ', room);
        if (length == std::string_view::npos) length = paragraph.size();
      }
      out +=
          indent + "#" + (length == 0 ? "" : " ") + std::string(paragraph.substr(0, length)) + "\n";
      paragraph.remove_prefix(std::min(length + 1, paragraph.size()));
    } while (!paragraph.empty());
  }
  return out;
}

std::string Prose(const DirectiveInfo& info, const std::string& indent) {
  std::string text = info.doc + " Values: " + info.values + ".";
  if (info.immutable) text += " Only at start-up.";
  return Comment(text, indent);
}

std::string RedisLines(const BoundDirective& directive) {
  const DirectiveInfo& info = *directive.info;
  const std::vector<Args> lines = directive.lines();
  if (lines.empty()) return "# " + info.name + " <" + info.values + ">\n";
  std::string text;
  for (const Args& args : lines) {
    text += info.name;
    for (const std::string& arg : args) text += " " + QuoteWordIfNeeded(arg);
    text += "\n";
  }
  return text;
}

std::string YamlWord(const std::string& word) {
  base::Result<std::string> scalar = WriteYamlScalar(word);
  return scalar ? std::move(*scalar) : QuoteWord(word);
}

std::string YamlList(const Args& words) {
  std::string list;
  for (const std::string& word : words) list += (list.empty() ? "" : ", ") + YamlWord(word);
  return "[" + list + "]";
}

std::string YamlLines(const BoundDirective& directive) {
  const DirectiveInfo& info = *directive.info;
  const std::vector<Args> lines = directive.lines();
  if (lines.empty()) return "  # " + info.name + ": <" + info.values + ">\n";
  const std::string key = "  " + info.name + ":";
  if (info.shape == Shape::kSingle) return key + " " + YamlWord(lines[0][0]) + "\n";
  if (info.shape == Shape::kWords) return key + " " + YamlList(lines[0]) + "\n";
  std::string text = key + "\n";
  for (const Args& args : lines) text += "    - " + YamlList(args) + "\n";
  return text;
}

}  // namespace

std::string RenderRedisTemplate(std::string_view title, const Binding& settings) {
  std::string text = Comment(title, "");
  std::string group;
  for (const BoundDirective& directive : settings.all()) {
    const DirectiveInfo& info = *directive.info;
    if (!info.in_template) continue;
    if (info.group != group) {
      group = info.group;
      text += "\n##### " + group + " #####\n";
    }
    text += "\n" + Prose(info, "") + RedisLines(directive);
  }
  return text;
}

std::string RenderYamlTemplate(std::string_view title, const Binding& settings) {
  std::string text = Comment(title, "");
  std::string group;
  for (const BoundDirective& directive : settings.all()) {
    const DirectiveInfo& info = *directive.info;
    if (!info.in_template) continue;
    if (info.group != group) {
      group = info.group;
      text += "\n" + group + ":\n";
    } else {
      text += "\n";
    }
    text += Prose(info, "  ") + YamlLines(directive);
  }
  return text;
}

}  // namespace quorate::config
