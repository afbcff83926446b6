// SENTINEL CONFIG GET and SET, and SENTINEL DEBUG: the process' own settings and timings.
#include <algorithm>
#include <array>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "sentinel/commands/context.h"
#include "sentinel/config/statements.h"
#include "sentinel/config/table.h"
#include "sentinel/core/administration.h"
#include "sentinel/core/hello.h"
#include "sentinel/core/option_values.h"
#include "shared/base/glob.h"
#include "shared/base/numbers.h"
#include "shared/resp/errors.h"

namespace quorate::sentinel::commands {

namespace {

using core::Settings;

std::string YesNo(bool value) { return value ? "yes" : "no"; }
bool SetYesNo(bool& target, std::string_view text) {
  const std::optional<bool> yes = core::ParseYesNo(text);
  if (yes) target = *yes;
  return yes.has_value();
}

// What CONFIG SET changes: the core's settings and the log level.
struct Candidate {
  Settings settings;
  config::LogLevel loglevel;
};

struct Option {
  std::string_view name;
  std::string (*get)(const Candidate&);
  bool (*set)(Candidate&, std::string_view);
};

bool SetLogLevel(Candidate& c, std::string_view value) {
  const base::Result<config::LogLevel> level = config::LogLevelCodec().parse(value);
  if (level) c.loglevel = *level;
  return level.ok();
}
bool SetAnnounceIp(Candidate& c, std::string_view value) {
  if (!value.empty() && !core::IsValidHost(value)) return false;
  c.settings.announce_ip = value;
  return true;
}
bool SetAnnouncePort(Candidate& c, std::string_view value) {
  const std::optional<uint16_t> port = core::ParsePortOrNone(value);
  if (port) c.settings.announce_port = *port;
  return port.has_value();
}

// In the order of CONFIG GET's answers.
constexpr Option kOptions[] = {
    {"resolve-hostnames", [](const Candidate& c) { return YesNo(c.settings.resolve_hostnames); },
     [](Candidate& c, std::string_view v) { return SetYesNo(c.settings.resolve_hostnames, v); }},
    {"announce-hostnames", [](const Candidate& c) { return YesNo(c.settings.announce_hostnames); },
     [](Candidate& c, std::string_view v) { return SetYesNo(c.settings.announce_hostnames, v); }},
    {"announce-ip", [](const Candidate& c) { return c.settings.announce_ip; }, &SetAnnounceIp},
    {"announce-port", [](const Candidate& c) { return std::to_string(c.settings.announce_port); },
     &SetAnnouncePort},
    {"sentinel-user", [](const Candidate& c) { return c.settings.sentinel_user; },
     [](Candidate& c, std::string_view v) { return c.settings.sentinel_user = v, true; }},
    {"sentinel-pass", [](const Candidate& c) { return c.settings.sentinel_pass; },
     [](Candidate& c, std::string_view v) { return c.settings.sentinel_pass = v, true; }},
    {"loglevel", [](const Candidate& c) { return config::LogLevelCodec().format(c.loglevel); },
     &SetLogLevel},
};

const Option* FindOption(std::string_view name) {
  const auto it = std::ranges::find_if(
      kOptions, [name](const Option& o) { return base::EqualsIgnoreCase(o.name, name); });
  return it == std::end(kOptions) ? nullptr : &*it;
}

void ConfigGet(const Context& context) {
  const Candidate current{context.host.state().settings, context.host.process().loglevel};
  std::set<std::string_view> given;
  const auto mark = context.reply().Defer();
  size_t count = 0;
  for (size_t i = 3; i < context.argc(); ++i) {
    for (const Option& option : kOptions) {
      if (!base::GlobMatch(context.arg(i), option.name, true) || !given.insert(option.name).second)
        continue;
      context.reply().Bulk(option.name);
      context.reply().Bulk(option.get(current));
      ++count;
    }
  }
  context.reply().FinishMap(mark, count);
}

// The error, or nothing.
std::string StageConfigSet(const Context& context, Candidate& candidate) {
  std::set<const Option*> seen;
  for (size_t i = 3; i < context.argc(); i += 2) {
    const std::string name = context.text(i);
    const Option* option = FindOption(name);
    if (option == nullptr) return "ERR Invalid argument '" + name + "' to SENTINEL CONFIG SET";
    if (!seen.insert(option).second)
      return "ERR Duplicate argument '" + name + "' to SENTINEL CONFIG SET";
    if (i + 1 == context.argc()) return "ERR Missing argument '" + name + "' value";
    const std::string_view value = context.arg(i + 1);
    if (core::HasControlCharacters(value) || !option->set(candidate, value))
      return "ERR Invalid value '" + std::string(value) + "' to SENTINEL CONFIG SET '" + name + "'";
  }
  return "";
}

void ConfigSet(const Context& context) {
  Candidate candidate{context.host.state().settings, context.host.process().loglevel};
  if (const std::string error = StageConfigSet(context, candidate); !error.empty())
    return context.Error(error);
  context.host.SetLogLevel(candidate.loglevel);
  context.host.Submit(context.client, [&](core::ClientId id) {
    return core::Input(core::SettingsChanged{id, std::move(candidate.settings)});
  });
}

// ---- DEBUG

struct TimingRow {
  std::string_view name;
  base::Duration core::Timings::*member;
};
using T = core::Timings;
// In the order of SENTINEL DEBUG's answer.
constexpr TimingRow kTimings[] = {
    {"INFO-PERIOD", &T::info_period},
    {"PING-PERIOD", &T::ping_period},
    {"ASK-PERIOD", &T::ask_period},
    {"PUBLISH-PERIOD", &T::publish_period},
    {"DEFAULT-DOWN-AFTER", &T::default_down_after},
    {"DEFAULT-FAILOVER-TIMEOUT", &T::default_failover_timeout},
    {"TILT-TRIGGER", &T::tilt_trigger},
    {"TILT-PERIOD", &T::tilt_period},
    {"SLAVE-RECONF-TIMEOUT", &T::replica_reconf_timeout},
    {"MIN-LINK-RECONNECT-PERIOD", &T::min_link_reconnect_period},
    {"ELECTION-TIMEOUT", &T::election_timeout},
    {"SCRIPT-MAX-RUNTIME", &T::script_max_runtime},
    {"SCRIPT-RETRY-DELAY", &T::script_retry_delay},
};
constexpr int64_t kLongestTimingMs = 1000LL * 3600 * 24 * 365;

void ShowTimings(const Context& context) {
  const core::Timings& timings = context.host.state().settings.timings;
  context.reply().MapHeader(std::size(kTimings));
  for (const TimingRow& row : kTimings) {
    context.reply().Bulk(row.name);
    context.reply().BulkInteger(base::ToMs(timings.*row.member));
  }
}

}  // namespace

void SentinelConfig(Context& context) {
  const std::string_view verb = context.arg(2);
  const bool get = base::EqualsIgnoreCase(verb, "get");
  const bool set = base::EqualsIgnoreCase(verb, "set");
  if (get && context.argc() > 3) return ConfigGet(context);
  if (set && context.argc() > 3) return ConfigSet(context);
  context.Error("ERR Only SENTINEL CONFIG GET <option> / SET <option> <value> are supported.");
}

void SentinelDebug(Context& context) {
  if (context.argc() == 2) return ShowTimings(context);
  Settings settings = context.host.state().settings;
  for (size_t i = 2; i < context.argc(); i += 2) {
    const auto row = std::ranges::find_if(kTimings, [&](const TimingRow& r) {
      return base::EqualsIgnoreCase(r.name, context.arg(i));
    });
    if (row == std::end(kTimings) || i + 1 == context.argc())
      return context.Error("ERR Unknown option or number of arguments for SENTINEL DEBUG '" +
                           context.text(i) + "'");
    const std::optional<int64_t> ms = base::ParseInt64(context.arg(i + 1));
    if (!ms || *ms <= 0 || *ms > kLongestTimingMs)
      return context.Error("ERR Invalid argument '" + context.text(i + 1) +
                           "' for SENTINEL DEBUG '" + context.text(i) + "'");
    settings.timings.*row->member = std::chrono::milliseconds(*ms);
  }
  context.host.Submit(context.client, [&](core::ClientId id) {
    return core::Input(core::SettingsChanged{id, std::move(settings)});
  });
}

}  // namespace quorate::sentinel::commands
