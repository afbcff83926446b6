// COMMAND: the table describes itself (shared/command/introspection.h).
#include "server/commands/families.h"
#include "server/engine/context.h"
#include "server/engine/engine.h"
#include "shared/command/introspection.h"

namespace quorate::server::commands {

namespace {

using engine::Context;

const command::Registry& RegistryOf(Context& context) { return context.engine.table(); }

void CommandAll(Context& context) { command::ReplyAllInfo(RegistryOf(context), context.reply); }
void CommandCount(Context& context) { command::ReplyCount(RegistryOf(context), context.reply); }
void CommandDocs(Context& context) {
  command::ReplyDocs(RegistryOf(context), context.args, context.reply);
}
void CommandInfo(Context& context) {
  command::ReplyInfo(RegistryOf(context), context.args, context.reply);
}
void CommandList(Context& context) {
  command::ReplyList(RegistryOf(context), context.args, context.reply);
}
void CommandGetkeys(Context& context) {
  command::ReplyGetKeys(RegistryOf(context), context.args, context.reply);
}
void CommandGetkeysandflags(Context& context) {
  command::ReplyGetKeysAndFlags(RegistryOf(context), context.args, context.reply);
}
void CommandHelp(Context& context) { command::ReplyCommandHelp(context.reply); }

constexpr std::string_view kCommandTips[] = {"nondeterministic_output_order"};
constexpr Argument kCommandDocsArguments[] = {
    {.name = "command-name", .optional = true, .multiple = true}};
constexpr std::string_view kCommandDocsTips[] = {"nondeterministic_output_order"};
constexpr Argument kCommandInfoArguments[] = {
    {.name = "command-name", .optional = true, .multiple = true}};
constexpr std::string_view kCommandInfoTips[] = {"nondeterministic_output_order"};
constexpr Change kCommandInfoHistory[] = {
    {"7.0.0", "Allowed to be called with no argument to get info on all commands."}};
constexpr Argument kCommandListArguments[] = {
    {.name = "filterby", .type = Argument::Type::kOneOf, .token = "FILTERBY", .optional = true},
    {.depth = 1, .name = "module-name", .token = "MODULE"},
    {.depth = 1, .name = "category", .token = "ACLCAT"},
    {.depth = 1, .name = "pattern", .type = Argument::Type::kPattern, .token = "PATTERN"}};
constexpr std::string_view kCommandListTips[] = {"nondeterministic_output_order"};
constexpr CommandRow kCommandSubcommands[] = {
    {.spec = {.name = "count",
              .summary = "Get total number of Redis commands",
              .since = "2.8.13",
              .group = Group::kServer,
              .complexity = "O(1)",
              .arity = 2,
              .flags = flag::kLoading | flag::kStale,
              .categories = acl::kConnection},
     .run = &CommandCount},
    {.spec = {.name = "docs",
              .summary = "Get array of specific Redis command documentation",
              .since = "7.0.0",
              .group = Group::kServer,
              .complexity = "O(N) where N is the number of commands to look up",
              .arity = -2,
              .flags = flag::kLoading | flag::kStale,
              .categories = acl::kConnection,
              .arguments = kCommandDocsArguments,
              .tips = kCommandDocsTips},
     .run = &CommandDocs},
    {.spec = {.name = "getkeys",
              .summary = "Extract keys given a full Redis command",
              .since = "2.8.13",
              .group = Group::kServer,
              .complexity = "O(N) where N is the number of arguments to the command",
              .arity = -4,
              .flags = flag::kLoading | flag::kStale,
              .categories = acl::kConnection},
     .run = &CommandGetkeys},
    {.spec = {.name = "getkeysandflags",
              .summary = "Extract keys and access flags given a full Redis command",
              .since = "7.0.0",
              .group = Group::kServer,
              .complexity = "O(N) where N is the number of arguments to the command",
              .arity = -4,
              .flags = flag::kLoading | flag::kStale,
              .categories = acl::kConnection},
     .run = &CommandGetkeysandflags},
    {.spec = {.name = "help",
              .summary = "Show helpful text about the different subcommands",
              .since = "5.0.0",
              .group = Group::kServer,
              .complexity = "O(1)",
              .arity = 2,
              .flags = flag::kLoading | flag::kStale,
              .categories = acl::kConnection},
     .run = &CommandHelp},
    {.spec = {.name = "info",
              .summary =
                  "Get array of specific Redis command details, or all when no argument is given.",
              .since = "2.8.13",
              .group = Group::kServer,
              .complexity = "O(N) where N is the number of commands to look up",
              .arity = -2,
              .flags = flag::kLoading | flag::kStale,
              .categories = acl::kConnection,
              .arguments = kCommandInfoArguments,
              .tips = kCommandInfoTips,
              .history = kCommandInfoHistory},
     .run = &CommandInfo},
    {.spec = {.name = "list",
              .summary = "Get an array of Redis command names",
              .since = "7.0.0",
              .group = Group::kServer,
              .complexity = "O(N) where N is the total number of Redis commands",
              .arity = -2,
              .flags = flag::kLoading | flag::kStale,
              .categories = acl::kConnection,
              .arguments = kCommandListArguments,
              .tips = kCommandListTips},
     .run = &CommandList}};

constexpr CommandRow kRows[] = {
    {.spec = {.name = "command",
              .summary = "Get array of Redis command details",
              .since = "2.8.13",
              .group = Group::kServer,
              .complexity = "O(N) where N is the total number of Redis commands",
              .arity = -1,
              .flags = flag::kLoading | flag::kStale,
              .categories = acl::kConnection,
              .tips = kCommandTips},
     .run = &CommandAll,
     .subcommands = kCommandSubcommands},
};

}  // namespace

Rows CommandRows() { return kRows; }

}  // namespace quorate::server::commands
