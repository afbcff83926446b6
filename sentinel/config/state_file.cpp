#include "sentinel/config/state_file.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <stdexcept>
#include <utility>

#include "sentinel/config/checksum.h"
#include "sentinel/config/json_values.h"
#include "sentinel/config/table.h"
#include "sentinel/core/option_values.h"
#include "shared/base/hex.h"

namespace quorate::sentinel::config {

namespace {

using nlohmann::json;

constexpr int kFormat = 1;
constexpr std::string_view kChecksumMark = "# xxh3-64 ";

// ---- writing

bool IsUtf8(const std::string& text) {
  if (std::ranges::all_of(text, [](char c) { return static_cast<unsigned char>(c) < 0x80; }))
    return true;
  try {
    json(text).dump();
    return true;
  } catch (const json::exception&) {
    return false;
  }
}

// Passwords and the like are bytes, JSON is UTF-8: what is not valid UTF-8 is written as
// {"hex": "c3 28..."}, without the blanks.
json Text(const std::string& text) {
  if (IsUtf8(text)) return text;
  return {{"hex", base::ToHex(text)}};
}

// Field by field: a list in braces copies every value twice, and this is written at every change.

// A list of [original, name on the wire].
json ToJson(const std::map<std::string, std::string>& renamed) {
  json list = json::array();
  for (const auto& [from, to] : renamed) list.push_back(json::array({Text(from), Text(to)}));
  return list;
}

json ToJson(const base::Endpoint& endpoint) {
  json j;
  j["host"] = endpoint.host;
  j["port"] = endpoint.port;
  return j;
}

json ToJson(const core::GroupOptions& o) {
  const bool fast = o.failure_detection == core::FailureDetection::kFast;
  json j;
  j["quorum"] = o.quorum;
  j["down-after-milliseconds"] = base::ToMs(o.down_after);
  j["failover-timeout"] = base::ToMs(o.failover_timeout);
  j["parallel-syncs"] = o.parallel_syncs;
  j["reboot-down-after-period"] = base::ToMs(o.reboot_down_after);
  j["auth-user"] = Text(o.auth_user);
  j["auth-pass"] = Text(o.auth_pass);
  j["notification-script"] = Text(o.notification_script);
  j["client-reconfig-script"] = Text(o.client_reconfig_script);
  j["rename-commands"] = ToJson(o.renamed_commands);
  j["failure-detection"] = fast ? "fast" : "classic";
  j["electorate"] = o.electorate;
  j["max-lag-on-failover"] = o.max_lag_on_failover;
  j["flap-limit"] = o.flap_limit;
  j["flap-window"] = base::ToMs(o.flap_window);
  j["pre-failover-script"] = Text(o.pre_failover_script);
  j["pre-failover-timeout"] = base::ToMs(o.pre_failover_timeout);
  j["pre-failover-on-timeout"] = core::NoVerdictName(o.pre_failover_on_timeout);
  return j;
}

json ToJson(const core::Vote& vote) {
  json j;
  j["epoch"] = vote.epoch.number();
  if (vote.leader) j["leader"] = vote.leader->ToString();
  return j;
}

json ToJson(const core::DurablePeer& peer) {
  json j;
  j["id"] = peer.id.ToString();
  j["address"] = ToJson(peer.address);
  return j;
}

json ToJson(const std::string& key, const core::SharedOption& option) {
  json j;
  j["key"] = Text(key);
  j["version"] = option.version;
  json& words = j["words"] = json::array();
  for (const std::string& word : option.statement) words.push_back(Text(word));
  return j;
}

json ToJson(const core::DurableGroup& group) {
  json j;
  j["name"] = group.name;
  json& shared = j["shared"] = json::array();
  for (const auto& [key, option] : group.shared) shared.push_back(ToJson(key, option));
  j["primary"] = ToJson(group.primary);
  j["options"] = ToJson(group.options);
  j["config-epoch"] = group.config_epoch.number();
  j["electorate"] = group.electorate_met;
  j["vote"] = ToJson(group.vote);
  json& replicas = j["replicas"] = json::array();
  for (const base::Endpoint& replica : group.replicas) replicas.push_back(ToJson(replica));
  json& peers = j["sentinels"] = json::array();
  for (const core::DurablePeer& peer : group.peers) peers.push_back(ToJson(peer));
  return j;
}

json ToJson(const core::RetiredGroup& retired) {
  json j;
  j["vote"] = retired.vote.number();
  j["electorate"] = retired.electorate;
  return j;
}

json ToJson(const core::Settings& settings) {
  json j;
  j["announce-ip"] = settings.announce_ip;
  j["announce-port"] = settings.announce_port;
  j["sentinel-user"] = Text(settings.sentinel_user);
  j["sentinel-pass"] = Text(settings.sentinel_pass);
  j["resolve-hostnames"] = settings.resolve_hostnames;
  j["announce-hostnames"] = settings.announce_hostnames;
  j["deny-scripts-reconfig"] = settings.deny_scripts_reconfig;
  return j;
}

json ToJson(const Statements& statements) {
  const core::DurableState& durable = statements.durable;
  json j;
  j["myid"] = durable.myid.ToString();
  j["journal"] = durable.journal;
  j["current-epoch"] = durable.current_epoch.number();
  json& groups = j["groups"] = json::array();
  for (const core::DurableGroup& group : durable.groups) groups.push_back(ToJson(group));
  json& retired = j["retired"] = json::object();
  for (const auto& [name, kept] : durable.retired) retired[name] = ToJson(kept);
  j["retired-vote-floor"] = durable.retired_vote_floor.number();
  j["settings"] = ToJson(statements.settings);
  return j;
}

// ---- reading; whatever json or these throw is caught in ReadStateFile

base::Epoch EpochFrom(const json& j) {
  const uint64_t number = NumberFrom<uint64_t>(j);
  if (number > core::kMaxEpoch) throw std::runtime_error("an epoch is out of range");
  return base::Epoch(number);
}
base::RunId RunIdFrom(const json& j) {
  const std::optional<base::RunId> id = base::RunId::Parse(j.get<std::string>());
  if (!id) throw std::runtime_error("an id is malformed");
  return *id;
}
int DigitFrom(char c) {
  const int value = base::HexDigitValue(c);
  if (value < 0) throw std::runtime_error("a hexadecimal text is malformed");
  return value;
}
std::string TextFrom(const json& j) {
  if (j.is_string()) return j.get<std::string>();
  const std::string hex = j.at("hex").get<std::string>();
  if (hex.size() % 2 != 0) throw std::runtime_error("a hexadecimal text is malformed");
  std::string text;
  for (size_t i = 0; i < hex.size(); i += 2)
    text += static_cast<char>(DigitFrom(hex[i]) << 4 | DigitFrom(hex[i + 1]));
  return text;
}
// Older files have a map.
std::map<std::string, std::string> RenamedFrom(const json& j) {
  if (j.is_object()) return j.get<std::map<std::string, std::string>>();
  std::map<std::string, std::string> renamed;
  for (const json& pair : j) renamed[TextFrom(pair.at(0))] = TextFrom(pair.at(1));
  return renamed;
}

core::NoVerdict NoVerdictFrom(const json& j) {
  const auto verdict = core::ParseNoVerdict(j.get<std::string>());
  if (!verdict) throw std::runtime_error("a word is unknown");
  return *verdict;
}

core::GroupOptions OptionsFrom(const json& j) {
  core::GroupOptions o;
  o.quorum = NumberFrom<uint32_t>(j.at("quorum"));
  o.down_after = MsFrom(j.at("down-after-milliseconds"));
  o.failover_timeout = MsFrom(j.at("failover-timeout"));
  o.parallel_syncs = NumberFrom<uint32_t>(j.at("parallel-syncs"));
  o.reboot_down_after = MsFrom(j.at("reboot-down-after-period"));
  o.auth_user = TextFrom(j.at("auth-user"));
  o.auth_pass = TextFrom(j.at("auth-pass"));
  o.notification_script = TextFrom(j.at("notification-script"));
  o.client_reconfig_script = TextFrom(j.at("client-reconfig-script"));
  o.renamed_commands = RenamedFrom(j.at("rename-commands"));
  if (j.at("failure-detection").get<std::string>() == "fast")
    o.failure_detection = core::FailureDetection::kFast;
  // Older files have none.
  o.electorate = NumberOr<uint32_t>(j, "electorate", 0);
  o.max_lag_on_failover = NumberOr<int64_t>(j, "max-lag-on-failover", 0);
  if (!j.contains("flap-limit")) return o;
  o.flap_limit = NumberFrom<uint32_t>(j.at("flap-limit"));
  o.flap_window = MsFrom(j.at("flap-window"));
  o.pre_failover_script = TextFrom(j.at("pre-failover-script"));
  o.pre_failover_timeout = MsFrom(j.at("pre-failover-timeout"));
  o.pre_failover_on_timeout = NoVerdictFrom(j.at("pre-failover-on-timeout"));
  return o;
}

core::DurableGroup GroupFrom(const json& j) {
  core::DurableGroup group;
  group.name = j.at("name").get<std::string>();
  group.primary = EndpointFrom(j.at("primary"));
  group.options = OptionsFrom(j.at("options"));
  group.config_epoch = EpochFrom(j.at("config-epoch"));
  group.electorate_met = NumberFrom<uint32_t>(j.at("electorate"));
  group.vote.epoch = EpochFrom(j.at("vote").at("epoch"));
  if (j.at("vote").contains("leader")) group.vote.leader = RunIdFrom(j.at("vote").at("leader"));
  // Older files have none.
  for (const json& entry : j.value("shared", json::array())) {
    core::SharedOption& option = group.shared[TextFrom(entry.at("key"))];
    option.version = NumberFrom<uint64_t>(entry.at("version"));
    for (const json& word : entry.at("words")) option.statement.push_back(TextFrom(word));
    if (option.version > core::kMaxSharedVersion || option.statement.size() < 2)
      throw std::runtime_error("a propagated option is malformed");
  }
  for (const json& replica : j.at("replicas")) group.replicas.push_back(EndpointFrom(replica));
  for (const json& peer : j.at("sentinels"))
    group.peers.push_back({RunIdFrom(peer.at("id")), EndpointFrom(peer.at("address"))});
  return group;
}

Statements StatementsFrom(const json& j) {
  Statements statements;
  core::DurableState& d = statements.durable;
  d.myid = RunIdFrom(j.at("myid"));
  d.current_epoch = EpochFrom(j.at("current-epoch"));
  d.journal = NumberOr<uint64_t>(j, "journal", 0);  // older files have none
  for (const json& group : j.at("groups")) d.groups.push_back(GroupFrom(group));
  for (const auto& [name, kept] : j.at("retired").items())
    d.retired[name] = {EpochFrom(kept.at("vote")), NumberFrom<uint32_t>(kept.at("electorate"))};
  d.retired_vote_floor = EpochFrom(j.at("retired-vote-floor"));
  core::Settings& s = statements.settings;
  const json& settings = j.at("settings");
  s.announce_ip = settings.at("announce-ip").get<std::string>();
  s.announce_port = NumberFrom<uint16_t>(settings.at("announce-port"));
  s.sentinel_user = TextFrom(settings.at("sentinel-user"));
  s.sentinel_pass = TextFrom(settings.at("sentinel-pass"));
  s.resolve_hostnames = settings.at("resolve-hostnames").get<bool>();
  s.announce_hostnames = settings.at("announce-hostnames").get<bool>();
  s.deny_scripts_reconfig = settings.at("deny-scripts-reconfig").get<bool>();
  return statements;
}

base::LogLevel LogLevelFrom(const json& j) {
  const base::Result<base::LogLevel> level = LogLevelCodec().parse(j.get<std::string>());
  if (!level) throw std::runtime_error("a log level is unknown");
  return *level;
}

// ---- merging

const core::DurableGroup* Find(const Statements& statements, const std::string& name) {
  const auto& groups = statements.durable.groups;
  const auto it = std::ranges::find(groups, name, &core::DurableGroup::name);
  return it == groups.end() ? nullptr : &*it;
}

// What the operator has edited since (`yaml` differs from `configured`), else what the last run
// left.
template <typename Struct, typename Member>
void Choose(Struct& result, const Struct& yaml, const Struct& configured, Member Struct::*member) {
  if (yaml.*member != configured.*member) result.*member = yaml.*member;
}

template <typename Struct, typename... Members>
Struct ChooseAll(const Struct& current, const Struct& yaml, const Struct& configured,
                 Members Struct::*... members) {
  Struct result = current;
  (Choose(result, yaml, configured, members), ...);
  return result;
}

core::Settings MergeSettings(const core::Settings& current, const core::Settings& yaml,
                             const core::Settings& configured) {
  using S = core::Settings;
  return ChooseAll(current, yaml, configured, &S::announce_ip, &S::announce_port, &S::sentinel_user,
                   &S::sentinel_pass, &S::resolve_hostnames, &S::announce_hostnames,
                   &S::deny_scripts_reconfig);
}

// `configured` is null for a group that was added at run time: its current primary is no older than
// the YAML's. An address is fixed by its config epoch, so a new one begins at none, as by SENTINEL
// MONITOR.
core::DurableGroup MergeGroup(const core::DurableGroup& current, const core::DurableGroup& yaml,
                              const core::DurableGroup* configured) {
  using O = core::GroupOptions;
  const core::GroupOptions before =
      configured == nullptr ? core::GroupOptions{} : configured->options;
  core::DurableGroup result = current;
  result.options =
      ChooseAll(current.options, yaml.options, before, &O::quorum, &O::down_after,
                &O::failover_timeout, &O::parallel_syncs, &O::reboot_down_after, &O::auth_user,
                &O::auth_pass, &O::notification_script, &O::client_reconfig_script,
                &O::renamed_commands, &O::failure_detection, &O::electorate,
                &O::max_lag_on_failover, &O::flap_limit, &O::flap_window, &O::pre_failover_script,
                &O::pre_failover_timeout, &O::pre_failover_on_timeout);
  if (configured != nullptr && yaml.primary != configured->primary &&
      yaml.primary != current.primary) {
    result.primary = yaml.primary;
    result.config_epoch = base::Epoch();
    result.replicas.clear();
  }
  return result;
}

// Votes outlive their groups.
void Retire(core::DurableState& durable, const core::DurableGroup& group) {
  core::RetiredGroup& kept = durable.retired[group.name];
  kept = {std::max(kept.vote, group.vote.epoch), std::max(kept.electorate, group.electorate_met)};
}

}  // namespace

std::string WriteStateFile(const StateFile& state) {
  json document;
  document["format"] = kFormat;
  document["current"] = ToJson(state.current);
  document["configured"] = ToJson(state.configured);
  if (state.log_levels) {
    json& levels = document["loglevel"];
    levels["current"] = LogLevelCodec().format(state.log_levels->current);
    levels["configured"] = LogLevelCodec().format(state.log_levels->configured);
  }
  std::string text = document.dump(1, ' ', false, json::error_handler_t::replace) + "\n";
  return text + std::string(kChecksumMark) + Checksum(text) + "\n";
}

base::Result<StateFile> ReadStateFile(std::string_view text) {
  const size_t mark = text.rfind(kChecksumMark);
  if (mark == std::string_view::npos || text.back() != '\n' ||
      text.substr(mark) != std::string(kChecksumMark) + Checksum(text.substr(0, mark)) + "\n")
    return base::Error{
        "its checksum is missing or wrong: the file is torn or was edited. Restore it from a copy; "
        "removing it makes the sentinel forget its epochs and votes, which is safe only if it gets "
        "a new identity (its old one must never vote again)"};
  try {
    const json document = json::parse(text.substr(0, mark));
    if (document.at("format") != kFormat)
      return base::Error{"it has a format that this version does not know"};
    StateFile file{StatementsFrom(document.at("current")),
                   StatementsFrom(document.at("configured"))};
    if (document.contains("loglevel"))
      file.log_levels = {LogLevelFrom(document.at("loglevel").at("current")),
                         LogLevelFrom(document.at("loglevel").at("configured"))};
    return file;
  } catch (const std::exception& error) {
    return base::Error{std::string("its content is not understood: ") + error.what()};
  }
}

Statements Merge(const Statements& yaml, const StateFile& last) {
  Statements result;
  result.settings = MergeSettings(last.current.settings, yaml.settings, last.configured.settings);
  result.durable = last.current.durable;
  result.durable.groups.clear();
  for (const core::DurableGroup& group : last.current.durable.groups) {
    const core::DurableGroup* in_yaml = Find(yaml, group.name);
    const core::DurableGroup* configured = Find(last.configured, group.name);
    if (in_yaml == nullptr && configured != nullptr) {
      Retire(result.durable, group);  // taken out of the YAML
    } else {
      result.durable.groups.push_back(in_yaml == nullptr ? group
                                                         : MergeGroup(group, *in_yaml, configured));
    }
  }
  for (const core::DurableGroup& group : yaml.durable.groups) {
    if (Find(result, group.name) != nullptr) continue;
    const core::DurableGroup* configured = Find(last.configured, group.name);
    // Removed at run time: stays so until its entry is edited.
    if (configured != nullptr && *configured == group) continue;
    result.durable.groups.push_back(group);
  }
  std::ranges::sort(result.durable.groups, {}, &core::DurableGroup::name);
  return result;
}

base::LogLevel MergeLogLevel(base::LogLevel yaml, const StateFile& last) {
  const bool edited = !last.log_levels || yaml != last.log_levels->configured;
  return edited ? yaml : last.log_levels->current;
}

}  // namespace quorate::sentinel::config
