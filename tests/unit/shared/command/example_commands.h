// A few commands with every kind of row, specified as in Redis 7.0, for the tests of this folder.
#pragma once

#include <span>
#include <string_view>

#include "shared/base/numbers.h"
#include "shared/command/table.h"

namespace quorate::command::example {

struct Context {
  std::string_view ran = {};
};

inline void Get(Context& context) { context.ran = "get"; }
inline void Set(Context& context) { context.ran = "set"; }
inline void ConfigGet(Context& context) { context.ran = "config|get"; }
inline void Other(Context& context) { context.ran = "other"; }

// SET overwrites its key, and also reads it when GET is given.
inline bool FindSetKeys(std::span<const std::string_view> args, KeyReferences* keys) {
  KeyFlags flags = key::kOW | key::kUpdate;
  for (const std::string_view arg : args.subspan(3)) {
    if (base::EqualsIgnoreCase(arg, "get")) flags = key::kRW | key::kAccess | key::kUpdate;
  }
  keys->push_back({.position = 1, .flags = flags});
  return true;
}

inline constexpr KeySpec kSetKeys[] = {
    {.flags = key::kRW | key::kAccess | key::kUpdate | key::kVariableFlags,
     .notes = "RW and ACCESS due to the optional `GET` argument"}};
inline constexpr KeySpec kMsetKeys[] = {
    {.flags = key::kOW | key::kUpdate, .find = FindKeys::Range(-1, 2)}};
inline constexpr KeySpec kXreadKeys[] = {{.flags = key::kRO | key::kAccess,
                                          .begin = BeginSearch::Keyword("STREAMS", 1),
                                          .find = FindKeys::Range(-1, 1, 2)}};
inline constexpr KeySpec kEvalKeys[] = {{.flags = key::kRW | key::kAccess | key::kUpdate,
                                         .begin = BeginSearch::Index(2),
                                         .find = FindKeys::Keynum(0, 1)}};
inline constexpr KeySpec kZunionstoreKeys[] = {{.flags = key::kOW | key::kUpdate},
                                               {.flags = key::kRO | key::kAccess,
                                                .begin = BeginSearch::Index(2),
                                                .find = FindKeys::Keynum(0, 1)}};
inline constexpr KeySpec kRenameKeys[] = {
    {.flags = key::kRW | key::kAccess | key::kDelete},
    {.flags = key::kOW | key::kUpdate, .begin = BeginSearch::Index(2)}};
inline constexpr KeySpec kMigrateKeys[] = {
    {.flags = key::kRW | key::kAccess | key::kDelete, .begin = BeginSearch::Index(3)},
    {.flags = key::kRW | key::kAccess | key::kDelete | key::kIncomplete,
     .begin = BeginSearch::Keyword("KEYS", -2),
     .find = FindKeys::Range(-1)}};
inline constexpr KeySpec kPublishKeys[] = {{.flags = key::kNotKey}};
inline constexpr KeySpec kObjectKeys[] = {{.flags = key::kRO, .begin = BeginSearch::Index(2)}};

inline constexpr Argument kZrevrangeArguments[] = {
    {.name = "key", .type = Argument::Type::kKey, .key_spec_index = 0},
    {.name = "max"},
    {.name = "offset_count",
     .type = Argument::Type::kBlock,
     .token = "LIMIT",
     .optional = true,
     .since = "6.2.0"},
    {.depth = 1, .name = "offset", .type = Argument::Type::kInteger},
    {.depth = 1, .name = "end", .type = Argument::Type::kOneOf, .multiple = true},
    {.depth = 2, .name = "empty", .type = Argument::Type::kPureToken},
    {.name = "tail"},
};
inline constexpr Change kZrevrangeHistory[] = {{"6.2.0", "Learned LIMIT."}};
inline constexpr std::string_view kTips[] = {"nondeterministic_output"};

inline constexpr Row<Context> kConfigSubcommands[] = {
    {.spec = {.name = "get",
              .summary = "Shows parameters",
              .since = "2.0.0",
              .group = Group::kServer,
              .arity = -3,
              .flags = flag::kAdmin | flag::kNoScript | flag::kLoading | flag::kStale},
     .run = &ConfigGet},
};
inline constexpr Row<Context> kObjectSubcommands[] = {
    {.spec = {.name = "freq",
              .arity = 3,
              .flags = flag::kReadonly,
              .categories = acl::kKeyspace,
              .keys = kObjectKeys},
     .run = &Other},
};

inline constexpr Row<Context> kRows[] = {
    {.spec = {.name = "get",
              .summary = "Get the value of a key",
              .since = "1.0.0",
              .group = Group::kString,
              .complexity = "O(1)",
              .arity = 2,
              .flags = flag::kReadonly | flag::kFast,
              .categories = acl::kString,
              .keys = keys::kRead},
     .run = &Get},
    {.spec = {.name = "set",
              .group = Group::kString,
              .arity = -3,
              .flags = flag::kWrite | flag::kDenyOom,
              .categories = acl::kString,
              .keys = kSetKeys,
              .find_keys = &FindSetKeys},
     .run = &Set},
    {.spec = {.name = "mset", .arity = -3, .flags = flag::kWrite, .keys = kMsetKeys},
     .run = &Other},
    {.spec = {.name = "xread", .arity = -4, .flags = flag::kBlocking, .keys = kXreadKeys},
     .run = &Other},
    {.spec = {.name = "eval",
              .arity = -3,
              .flags = flag::kNoScript | flag::kNoMandatoryKeys,
              .categories = acl::kScripting,
              .keys = kEvalKeys},
     .run = &Other},
    {.spec = {.name = "zunionstore", .arity = -4, .flags = flag::kWrite, .keys = kZunionstoreKeys},
     .run = &Other},
    {.spec = {.name = "rename", .arity = 3, .flags = flag::kWrite, .keys = kRenameKeys},
     .run = &Other},
    {.spec = {.name = "migrate", .arity = -6, .flags = flag::kWrite, .keys = kMigrateKeys},
     .run = &Other},
    {.spec = {.name = "spublish", .arity = 3, .flags = flag::kPubsub, .keys = kPublishKeys},
     .run = &Other},
    {.spec = {.name = "zrevrangebylex",
              .summary = "Walks back",
              .since = "2.8.9",
              .group = Group::kSortedSet,
              .complexity = "O(log(N))",
              .deprecated_since = "6.2.0",
              .replaced_by = "`ZRANGE`",
              .system_command = true,
              .arity = -4,
              .keys = keys::kRead,
              .arguments = kZrevrangeArguments,
              .tips = kTips,
              .history = kZrevrangeHistory},
     .run = &Other},
    {.spec =
         {.name = "config", .summary = "Of configuration", .group = Group::kServer, .arity = -2},
     .subcommands = kConfigSubcommands},
    {.spec = {.name = "object", .arity = -2}, .subcommands = kObjectSubcommands},
    {.spec = {.name = "ping", .arity = -1, .flags = flag::kFast | flag::kSentinel}, .run = &Other},
};

}  // namespace quorate::command::example
