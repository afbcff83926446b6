// The rows of COMMAND for a program's own command table; introspection.h answers. `kAdapt` makes an
// IntrospectionRequest of the program's Context:
//
//   table.Add(command::kCommandRows<Context, &ToIntrospectionRequest>);
#pragma once

#include "shared/command/introspection.h"
#include "shared/command/table.h"

namespace quorate::command {

struct IntrospectionRequest {
  const Registry& registry;
  Args args;
  resp::Writer& out;
};

namespace command_rows {

inline constexpr std::string_view kCommandTips[] = {"nondeterministic_output_order"};
inline constexpr Argument kCommandDocsArguments[] = {
    {.name = "command-name", .optional = true, .multiple = true}};
inline constexpr std::string_view kCommandDocsTips[] = {"nondeterministic_output_order"};
inline constexpr Argument kCommandInfoArguments[] = {
    {.name = "command-name", .optional = true, .multiple = true}};
inline constexpr std::string_view kCommandInfoTips[] = {"nondeterministic_output_order"};
inline constexpr Change kCommandInfoHistory[] = {
    {"7.0.0", "Allowed to be called with no argument to get info on all commands."}};
inline constexpr Argument kCommandListArguments[] = {
    {.name = "filterby", .type = Argument::Type::kOneOf, .token = "FILTERBY", .optional = true},
    {.depth = 1, .name = "module-name", .token = "MODULE"},
    {.depth = 1, .name = "category", .token = "ACLCAT"},
    {.depth = 1, .name = "pattern", .type = Argument::Type::kPattern, .token = "PATTERN"}};
inline constexpr std::string_view kCommandListTips[] = {"nondeterministic_output_order"};
inline void All(const IntrospectionRequest& r) { ReplyAllInfo(r.registry, r.out); }
inline void Count(const IntrospectionRequest& r) { ReplyCount(r.registry, r.out); }
inline void Docs(const IntrospectionRequest& r) { ReplyDocs(r.registry, r.args, r.out); }
inline void Getkeys(const IntrospectionRequest& r) { ReplyGetKeys(r.registry, r.args, r.out); }
inline void Getkeysandflags(const IntrospectionRequest& r) {
  ReplyGetKeysAndFlags(r.registry, r.args, r.out);
}
inline void Help(const IntrospectionRequest& r) { ReplyCommandHelp(r.out); }
inline void Info(const IntrospectionRequest& r) { ReplyInfo(r.registry, r.args, r.out); }
inline void List(const IntrospectionRequest& r) { ReplyList(r.registry, r.args, r.out); }

template <class Context>
using Adapter = IntrospectionRequest (*)(Context&);

template <class Context, Adapter<Context> kAdapt, void (*kHandler)(const IntrospectionRequest&)>
void Run(Context& context) {
  kHandler(kAdapt(context));
}

template <class Context, Adapter<Context> kAdapt>
inline constexpr Row<Context> kSubcommands[] = {
    {.spec = {.name = "count",
              .summary = "Get total number of Redis commands",
              .since = "2.8.13",
              .group = Group::kServer,
              .complexity = "O(1)",
              .arity = 2,
              .flags = flag::kLoading | flag::kStale,
              .categories = acl::kConnection},
     .run = &Run<Context, kAdapt, &Count>},
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
     .run = &Run<Context, kAdapt, &Docs>},
    {.spec = {.name = "getkeys",
              .summary = "Extract keys given a full Redis command",
              .since = "2.8.13",
              .group = Group::kServer,
              .complexity = "O(N) where N is the number of arguments to the command",
              .arity = -4,
              .flags = flag::kLoading | flag::kStale,
              .categories = acl::kConnection},
     .run = &Run<Context, kAdapt, &Getkeys>},
    {.spec = {.name = "getkeysandflags",
              .summary = "Extract keys and access flags given a full Redis command",
              .since = "7.0.0",
              .group = Group::kServer,
              .complexity = "O(N) where N is the number of arguments to the command",
              .arity = -4,
              .flags = flag::kLoading | flag::kStale,
              .categories = acl::kConnection},
     .run = &Run<Context, kAdapt, &Getkeysandflags>},
    {.spec = {.name = "help",
              .summary = "Show helpful text about the different subcommands",
              .since = "5.0.0",
              .group = Group::kServer,
              .complexity = "O(1)",
              .arity = 2,
              .flags = flag::kLoading | flag::kStale,
              .categories = acl::kConnection},
     .run = &Run<Context, kAdapt, &Help>},
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
     .run = &Run<Context, kAdapt, &Info>},
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
     .run = &Run<Context, kAdapt, &List>}};

}  // namespace command_rows

template <class Context, command_rows::Adapter<Context> kAdapt>
inline constexpr Row<Context> kCommandRows[] = {
    {.spec = {.name = "command",
              .summary = "Get array of Redis command details",
              .since = "2.8.13",
              .group = Group::kServer,
              .complexity = "O(N) where N is the total number of Redis commands",
              .arity = -1,
              .flags = flag::kLoading | flag::kStale,
              .categories = acl::kConnection,
              .tips = command_rows::kCommandTips},
     .run = &command_rows::Run<Context, kAdapt, &command_rows::All>,
     .subcommands = command_rows::kSubcommands<Context, kAdapt>}};

}  // namespace quorate::command
