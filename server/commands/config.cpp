// CONFIG: settings by the directive table (shared/config), and the statistics' reset.
#include <algorithm>

#include "server/commands/families.h"
#include "server/engine/context.h"
#include "server/engine/engine.h"
#include "shared/command/introspection.h"
#include "shared/config/config_set.h"
#include "shared/resp/errors.h"

namespace quorate::server::commands {

namespace {

using engine::Context;

void ConfigGet(Context& context) {
  const config::ServerSettings& settings = context.engine.settings();
  const auto found = quorate::config::ConfigGet(context.engine.host().directives().Bind(settings),
                                                context.args.subspan(2));
  context.reply.MapHeader(found.size());
  for (const auto& [name, value] : found) {
    context.reply.Bulk(name);
    context.reply.Bulk(value);
  }
}

bool MaySetProtected(Context& context) {
  switch (context.engine.settings().enable_protected_configs) {
    case config::ProtectedAction::kYes:
      return true;
    case config::ProtectedAction::kLocal:
      return engine::IsLocal(context.session);
    case config::ProtectedAction::kNo:
      return false;
  }
  return false;
}

void ConfigSet(Context& context) {
  context.engine.settings().save.lines_add = false;
  const quorate::config::Staged staged = quorate::config::ConfigSet<config::ServerSettings>(
      context.engine.host().directives(), context.engine.settings(), context.args.subspan(2),
      {.protected_allowed = MaySetProtected(context), .loading = context.engine.loading},
      [&](const config::ServerSettings& before, config::ServerSettings& after,
          const std::vector<std::string>& changed) {
        return context.engine.host().ApplySettings(before, after, changed);
      });
  if (staged.loading_error) return context.Error(resp::errors::kLoading);
  if (!staged.error.empty()) return context.Error("ERR " + staged.error);
  context.reply.Ok();
}

void ConfigRewrite(Context& context) {
  if (const base::Status status = context.engine.host().RewriteConfig(); !status)
    return context.Error("ERR " + status.error().message);
  context.reply.Ok();
}

void ConfigResetstat(Context& context) {
  context.engine.ResetStatistics();
  context.reply.Ok();
}

void ConfigHelp(Context& context) {
  static constexpr std::string_view kLines[] = {
      "GET <pattern>",
      "    Return parameters matching the glob-like <pattern> and their values.",
      "SET <directive> <value>",
      "    Set the configuration <directive> to <value>.",
      "RESETSTAT",
      "    Reset statistics reported by the INFO command.",
      "REWRITE",
      "    Rewrite the configuration file.",
  };
  command::ReplyHelp("CONFIG", kLines, context.reply);
}

constexpr Argument kConfigGetArguments[] = {
    {.name = "parameter", .type = Argument::Type::kBlock, .multiple = true},
    {.depth = 1, .name = "parameter"}};
constexpr Change kConfigGetHistory[] = {
    {"7.0.0", "Added the ability to pass multiple pattern parameters in one call"}};
constexpr Argument kConfigSetArguments[] = {
    {.name = "parameter_value", .type = Argument::Type::kBlock, .multiple = true},
    {.depth = 1, .name = "parameter"},
    {.depth = 1, .name = "value"}};
constexpr std::string_view kConfigSetTips[] = {"request_policy:all_nodes",
                                               "response_policy:all_succeeded"};
constexpr Change kConfigSetHistory[] = {
    {"7.0.0", "Added the ability to set multiple parameters in one call."}};
constexpr CommandRow kConfigSubcommands[] = {
    {.spec = {.name = "get",
              .summary = "Get the values of configuration parameters",
              .since = "2.0.0",
              .group = Group::kServer,
              .complexity = "O(N) when N is the number of configuration parameters provided",
              .arity = -3,
              .flags = flag::kAdmin | flag::kNoScript | flag::kLoading | flag::kStale,
              .arguments = kConfigGetArguments,
              .history = kConfigGetHistory},
     .run = &ConfigGet},
    {.spec = {.name = "help",
              .summary = "Show helpful text about the different subcommands",
              .since = "5.0.0",
              .group = Group::kServer,
              .complexity = "O(1)",
              .arity = 2,
              .flags = flag::kLoading | flag::kStale},
     .run = &ConfigHelp},
    {.spec = {.name = "resetstat",
              .summary = "Reset the stats returned by INFO",
              .since = "2.0.0",
              .group = Group::kServer,
              .complexity = "O(1)",
              .arity = 2,
              .flags = flag::kAdmin | flag::kNoScript | flag::kLoading | flag::kStale},
     .run = &ConfigResetstat},
    {.spec = {.name = "rewrite",
              .summary = "Rewrite the configuration file with the in memory configuration",
              .since = "2.8.0",
              .group = Group::kServer,
              .complexity = "O(1)",
              .arity = 2,
              .flags = flag::kAdmin | flag::kNoScript | flag::kLoading | flag::kStale},
     .run = &ConfigRewrite},
    {.spec = {.name = "set",
              .summary = "Set configuration parameters to the given values",
              .since = "2.0.0",
              .group = Group::kServer,
              .complexity = "O(N) when N is the number of configuration parameters provided",
              .arity = -4,
              .flags = flag::kAdmin | flag::kNoScript | flag::kLoading | flag::kStale,
              .arguments = kConfigSetArguments,
              .tips = kConfigSetTips,
              .history = kConfigSetHistory},
     .run = &ConfigSet}};

constexpr CommandRow kRows[] = {
    {.spec = {.name = "config",
              .summary = "A container for server configuration commands",
              .since = "2.0.0",
              .group = Group::kServer,
              .complexity = "Depends on subcommand.",
              .arity = -2},
     .subcommands = kConfigSubcommands},
};

}  // namespace

Rows ConfigRows() { return kRows; }

}  // namespace quorate::server::commands
