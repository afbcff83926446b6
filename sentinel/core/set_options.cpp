// SENTINEL SET: the options of one group, a row each.
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "sentinel/core/administration.h"
#include "sentinel/core/electorate.h"
#include "sentinel/core/events.h"
#include "sentinel/core/links.h"
#include "sentinel/core/option_values.h"
#include "sentinel/core/shared_settings.h"
#include "shared/base/numbers.h"

namespace quorate::sentinel::core {
namespace {

constexpr char kScriptsDenied[] =
    "ERR Reconfiguration of scripts path is denied for security reasons. Check the "
    "deny-scripts-reconfig configuration directive in your Sentinel configuration";

// What an option's setter says.
enum class Outcome { kApplied, kInvalid, kDenied, kNotExecutable };

// Who says it.
enum class Sender { kOperator, kSentinel };

struct Setting {
  Turn& turn;
  Group& group;
  const std::string& value;
  const std::string& second;  // rename-command's new name
  bool executable;            // the value, taken as a path
  Sender sender;
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
// leaders at once. What another sentinel passes on is measured by all that are known: we may have
// just been started, with our links down.
Outcome SetElectorate(const Setting& s) {
  const auto count = ParseElectorate(s.value);
  const size_t least = s.sender == Sender::kSentinel ? s.group.peers.size() + 1
                                                     : UsableSentinels(s.turn.state(), s.group);
  if (!count || (*count != 0 && *count < least)) return Outcome::kInvalid;
  s.group.options.electorate = *count;
  return Outcome::kApplied;
}

Outcome SetFailureDetection(const Setting& s) {
  const auto detection = ParseFailureDetection(s.value);
  if (!detection) return Outcome::kInvalid;
  s.group.options.failure_detection = *detection;
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
  s.group.consent.reset();  // the old one's word is of no use
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

void AnnounceSet(Turn& turn, const Group& group, const Statement& statement) {
  const OptionRow& row = *FindOption(statement[0], statement.size() - 1);
  std::string news = statement[0] + " " + (row.secret ? "******" : statement[1]);
  if (row.values == 2) news += " " + statement[2];
  turn.AnnouncePrimary(group, EventType::kSet, news);
}

// Why no sentinel takes the values, whatever the option; or nothing.
std::optional<std::string> ValueError(const Statement& statement) {
  for (auto value = statement.begin() + 1; value != statement.end(); ++value) {
    if (HasControlCharacters(*value))
      return "ERR Invalid argument with control characters for SENTINEL SET '" + statement[0] + "'";
    if (value->size() > kMaxOptionValue)
      return "ERR Too long an argument for SENTINEL SET '" + statement[0] + "'";
  }
  return std::nullopt;
}

// The error, or nothing.
std::optional<std::string> Apply(Turn& turn, Group& group, const SetRequested& request,
                                 const Statement& statement, Sender sender) {
  if (auto error = ValueError(statement)) return error;
  const std::string& option = statement[0];
  const std::string& value = statement[1];
  static const std::string kNone;
  const std::string& second = statement.size() == 3 ? statement[2] : kNone;
  const OptionRow& row = *FindOption(option, statement.size() - 1);
  const bool executable = request.not_executable.count(value) == 0;
  switch (row.apply(Setting{turn, group, value, second, executable, sender})) {
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
  return std::nullopt;
}

// A SENTINEL SET of an operator's, taken apart.
struct Plan {
  std::vector<Statement> statements;
  bool propagate = false;
  std::optional<std::string> error;  // about what follows the statements
};

Plan Read(const std::vector<std::string>& words) {
  Plan plan;
  for (size_t at = 0; at < words.size();) {
    if (at > 0 && words.size() - at == 1 && base::EqualsIgnoreCase(words[at], "propagate")) {
      plan.propagate = true;
      return plan;
    }
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

// The options' names in their one spelling.
std::vector<Statement> Canonical(std::vector<Statement> statements) {
  for (Statement& statement : statements) {
    statement[0] = base::ToLower(statement[0]);
    if (statement[0] == "primary-reboot-down-after-period")
      statement[0] = "master-reboot-down-after-period";
  }
  return statements;
}

// All or nothing: everyone is told what was applied here.
std::optional<std::string> ApplyAndShare(Turn& turn, Group& group, const SetRequested& request,
                                         const Plan& plan) {
  for (const Statement& statement : plan.statements)
    if (FindOption(statement[0], statement.size() - 1)->reach == Reach::kHere)
      return "ERR '" + statement[0] + "' is a file of this machine and cannot be propagated";
  const std::vector<Statement> statements = Canonical(plan.statements);
  if (!MayShare(group, statements)) return "ERR Too many propagated options";
  const GroupOptions before = group.options;
  for (const Statement& statement : statements) {
    const auto error = Apply(turn, group, request, statement, Sender::kOperator);
    if (!error) continue;
    group.options = before;
    RefreshPeerLinks(turn);
    return error;
  }
  for (const Statement& statement : statements) AnnounceSet(turn, group, statement);
  ShareSettings(group, statements, request.asked_at);
  return std::nullopt;
}

// As in Redis, what stands before a bad one stays.
std::optional<std::string> ApplyHere(Turn& turn, Group& group, const SetRequested& request,
                                     const Plan& plan, bool& changed) {
  for (const Statement& statement : plan.statements) {
    if (const auto error = Apply(turn, group, request, statement, Sender::kOperator)) return error;
    AnnounceSet(turn, group, statement);
    changed = true;
  }
  return plan.error;
}

// From another sentinel: what is newer is applied, and what cannot be is said.
void TakeShared(Turn& turn, Group& group, const SetRequested& request) {
  const auto shared = ParseShared(request.arguments);
  if (!shared) return turn.Respond(request.client, ErrorReply{"ERR Invalid version"});
  bool adopted = false;
  for (const VersionedStatement& one : *shared) {
    const OptionRow* row = FindOption(one.statement[0], one.statement.size() - 1);
    const bool known = row && row->values == one.statement.size() - 1 &&
                       row->reach != Reach::kHere && !ValueError(one.statement);
    if (known && !IsNewer(group, one)) continue;
    if (!known || Apply(turn, group, request, one.statement, Sender::kSentinel)) {
      turn.AnnouncePrimary(group, EventType::kSetRefused,
                           row ? std::string(row->name) : Quoted(one.statement[0]));
      continue;
    }
    AdoptShared(group, one);
    adopted = true;
    AnnounceSet(turn, group, one.statement);
  }
  if (adopted) turn.Persist();
  turn.Respond(request.client, OkReply{});
}

}  // namespace

bool IsScriptOption(std::string_view option) {
  const OptionRow* row = FindOption(option, 1);
  return row && row->reach == Reach::kHere;
}

void SetOptions(Turn& turn, const SetRequested& request) {
  const auto position = turn.state().groups.find(request.group);
  if (position == turn.state().groups.end())
    return turn.Respond(request.client, ErrorReply{kNoSuchGroup});
  Group& group = position->second;
  turn.Touch(group.name);
  if (base::EqualsIgnoreCase(request.arguments.front(), "version"))
    return TakeShared(turn, group, request);
  const Plan plan = Read(request.arguments);
  bool changed = false;
  const auto error = plan.propagate ? ApplyAndShare(turn, group, request, plan)
                                    : ApplyHere(turn, group, request, plan, changed);
  if (!error) return RespondOkWhenDurable(turn, request.client);
  if (changed) turn.Persist();
  turn.Respond(request.client, ErrorReply{*error});
}

}  // namespace quorate::sentinel::core
