#include "sentinel/config/yaml_groups.h"

#include <algorithm>
#include <optional>
#include <utility>
#include <vector>

#include "shared/base/numbers.h"

namespace quorate::sentinel::config {

namespace {

using quorate::config::Args;
using quorate::config::Parsed;
using quorate::config::YamlNode;
using quorate::config::YamlSection;
using Kind = YamlNode::Kind;

constexpr std::string_view kProcessOptions[] = {
    "announce-ip",       "announce-port",      "sentinel-user",         "sentinel-pass",
    "resolve-hostnames", "announce-hostnames", "deny-scripts-reconfig",
};
// Option of the YAML, and statement of Redis' syntax.
constexpr std::pair<std::string_view, std::string_view> kGroupOptions[] = {
    {"down-after-milliseconds", "down-after-milliseconds"},
    {"failover-timeout", "failover-timeout"},
    {"parallel-syncs", "parallel-syncs"},
    {"auth-user", "auth-user"},
    {"auth-pass", "auth-pass"},
    {"notification-script", "notification-script"},
    {"client-reconfig-script", "client-reconfig-script"},
    {"reboot-down-after-period", "master-reboot-down-after-period"},
    {"failure-detection", "failure-detection"},
    {"electorate", "electorate"},
    {"max-lag-on-failover", "max-lag-on-failover"},
    {"flap-limit", "flap-limit"},
    {"flap-window", "flap-window"},
    {"pre-failover-script", "pre-failover-script"},
    {"pre-failover-timeout", "pre-failover-timeout"},
    {"pre-failover-on-timeout", "pre-failover-on-timeout"},
};

constexpr std::string_view kYesNoOptions[] = {"resolve-hostnames", "announce-hostnames",
                                              "deny-scripts-reconfig"};

// YAML's words for yes and no; anything else, a password say, is what it says.
std::string ValueText(std::string_view option, const YamlNode& node) {
  if (std::ranges::count(kYesNoOptions, option) == 0) return node.text;
  if (node.plain && base::EqualsIgnoreCase(node.text, "true")) return "yes";
  if (node.plain && base::EqualsIgnoreCase(node.text, "false")) return "no";
  return node.text;
}

// "host:port", IPv6 literals bracketed.
std::optional<std::pair<std::string, std::string>> SplitAddress(const std::string& address) {
  const size_t colon = address.rfind(':');
  if (colon == std::string::npos) return std::nullopt;
  std::string host = address.substr(0, colon);
  if (host.size() > 2 && host.front() == '[' && host.back() == ']')
    host = host.substr(1, host.size() - 2);
  return std::pair(host, address.substr(colon + 1));
}

class Reader {
 public:
  Reader(std::string_view text, const std::string& file) : text_(text), file_(file) {}

  Parsed Read(std::span<const YamlSection> sections) && {
    for (const YamlSection& section : sections) {
      if (section.value.kind == Kind::kNull) continue;
      const bool read =
          section.key == "groups" ? ReadGroups(section.value) : ReadProcess(section.value);
      if (!read) break;
    }
    return std::move(parsed_);
  }

 private:
  // Every Read* returns false once a problem was found.
  bool ReadProcess(const YamlNode& map) {
    if (map.kind != Kind::kMap) return Fail(map, "'sentinel' is a map of options");
    for (size_t i = 0; i < map.items.size(); i += 2) {
      const YamlNode& key = map.items[i];
      const YamlNode& value = map.items[i + 1];
      if (std::ranges::count(kProcessOptions, key.text) == 0)
        return Fail(key, "unknown option '" + key.text + "'");
      if (!IsScalar(key, value)) return false;
      Add(value, {key.text, ValueText(key.text, value)});
    }
    return true;
  }

  bool ReadGroups(const YamlNode& list) {
    if (list.kind != Kind::kList) return Fail(list, "'groups' is a list, one item for each group");
    for (const YamlNode& group : list.items)
      if (!ReadGroup(group)) return false;
    return true;
  }

  bool ReadGroup(const YamlNode& map) {
    if (map.kind != Kind::kMap) return Fail(map, "a group is a map with name, primary and quorum");
    const YamlNode* name = nullptr;
    const YamlNode* primary = nullptr;
    const YamlNode* quorum = nullptr;
    const YamlNode* renamed = nullptr;
    std::vector<std::pair<std::string_view, const YamlNode*>> options;
    bool detection_given = false;
    for (size_t i = 0; i < map.items.size(); i += 2) {
      const YamlNode& key = map.items[i];
      const YamlNode& value = map.items[i + 1];
      if (key.text == "rename-commands") {
        renamed = &value;
        continue;
      }
      if (!IsScalar(key, value)) return false;
      const auto option = std::ranges::find(kGroupOptions, key.text,
                                            &std::pair<std::string_view, std::string_view>::first);
      if (key.text == "name") {
        name = &value;
      } else if (key.text == "primary") {
        primary = &value;
      } else if (key.text == "quorum") {
        quorum = &value;
      } else if (option != std::end(kGroupOptions)) {
        options.emplace_back(option->second, &value);
        detection_given |= option->second == "failure-detection";
      } else {
        return Fail(key, "unknown option '" + key.text + "' of a group");
      }
    }
    if (name == nullptr || primary == nullptr || quorum == nullptr)
      return Fail(map, "a group needs name, primary and quorum");
    const auto address = SplitAddress(primary->text);
    if (!address) return Fail(*primary, "'primary' is host:port");
    Add(*name, {"monitor", name->text, address->first, address->second, quorum->text});
    if (!detection_given) Add(*name, {"failure-detection", name->text, "fast"});
    for (const auto& [option, value] : options)
      Add(*value, {std::string(option), name->text, value->text});
    return renamed == nullptr || ReadRenamed(name->text, *renamed);
  }

  bool ReadRenamed(const std::string& group, const YamlNode& map) {
    if (map.kind != Kind::kMap)
      return Fail(map, "'rename-commands' is a map of commands and their names");
    for (size_t i = 0; i < map.items.size(); i += 2) {
      if (!IsScalar(map.items[i], map.items[i + 1])) return false;
      Add(map.items[i], {"rename-command", group, map.items[i].text, map.items[i + 1].text});
    }
    return true;
  }

  bool IsScalar(const YamlNode& key, const YamlNode& value) {
    if (value.kind == Kind::kScalar) return true;
    return Fail(key, "'" + key.text + "' has one value (empty text is \"\")");
  }

  void Add(const YamlNode& at, Args args) {
    parsed_.entries.push_back({.name = "sentinel",
                               .args = std::move(args),
                               .group = {},
                               .origin = quorate::config::Origin::kYaml,
                               .file = file_,
                               .line = at.line,
                               .text = std::string(quorate::config::YamlLine(text_, at.line))});
  }
  bool Fail(const YamlNode& at, std::string reason) {
    parsed_.problem = {.file = file_,
                       .line = at.line,
                       .text = std::string(quorate::config::YamlLine(text_, at.line)),
                       .reason = std::move(reason)};
    return false;
  }

  std::string_view text_;
  const std::string& file_;
  Parsed parsed_;
};

}  // namespace

Parsed ReadYamlSections(std::span<const YamlSection> sections, std::string_view text,
                        const std::string& file) {
  return Reader(text, file).Read(sections);
}

}  // namespace quorate::sentinel::config
