#include "shared/config/yaml_tree.h"

#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/mark.h>
#include <yaml-cpp/parser.h>

#include <array>
#include <cstdint>
#include <sstream>

#include "shared/base/hex.h"
#include "shared/base/numbers.h"

namespace quorate::config {

namespace {

// Thrown and caught in this file only, because a handler cannot stop yaml-cpp otherwise.
struct Refused {
  YamlProblem problem;
};

class TreeBuilder : public YAML::EventHandler {
 public:
  YamlNode Take() && { return std::move(root_); }

  void OnDocumentStart(const YAML::Mark&) override {}
  void OnDocumentEnd() override {}
  void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    Check(mark, anchor, {});
    YamlNode node = At(mark);
    node.plain = true;
    Add(std::move(node));
  }
  void OnAlias(const YAML::Mark& mark, YAML::anchor_t) override {
    Refuse(mark, "YAML aliases are not supported");
  }
  void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                const std::string& value) override {
    Check(mark, anchor, tag);
    YamlNode node = At(mark);
    node.kind = YamlNode::Kind::kScalar;
    node.text = value;
    node.plain = tag == "?";
    Add(std::move(node));
  }
  void OnSequenceStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                       YAML::EmitterStyle::value style) override {
    Open(YamlNode::Kind::kList, mark, tag, anchor, style);
  }
  void OnSequenceEnd() override { Close(); }
  void OnMapStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                  YAML::EmitterStyle::value style) override {
    Open(YamlNode::Kind::kMap, mark, tag, anchor, style);
  }
  void OnMapEnd() override {
    CheckKeys(open_.back());
    Close();
  }

 private:
  [[noreturn]] static void Refuse(const YAML::Mark& mark, std::string reason) {
    throw Refused{{mark.line + 1, std::move(reason)}};
  }
  // yaml-cpp names untagged nodes "?" (plain) and "!" (quoted scalar).
  static void Check(const YAML::Mark& mark, YAML::anchor_t anchor, const std::string& tag) {
    if (anchor != 0) Refuse(mark, "YAML anchors are not supported");
    if (!tag.empty() && tag != "?" && tag != "!") Refuse(mark, "YAML tags are not supported");
  }
  static void CheckKeys(const YamlNode& map) {
    for (size_t i = 0; i < map.items.size(); i += 2) {
      const YamlNode& key = map.items[i];
      if (key.kind != YamlNode::Kind::kScalar)
        throw Refused{{key.line, "a key must be a plain word"}};
      for (size_t j = 0; j < i; j += 2)
        if (base::EqualsIgnoreCase(map.items[j].text, key.text))
          throw Refused{{key.line, "duplicate key '" + key.text + "', first given at line " +
                                       std::to_string(map.items[j].line)}};
    }
  }
  static YamlNode At(const YAML::Mark& mark) {
    YamlNode node;
    node.line = mark.line + 1;
    node.column = mark.column;
    return node;
  }
  void Open(YamlNode::Kind kind, const YAML::Mark& mark, const std::string& tag,
            YAML::anchor_t anchor, YAML::EmitterStyle::value style) {
    Check(mark, anchor, tag);
    YamlNode node = At(mark);
    node.kind = kind;
    node.flow = style == YAML::EmitterStyle::Flow;
    open_.push_back(std::move(node));
  }
  void Close() {
    YamlNode node = std::move(open_.back());
    open_.pop_back();
    Add(std::move(node));
  }
  void Add(YamlNode node) {
    if (open_.empty()) {
      root_ = std::move(node);
    } else {
      open_.back().items.push_back(std::move(node));
    }
  }

  YamlNode root_;
  std::vector<YamlNode> open_;
};

// The code point at the front of `text`, and its length in bytes; length 0 if it is not valid
// UTF-8.
std::pair<uint32_t, size_t> DecodeUtf8(std::string_view text) {
  const auto byte = [text](size_t i) { return static_cast<uint8_t>(text[i]); };
  const uint8_t lead = byte(0);
  if (lead < 0x80) return {lead, 1};
  const size_t length = lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : 2;
  static constexpr std::array<uint32_t, 5> kLeast = {0, 0, 0x80, 0x800, 0x10000};
  if (lead < 0xc2 || lead > 0xf4 || text.size() < length) return {0, 0};
  uint32_t point = lead & (0x7fU >> length);
  for (size_t i = 1; i < length; ++i) {
    if ((byte(i) & 0xc0) != 0x80) return {0, 0};
    point = (point << 6) | (byte(i) & 0x3fU);
  }
  const bool surrogate = point >= 0xd800 && point <= 0xdfff;
  if (point < kLeast[length] || point > 0x10ffff || surrogate) return {0, 0};
  return {point, length};
}

bool IsPlainSafe(std::string_view text) {
  if (text.empty() || text.size() > 200) return false;
  for (const char* word : {"null", "true", "false"})
    if (base::EqualsIgnoreCase(text, word)) return false;
  const auto alphanumeric = [](char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
  };
  if (!alphanumeric(text[0]) && text[0] != '/') return false;
  for (const char c : text)
    if (!alphanumeric(c) && std::string_view("_./+-").find(c) == std::string_view::npos)
      return false;
  return true;
}

// Printable in YAML, and not a character that yaml-cpp treats specially.
bool IsPrintable(uint32_t point) {
  if (point < 0x20 || (point >= 0x7f && point < 0xa0)) return false;
  return point != 0x2028 && point != 0x2029 && point != 0xfeff && point != 0xfffe &&
         point != 0xffff;
}

std::string Escape(uint32_t point) {
  std::string escaped = point < 0x100 ? "\\x" : "\\u";
  if (point >= 0x100) base::AppendHex(escaped, static_cast<unsigned char>(point >> 8));
  base::AppendHex(escaped, static_cast<unsigned char>(point));
  return escaped;
}

}  // namespace

YamlDocument ReadYaml(std::string_view text) {
  YamlDocument document;
  if (text.size() > kMaxYamlBytes) {
    document.problem = YamlProblem{0, "the file is larger than 1 MiB"};
    return document;
  }
  try {
    std::istringstream stream{std::string(text)};
    YAML::Parser parser(stream);
    TreeBuilder builder;
    parser.HandleNextDocument(builder);
    document.root = std::move(builder).Take();
    TreeBuilder second;
    if (parser.HandleNextDocument(second))
      document.problem = YamlProblem{0, "more than one YAML document"};
  } catch (const Refused& refused) {
    document.problem = refused.problem;
  } catch (const YAML::Exception& error) {
    document.problem =
        YamlProblem{error.mark.is_null() ? 0 : error.mark.line + 1, "not valid YAML: " + error.msg};
  } catch (const std::exception& error) {
    document.problem = YamlProblem{0, std::string("not valid YAML: ") + error.what()};
  }
  return document;
}

base::Result<std::string> WriteYamlScalar(std::string_view text) {
  if (IsPlainSafe(text)) return std::string(text);
  std::string quoted = "\"";
  while (!text.empty()) {
    const auto [point, length] = DecodeUtf8(text);
    if (length == 0) return base::Error{"the value is not UTF-8 and cannot be written in YAML"};
    if (point == '"' || point == '\\') {
      quoted += {'\\', static_cast<char>(point)};
    } else if (point == '\n') {
      quoted += "\\n";
    } else if (point == '\t') {
      quoted += "\\t";
    } else if (IsPrintable(point)) {
      quoted += text.substr(0, length);
    } else {
      quoted += Escape(point);
    }
    text.remove_prefix(length);
  }
  return quoted + '"';
}

}  // namespace quorate::config
