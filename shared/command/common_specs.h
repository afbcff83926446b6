// The specs of the commands that both daemons have and answer each in its own way: a row is one of
// these and a handler. Commands that both answer alike have whole rows: command_rows.h,
// session/client_rows.h, session/subscription_rows.h.
#pragma once

#include "shared/command/spec.h"

namespace quorate::command::common {

inline constexpr Argument kAuthArguments[] = {
    {.name = "username", .optional = true, .since = "6.0.0"}, {.name = "password"}};
inline constexpr Change kAuthHistory[] = {{"6.0.0", "Added ACL style (username and password)."}};
inline constexpr Spec kAuth = {
    .name = "auth",
    .summary = "Authenticate to the server",
    .since = "1.0.0",
    .group = Group::kConnection,
    .complexity = "O(N) where N is the number of passwords defined for the user",
    .arity = -2,
    .flags = flag::kNoScript | flag::kLoading | flag::kStale | flag::kFast | flag::kNoAuth |
             flag::kAllowBusy,
    .categories = acl::kConnection,
    .arguments = kAuthArguments,
    .history = kAuthHistory};

inline constexpr Argument kHelloArguments[] = {
    {.name = "arguments", .type = Argument::Type::kBlock, .optional = true},
    {.depth = 1, .name = "protover", .type = Argument::Type::kInteger},
    {.depth = 1,
     .name = "username_password",
     .type = Argument::Type::kBlock,
     .token = "AUTH",
     .optional = true},
    {.depth = 2, .name = "username"},
    {.depth = 2, .name = "password"},
    {.depth = 1, .name = "clientname", .token = "SETNAME", .optional = true}};
inline constexpr Change kHelloHistory[] = {
    {"6.2.0",
     "`protover` made optional; when called without arguments the "
     "command reports the current connection's context."}};
inline constexpr Spec kHello = {.name = "hello",
                                .summary = "Handshake with Redis",
                                .since = "6.0.0",
                                .group = Group::kConnection,
                                .complexity = "O(1)",
                                .arity = -1,
                                .flags = flag::kNoScript | flag::kLoading | flag::kStale |
                                         flag::kFast | flag::kNoAuth | flag::kAllowBusy,
                                .categories = acl::kConnection,
                                .arguments = kHelloArguments,
                                .history = kHelloHistory};

inline constexpr Argument kPingArguments[] = {{.name = "message", .optional = true}};
inline constexpr std::string_view kPingTips[] = {"request_policy:all_shards",
                                                 "response_policy:all_succeeded"};
inline constexpr Spec kPing = {.name = "ping",
                               .summary = "Ping the server",
                               .since = "1.0.0",
                               .group = Group::kConnection,
                               .complexity = "O(1)",
                               .arity = -1,
                               .flags = flag::kFast,
                               .categories = acl::kConnection,
                               .arguments = kPingArguments,
                               .tips = kPingTips};

inline constexpr Argument kPublishArguments[] = {{.name = "channel"}, {.name = "message"}};
inline constexpr Spec kPublish = {
    .name = "publish",
    .summary = "Post a message to a channel",
    .since = "2.0.0",
    .group = Group::kPubsub,
    .complexity =
        "O(N+M) where N is the number of clients subscribed to the receiving channel and "
        "M is the total number of subscribed patterns (by any client).",
    .arity = 3,
    .flags = flag::kPubsub | flag::kLoading | flag::kStale | flag::kFast | flag::kMayReplicate,
    .arguments = kPublishArguments};

inline constexpr Argument kInfoArguments[] = {
    {.name = "section", .optional = true, .multiple = true}};
inline constexpr std::string_view kInfoTips[] = {
    "nondeterministic_output", "request_policy:all_shards", "response_policy:special"};
inline constexpr Change kInfoHistory[] = {
    {"7.0.0", "Added support for taking multiple section arguments."}};
inline constexpr Spec kInfo = {.name = "info",
                               .summary = "Get information and statistics about the server",
                               .since = "1.0.0",
                               .group = Group::kServer,
                               .complexity = "O(1)",
                               .arity = -1,
                               .flags = flag::kLoading | flag::kStale,
                               .categories = acl::kDangerous,
                               .arguments = kInfoArguments,
                               .tips = kInfoTips,
                               .history = kInfoHistory};

inline constexpr Spec kRole = {
    .name = "role",
    .summary = "Return the role of the instance in the context of replication",
    .since = "2.8.12",
    .group = Group::kServer,
    .complexity = "O(1)",
    .arity = 1,
    .flags = flag::kNoScript | flag::kLoading | flag::kStale | flag::kFast,
    .categories = acl::kAdmin | acl::kDangerous};

inline constexpr Argument kShutdownArguments[] = {
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
inline constexpr Change kShutdownHistory[] = {
    {"7.0.0", "Added the `NOW`, `FORCE` and `ABORT` modifiers."}};
inline constexpr Spec kShutdown = {
    .name = "shutdown",
    .summary = "Synchronously save the dataset to disk and then shut down the server",
    .since = "1.0.0",
    .group = Group::kServer,
    .complexity =
        "O(N) when saving, where N is the total number of keys in all "
        "databases when saving data, otherwise O(1)",
    .arity = -1,
    .flags = flag::kAdmin | flag::kNoScript | flag::kLoading | flag::kStale | flag::kNoMulti |
             flag::kAllowBusy,
    .arguments = kShutdownArguments,
    .history = kShutdownHistory};

}  // namespace quorate::command::common
