// SENTINEL SET: the options of one group, a row each.
#include <algorithm>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "sentinel/core/administration.h"
#include "sentinel/core/links.h"
#include "sentinel/core/option_values.h"
#include "sentinel/core/shared_settings.h"
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

Outcome SetFlapLimit(const Setting& s) {
  const auto count = ParseFlapLimit(s.value);
  if (!count) return Outcome::kInvalid;
  s.group.options.flap_limit = *count;
  return Outcome::kApplied;
}
Outcome SetFlapWindow(const Setting& s) { return SetDuration(s, s.group.options.flap_window, 1); }

Outcome SetPreFailoverScript(const Setting& s) {
  return SetScript(s, s.group.options.pre_failover_script);
}
Outcome SetPreFailoverTimeout(const Setting& s) {
  return SetDuration(s, s.group.options.pre_failover_timeout, 1);
}
Outcome SetPreFailoverOnTimeout(const Setting& s) {
  const auto verdict = ParseNoVerdict(s.value);
  if (!verdict) return Outcome::kInvalid;
  s.group.options.pre_failover_on_timeout = *verdict;
  return Outcome::kApplied;
}

// Where an option counts: scripts are files of this machine, and cannot be shared.
enum class Reach { kAnywhere, kHere };

struct OptionRow {
  std::string_view name;
  size_t values;
  bool secret;  // not shown in the event
  Outcome (*apply)(const Setting&);
  Reach reach = Reach::kAnywhere;
};

constexpr OptionRow kOptions[] = {
    {"down-after-milliseconds", 1, false, SetDownAfter},
    {"failover-timeout", 1, false, SetFailoverTimeout},
    {"parallel-syncs", 1, false, SetParallelSyncs},
    {"notification-script", 1, false, SetNotificationScript, Reach::kHere},
    {"client-reconfig-script", 1, false, SetClientReconfigScript, Reach::kHere},
    {"auth-pass", 1, true, SetAuthPass},
    {"auth-user", 1, false, SetAuthUser},
    {"quorum", 1, false, SetQuorum},
    {"rename-command", 2, false, SetRename},
    {"master-reboot-down-after-period", 1, false, SetRebootDownAfter},
    {"primary-reboot-down-after-period", 1, false, SetRebootDownAfter},
    {"failure-detection", 1, false, SetFailureDetection},
    {"electorate", 1, false, SetElectorate},
    {"max-lag-on-failover", 1, false, SetMaxLag},
    {"flap-limit", 1, false, SetFlapLimit},
    {"flap-window", 1, false, SetFlapWindow},
    {"pre-failover-script", 1, false, SetPreFailoverScript, Reach::kHere},
    {"pre-failover-timeout", 1, false, SetPreFailoverTimeout},
    {"pre-failover-on-timeout", 1, false, SetPreFailoverOnTimeout},
};

const OptionRow* FindOption(std::string_view name, size_t values_left) {
  for (const OptionRow& row : kOptions)
    if (base::EqualsIgnoreCase(row.name, name) && row.values <= values_left) return &row;
  return nullptr;
}

std::string InvalidArgument(const std::string& value, const std::string& option) {
  return "ERR Invalid argument '" + value + "' for SENTINEL SET '" + option + "'";
}

std::string_view ScriptError(const OptionRow& row) {
  if (row.apply == SetNotificationScript)
    return "ERR Notification script seems non existing or non executable";
  if (row.apply == SetClientReconfigScript)
    return "ERR Client reconfiguration script seems non existing or non executable";
  return "ERR Pre-failover script seems non existing or non executable";
}

// The error, or nothing.
std::optional<std::string> Apply(Turn& turn, Group& group, const SetRequested& request,
                                 const Statement& statement) {
  const std::string& option = statement[0];
  const std::string& value = statement[1];
  static const std::string kNone;
  const std::string& second = statement.size() == 3 ? statement[2] : kNone;
  const OptionRow& row = *FindOption(option, statement.size() - 1);
  if (HasControlCharacters(value) || HasControlCharacters(second))
    return "ERR Invalid argument with control characters for SENTINEL SET '" + option + "'";
  const bool executable = request.not_executable.count(value) == 0;
  switch (row.apply(Setting{turn, group, value, second, executable})) {
    case Outcome::kInvalid:
      // Of the two values of a renaming only an empty one is bad.
      return InvalidArgument(row.values == 2 ? std::string() : value, option);
    case Outcome::kDenied:
      return kScriptsDenied;
    case Outcome::kNotExecutable:
      return std::string(ScriptError(row));
    case Outcome::kApplied:
      break;
  }
  std::string news = option + " " + (row.secret ? "******" : value);
  if (row.values == 2) news += " " + second;
  turn.AnnouncePrimary(group, EventType::kSet, news);
  return std::nullopt;
}

// A SENTINEL SET, taken apart.
struct Plan {
  std::vector<Statement> statements;
  bool propagate = false;
  std::optional<uint64_t> version;
  std::optional<std::string> error;  // about what follows the statements
};

bool ReadTail(const std::vector<std::string>& words, size_t at, Plan& plan) {
  const size_t left = words.size() - at;
  if (left == 1 && base::EqualsIgnoreCase(words[at], "propagate")) return plan.propagate = true;
  if (left != 2 || !base::EqualsIgnoreCase(words[at], "version")) return false;
  plan.version = base::ParseUint64(words[at + 1]);
  return plan.version && *plan.version <= kMaxSharedVersion;
}

Plan Read(const std::vector<std::string>& words) {
  Plan plan;
  for (size_t at = 0; at < words.size();) {
    if (at > 0 && ReadTail(words, at, plan)) return plan;
    const OptionRow* row = FindOption(words[at], words.size() - at - 1);
    if (!row) {
      plan.error = "ERR Unknown option or number of arguments for SENTINEL SET '" + words[at] + "'";
      return plan;
    }
    const auto first = words.begin() + static_cast<ptrdiff_t>(at);
    at += 1 + row->values;
    plan.statements.emplace_back(first, words.begin() + static_cast<ptrdiff_t>(at));
  }
  return plan;
}

// Why these cannot be shared; nothing: they can.
std::optional<std::string> WhyNotShared(const Group& group,
                                        const std::vector<Statement>& statements) {
  for (const Statement& statement : statements)
    if (FindOption(statement[0], statement.size() - 1)->reach == Reach::kHere)
      return "ERR '" + statement[0] + "' is a file of this machine and cannot be propagated";
  if (group.shared.options.size() + statements.size() > kMaxSharedOptions)
    return "ERR Too many propagated options";
  return std::nullopt;
}

// From another sentinel: what is new in it is applied, and what cannot be is said.
void TakeShared(Turn& turn, Group& group, const SetRequested& request, const Plan& plan) {
  for (const Statement& statement : AdoptShared(group, plan.statements, *plan.version))
    if (Apply(turn, group, request, statement))
      turn.AnnouncePrimary(group, EventType::kSetRefused, statement[0]);
}

}  // namespace

void SetOptions(Turn& turn, const SetRequested& request) {
  const auto position = turn.state().groups.find(request.group);
  if (position == turn.state().groups.end())
    return turn.Respond(request.client, ErrorReply{kNoSuchGroup});
  Group& group = position->second;
  turn.Touch(group.name);
  Plan plan = Read(request.arguments);
  if (!plan.error && (plan.propagate || plan.version)) {
    plan.error = WhyNotShared(group, plan.statements);
    if (plan.error) return turn.Respond(request.client, ErrorReply{*plan.error});
  }
  if (plan.version) {
    TakeShared(turn, group, request, plan);
    return RespondOkWhenDurable(turn, request.client);
  }
  for (size_t i = 0; i < plan.statements.size(); ++i) {
    const auto error = Apply(turn, group, request, plan.statements[i]);
    if (!error) continue;
    if (i > 0) turn.Persist();
    return turn.Respond(request.client, ErrorReply{*error});
  }
  if (plan.error) {
    if (!plan.statements.empty()) turn.Persist();
    return turn.Respond(request.client, ErrorReply{*plan.error});
  }
  if (plan.propagate)
    ShareSettings(turn, group, plan.statements,
                  static_cast<uint64_t>(std::max<int64_t>(request.asked_at.ms, 0)));
  RespondOkWhenDurable(turn, request.client);
}

}  // namespace quorate::sentinel::core
