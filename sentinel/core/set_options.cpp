// SENTINEL SET: the options of one group, a row each.
#include <optional>
#include <string>
#include <string_view>

#include "sentinel/core/administration.h"
#include "sentinel/core/links.h"
#include "sentinel/core/option_values.h"
#include "sentinel/core/views.h"
#include "shared/base/numbers.h"

namespace quorate::sentinel::core {
namespace {

constexpr char kScriptsDenied[] =
    "ERR Reconfiguration of scripts path is denied for security reasons. Check the "
    "deny-scripts-reconfig configuration directive in your Sentinel configuration";

// What an option's setter says.
enum class Outcome { kApplied, kInvalid, kDenied, kNotExecutable };

struct Setting {
  Turn& turn;
  Group& group;
  const std::string& value;
  const std::string& second;  // rename-command's new name
  bool executable;            // the value, taken as a path
};

Outcome SetDuration(const Setting& s, base::Duration& target, int64_t least) {
  const auto duration = ParseMilliseconds(s.value, least);
  if (!duration) return Outcome::kInvalid;
  target = *duration;
  return Outcome::kApplied;
}

Outcome SetCount(const Setting& s, uint32_t& target) {
  const auto count = ParseCount(s.value);
  if (!count) return Outcome::kInvalid;
  target = *count;
  return Outcome::kApplied;
}

Outcome SetDownAfter(const Setting& s) {
  const Outcome outcome = SetDuration(s, s.group.options.down_after, 1);
  RefreshPeerLinks(s.turn);
  return outcome;
}
Outcome SetFailoverTimeout(const Setting& s) {
  return SetDuration(s, s.group.options.failover_timeout, 1);
}
Outcome SetRebootDownAfter(const Setting& s) {
  return SetDuration(s, s.group.options.reboot_down_after, 0);
}
Outcome SetParallelSyncs(const Setting& s) { return SetCount(s, s.group.options.parallel_syncs); }
Outcome SetQuorum(const Setting& s) { return SetCount(s, s.group.options.quorum); }

// New credentials: the links are made anew with them.
Outcome SetCredential(const Setting& s, std::string& target) {
  target = s.value;
  DropDataLinks(s.turn, s.group.primary);
  for (auto& [address, replica] : s.group.replicas) DropDataLinks(s.turn, replica);
  return Outcome::kApplied;
}
Outcome SetAuthPass(const Setting& s) { return SetCredential(s, s.group.options.auth_pass); }
Outcome SetAuthUser(const Setting& s) { return SetCredential(s, s.group.options.auth_user); }

Outcome SetScript(const Setting& s, std::string& target) {
  if (s.turn.state().settings.deny_scripts_reconfig) return Outcome::kDenied;
  if (!s.value.empty() && !s.executable) return Outcome::kNotExecutable;
  target = s.value;
  return Outcome::kApplied;
}
Outcome SetNotificationScript(const Setting& s) {
  return SetScript(s, s.group.options.notification_script);
}
Outcome SetClientReconfigScript(const Setting& s) {
  return SetScript(s, s.group.options.client_reconfig_script);
}

Outcome SetRename(const Setting& s) {
  if (s.value.empty() || s.second.empty()) return Outcome::kInvalid;
  auto& renamed = s.group.options.renamed_commands;
  if (base::EqualsIgnoreCase(s.value, s.second))
    renamed.erase(base::ToUpper(s.value));
  else
    renamed[base::ToUpper(s.value)] = s.second;
  return Outcome::kApplied;
}

// 0 goes back to all ever known. One smaller than the sentinels that are there could elect two
// leaders at once.
Outcome SetElectorate(const Setting& s) {
  const auto count = ParseElectorate(s.value);
  if (!count || (*count != 0 && *count < UsableSentinels(s.turn.state(), s.group)))
    return Outcome::kInvalid;
  s.group.options.electorate = *count;
  return Outcome::kApplied;
}

Outcome SetFailureDetection(const Setting& s) {
  if (base::EqualsIgnoreCase(s.value, "fast"))
    s.group.options.failure_detection = FailureDetection::kFast;
  else if (base::EqualsIgnoreCase(s.value, "classic"))
    s.group.options.failure_detection = FailureDetection::kClassic;
  else
    return Outcome::kInvalid;
  return Outcome::kApplied;
}

Outcome SetMaxLag(const Setting& s) {
  const auto bytes = ParseBytes(s.value);
  if (!bytes) return Outcome::kInvalid;
  s.group.options.max_lag_on_failover = *bytes;
  return Outcome::kApplied;
}

struct OptionRow {
  std::string_view name;
  size_t values;
  bool secret;  // not shown in the event
  Outcome (*apply)(const Setting&);
};

constexpr OptionRow kOptions[] = {
    {"down-after-milliseconds", 1, false, SetDownAfter},
    {"failover-timeout", 1, false, SetFailoverTimeout},
    {"parallel-syncs", 1, false, SetParallelSyncs},
    {"notification-script", 1, false, SetNotificationScript},
    {"client-reconfig-script", 1, false, SetClientReconfigScript},
    {"auth-pass", 1, true, SetAuthPass},
    {"auth-user", 1, false, SetAuthUser},
    {"quorum", 1, false, SetQuorum},
    {"rename-command", 2, false, SetRename},
    {"master-reboot-down-after-period", 1, false, SetRebootDownAfter},
    {"primary-reboot-down-after-period", 1, false, SetRebootDownAfter},
    {"failure-detection", 1, false, SetFailureDetection},
    {"electorate", 1, false, SetElectorate},
    {"max-lag-on-failover", 1, false, SetMaxLag},
};

const OptionRow* FindOption(std::string_view name, size_t values_left) {
  for (const OptionRow& row : kOptions)
    if (base::EqualsIgnoreCase(row.name, name) && row.values <= values_left) return &row;
  return nullptr;
}

std::string InvalidArgument(const std::string& value, const std::string& option) {
  return "ERR Invalid argument '" + value + "' for SENTINEL SET '" + option + "'";
}

// Applies arguments[at] and its values; the error, or nothing.
std::optional<std::string> ApplyOne(Turn& turn, Group& group, const SetRequested& request,
                                    size_t at, const OptionRow*& row) {
  const std::vector<std::string>& arguments = request.arguments;
  const std::string& option = arguments[at];
  row = FindOption(option, arguments.size() - at - 1);
  if (!row) return "ERR Unknown option or number of arguments for SENTINEL SET '" + option + "'";
  const std::string& value = arguments[at + 1];
  static const std::string kNone;
  const std::string& second = row->values == 2 ? arguments[at + 2] : kNone;
  if (HasControlCharacters(value) || HasControlCharacters(second))
    return "ERR Invalid argument with control characters for SENTINEL SET '" + option + "'";
  const bool executable = request.not_executable.count(value) == 0;
  switch (row->apply(Setting{turn, group, value, second, executable})) {
    case Outcome::kInvalid:
      // Of the two values of a renaming only an empty one is bad.
      return InvalidArgument(row->values == 2 ? std::string() : value, option);
    case Outcome::kDenied:
      return kScriptsDenied;
    case Outcome::kNotExecutable:
      return row->apply == SetNotificationScript
                 ? "ERR Notification script seems non existing or non executable"
                 : "ERR Client reconfiguration script seems non existing or non executable";
    case Outcome::kApplied:
      break;
  }
  std::string news = option + " " + (row->secret ? "******" : value);
  if (row->values == 2) news += " " + second;
  turn.AnnouncePrimary(group, EventType::kSet, news);
  return std::nullopt;
}

}  // namespace

void SetOptions(Turn& turn, const SetRequested& request) {
  const auto position = turn.state().groups.find(request.group);
  if (position == turn.state().groups.end())
    return turn.Respond(request.client, ErrorReply{kNoSuchGroup});
  Group& group = position->second;
  turn.Touch(group.name);
  const OptionRow* row = nullptr;
  for (size_t at = 0; at < request.arguments.size(); at += 1 + row->values) {
    const auto error = ApplyOne(turn, group, request, at, row);
    if (!error) continue;
    if (at > 0) turn.Persist();
    return turn.Respond(request.client, ErrorReply{*error});
  }
  RespondOkWhenDurable(turn, request.client);
}

}  // namespace quorate::sentinel::core
