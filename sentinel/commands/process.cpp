// INFO, ROLE and SHUTDOWN.
#include <algorithm>
#include <string_view>

#include "sentinel/commands/context.h"
#include "sentinel/commands/info.h"
#include "shared/base/numbers.h"
#include "shared/resp/errors.h"

namespace quorate::sentinel::commands {

namespace {

using command::Argument;
using command::Change;
using command::Group;
namespace flag = command::flag;
namespace acl = command::acl;

void Info(Context& context) {
  context.reply().Bulk(RenderInfo(context.host, context.args.subspan(1)));
}

void Role(Context& context) {
  const auto& groups = context.host.state().groups;
  context.reply().ArrayHeader(2);
  context.reply().Bulk("sentinel");
  context.reply().ArrayHeader(groups.size());
  for (const auto& [name, group] : groups) context.reply().Bulk(name);
}

// Nothing is saved on the way, whatever the options say: the state is on disk already.
void Shutdown(Context& context) {
  static constexpr std::string_view kOptions[] = {"save", "nosave", "now", "force"};
  for (const std::string_view arg : context.args.subspan(1)) {
    const bool known = std::ranges::any_of(
        kOptions, [arg](std::string_view o) { return base::EqualsIgnoreCase(o, arg); });
    if (!known) return context.Error(resp::errors::kSyntax);
  }
  context.host.Shutdown();
}

constexpr Argument kInfoArguments[] = {{.name = "section", .optional = true, .multiple = true}};
constexpr std::string_view kInfoTips[] = {"nondeterministic_output", "request_policy:all_shards",
                                          "response_policy:special"};
constexpr Change kInfoHistory[] = {
    {"7.0.0", "Added support for taking multiple section arguments."}};
constexpr Argument kShutdownArguments[] = {
    {.name = "nosave_save", .type = Argument::Type::kOneOf, .optional = true},
    {.depth = 1, .name = "nosave", .type = Argument::Type::kPureToken, .token = "NOSAVE"},
    {.depth = 1, .name = "save", .type = Argument::Type::kPureToken, .token = "SAVE"},
    {.name = "now",
     .type = Argument::Type::kPureToken,
     .token = "NOW",
     .optional = true,
     .since = "7.0.0"},
    {.name = "force",
     .type = Argument::Type::kPureToken,
     .token = "FORCE",
     .optional = true,
     .since = "7.0.0"},
    {.name = "abort",
     .type = Argument::Type::kPureToken,
     .token = "ABORT",
     .optional = true,
     .since = "7.0.0"}};
constexpr Change kShutdownHistory[] = {
    {"7.0.0", "Added the `NOW`, `FORCE` and `ABORT` modifiers."}};
constexpr CommandRow kRows[] = {
    {.spec = {.name = "info",
              .summary = "Get information and statistics about the server",
              .since = "1.0.0",
              .group = Group::kServer,
              .complexity = "O(1)",
              .arity = -1,
              .flags = flag::kLoading | flag::kStale,
              .categories = acl::kDangerous,
              .arguments = kInfoArguments,
              .tips = kInfoTips,
              .history = kInfoHistory},
     .run = &Info},
    {.spec = {.name = "role",
              .summary = "Return the role of the instance in the context of replication",
              .since = "2.8.12",
              .group = Group::kServer,
              .complexity = "O(1)",
              .arity = 1,
              .flags = flag::kNoScript | flag::kLoading | flag::kStale | flag::kFast,
              .categories = acl::kAdmin | acl::kDangerous},
     .run = &Role},
    {.spec = {.name = "shutdown",
              .summary = "Synchronously save the dataset to disk and then shut down the server",
              .since = "1.0.0",
              .group = Group::kServer,
              .complexity = "O(N) when saving, where N is the total number of keys in all "
                            "databases when saving data, otherwise O(1)",
              .arity = -1,
              .flags = flag::kAdmin | flag::kNoScript | flag::kLoading | flag::kStale |
                       flag::kNoMulti | flag::kAllowBusy,
              .arguments = kShutdownArguments,
              .history = kShutdownHistory},
     .run = &Shutdown}};

}  // namespace

Rows ProcessRows() { return kRows; }

}  // namespace quorate::sentinel::commands
