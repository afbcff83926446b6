// The rows of CLIENT for a daemon's command table. `kAdapt` makes a ClientRequest of the daemon's
// own Context:
//
//   table.Add(session::kClientRows<Context, &ToClientRequest>);
#pragma once

#include <iterator>
#include <span>

#include "shared/command/table.h"
#include "shared/session/client_commands.h"

namespace quorate::session {

namespace client_rows {

using command::Argument;
using command::Change;
using command::Group;
namespace acl = command::acl;
namespace flag = command::flag;

inline constexpr std::string_view kClientInfoTips[] = {"nondeterministic_output"};
inline constexpr Argument kClientKillArguments[] = {
    {.name = "filter", .type = Argument::Type::kOneOf},
    {.depth = 1, .name = "ip:port", .deprecated_since = "2.8.12"},
    {.depth = 1, .name = "new-format", .type = Argument::Type::kOneOf, .multiple = true},
    {.depth = 2,
     .name = "client-id",
     .type = Argument::Type::kInteger,
     .token = "ID",
     .optional = true,
     .since = "2.8.12"},
    {.depth = 2,
     .name = "normal_master_slave_pubsub",
     .type = Argument::Type::kOneOf,
     .token = "TYPE",
     .optional = true,
     .since = "2.8.12"},
    {.depth = 3, .name = "normal", .type = Argument::Type::kPureToken, .token = "NORMAL"},
    {.depth = 3,
     .name = "master",
     .type = Argument::Type::kPureToken,
     .token = "MASTER",
     .since = "3.2.0"},
    {.depth = 3, .name = "slave", .type = Argument::Type::kPureToken, .token = "SLAVE"},
    {.depth = 3,
     .name = "replica",
     .type = Argument::Type::kPureToken,
     .token = "REPLICA",
     .since = "5.0.0"},
    {.depth = 3, .name = "pubsub", .type = Argument::Type::kPureToken, .token = "PUBSUB"},
    {.depth = 2, .name = "username", .token = "USER", .optional = true},
    {.depth = 2, .name = "ip:port", .token = "ADDR", .optional = true},
    {.depth = 2, .name = "ip:port", .token = "LADDR", .optional = true, .since = "6.2.0"},
    {.depth = 2, .name = "yes/no", .token = "SKIPME", .optional = true}};
inline constexpr Change kClientKillHistory[] = {
    {"2.8.12", "Added new filter format."},
    {"2.8.12", "`ID` option."},
    {"3.2.0", "Added `master` type in for `TYPE` option."},
    {"5.0.0",
     "Replaced `slave` `TYPE` with `replica`. `slave` still supported for backward compatibility."},
    {"6.2.0", "`LADDR` option."}};
inline constexpr Argument kClientListArguments[] = {
    {.name = "normal_master_replica_pubsub",
     .type = Argument::Type::kOneOf,
     .token = "TYPE",
     .optional = true,
     .since = "5.0.0"},
    {.depth = 1, .name = "normal", .type = Argument::Type::kPureToken, .token = "NORMAL"},
    {.depth = 1, .name = "master", .type = Argument::Type::kPureToken, .token = "MASTER"},
    {.depth = 1, .name = "replica", .type = Argument::Type::kPureToken, .token = "REPLICA"},
    {.depth = 1, .name = "pubsub", .type = Argument::Type::kPureToken, .token = "PUBSUB"},
    {.name = "id",
     .type = Argument::Type::kBlock,
     .token = "ID",
     .optional = true,
     .since = "6.2.0"},
    {.depth = 1, .name = "client-id", .type = Argument::Type::kInteger, .multiple = true}};
inline constexpr std::string_view kClientListTips[] = {"nondeterministic_output"};
inline constexpr Change kClientListHistory[] = {
    {"2.8.12", "Added unique client `id` field."},
    {"5.0.0", "Added optional `TYPE` filter."},
    {"6.0.0", "Added `user` field."},
    {"6.2.0",
     "Added `argv-mem`, `tot-mem`, `laddr` and `redir` fields and the optional `ID` filter."},
    {"7.0.0", "Added `resp`, `multi-mem`, `rbs` and `rbp` fields."},
    {"7.0.3", "Added `ssub` field."}};
inline constexpr Argument kClientNoEvictArguments[] = {
    {.name = "enabled", .type = Argument::Type::kOneOf},
    {.depth = 1, .name = "on", .type = Argument::Type::kPureToken, .token = "ON"},
    {.depth = 1, .name = "off", .type = Argument::Type::kPureToken, .token = "OFF"}};
inline constexpr Argument kClientPauseArguments[] = {
    {.name = "timeout", .type = Argument::Type::kInteger},
    {.name = "mode", .type = Argument::Type::kOneOf, .optional = true, .since = "6.2.0"},
    {.depth = 1, .name = "write", .type = Argument::Type::kPureToken, .token = "WRITE"},
    {.depth = 1, .name = "all", .type = Argument::Type::kPureToken, .token = "ALL"}};
inline constexpr Change kClientPauseHistory[] = {
    {"6.2.0", "`CLIENT PAUSE WRITE` mode added along with the `mode` option."}};
inline constexpr Argument kClientReplyArguments[] = {
    {.name = "on_off_skip", .type = Argument::Type::kOneOf},
    {.depth = 1, .name = "on", .type = Argument::Type::kPureToken, .token = "ON"},
    {.depth = 1, .name = "off", .type = Argument::Type::kPureToken, .token = "OFF"},
    {.depth = 1, .name = "skip", .type = Argument::Type::kPureToken, .token = "SKIP"}};
inline constexpr Argument kClientSetnameArguments[] = {{.name = "connection-name"}};
inline constexpr Argument kClientUnblockArguments[] = {
    {.name = "client-id", .type = Argument::Type::kInteger},
    {.name = "timeout_error", .type = Argument::Type::kOneOf, .optional = true},
    {.depth = 1, .name = "timeout", .type = Argument::Type::kPureToken, .token = "TIMEOUT"},
    {.depth = 1, .name = "error", .type = Argument::Type::kPureToken, .token = "ERROR"}};
inline constexpr Argument kClientSetinfoArguments[] = {
    {.name = "attr", .type = Argument::Type::kOneOf},
    {.depth = 1, .name = "libname", .token = "LIB-NAME"},
    {.depth = 1, .name = "libver", .token = "LIB-VER"}};

template <class Context>
using Adapter = ClientRequest (*)(Context&);

template <class Context, Adapter<Context> kAdapt, void (*kHandler)(const ClientRequest&)>
void RunClient(Context& context) {
  kHandler(kAdapt(context));
}

// NO-TOUCH is the last one.
template <class Context, Adapter<Context> kAdapt>
inline constexpr command::Row<Context> kSubcommands[] = {
    {.spec = {.name = "getname",
              .summary = "Get the current connection name",
              .since = "2.6.9",
              .group = Group::kConnection,
              .complexity = "O(1)",
              .arity = 2,
              .flags = flag::kNoScript | flag::kLoading | flag::kStale,
              .categories = acl::kConnection},
     .run = &RunClient<Context, kAdapt, &ClientGetName>},
    {.spec = {.name = "getredir",
              .summary = "Get tracking notifications redirection client ID if any",
              .since = "6.0.0",
              .group = Group::kConnection,
              .complexity = "O(1)",
              .arity = 2,
              .flags = flag::kNoScript | flag::kLoading | flag::kStale,
              .categories = acl::kConnection},
     .run = &RunClient<Context, kAdapt, &ClientGetRedir>},
    {.spec = {.name = "help",
              .summary = "Show helpful text about the different subcommands",
              .since = "5.0.0",
              .group = Group::kConnection,
              .complexity = "O(1)",
              .arity = 2,
              .flags = flag::kLoading | flag::kStale,
              .categories = acl::kConnection},
     .run = &RunClient<Context, kAdapt, &ClientHelp>},
    {.spec = {.name = "id",
              .summary = "Returns the client ID for the current connection",
              .since = "5.0.0",
              .group = Group::kConnection,
              .complexity = "O(1)",
              .arity = 2,
              .flags = flag::kNoScript | flag::kLoading | flag::kStale,
              .categories = acl::kConnection},
     .run = &RunClient<Context, kAdapt, &ClientId>},
    {.spec = {.name = "info",
              .summary = "Returns information about the current client connection.",
              .since = "6.2.0",
              .group = Group::kConnection,
              .complexity = "O(1)",
              .arity = 2,
              .flags = flag::kNoScript | flag::kLoading | flag::kStale,
              .categories = acl::kConnection,
              .tips = kClientInfoTips},
     .run = &RunClient<Context, kAdapt, &ClientInfo>},
    {.spec = {.name = "kill",
              .summary = "Kill the connection of a client",
              .since = "2.4.0",
              .group = Group::kConnection,
              .complexity = "O(N) where N is the number of client connections",
              .arity = -3,
              .flags = flag::kAdmin | flag::kNoScript | flag::kLoading | flag::kStale,
              .categories = acl::kConnection,
              .arguments = kClientKillArguments,
              .history = kClientKillHistory},
     .run = &RunClient<Context, kAdapt, &ClientKill>},
    {.spec = {.name = "list",
              .summary = "Get the list of client connections",
              .since = "2.4.0",
              .group = Group::kConnection,
              .complexity = "O(N) where N is the number of client connections",
              .arity = -2,
              .flags = flag::kAdmin | flag::kNoScript | flag::kLoading | flag::kStale,
              .categories = acl::kConnection,
              .arguments = kClientListArguments,
              .tips = kClientListTips,
              .history = kClientListHistory},
     .run = &RunClient<Context, kAdapt, &ClientList>},
    {.spec = {.name = "no-evict",
              .summary = "Set client eviction mode for the current connection",
              .since = "7.0.0",
              .group = Group::kConnection,
              .complexity = "O(1)",
              .arity = 3,
              .flags = flag::kAdmin | flag::kNoScript | flag::kLoading | flag::kStale,
              .categories = acl::kConnection,
              .arguments = kClientNoEvictArguments},
     .run = &RunClient<Context, kAdapt, &ClientNoEvict>},
    {.spec = {.name = "pause",
              .summary = "Stop processing commands from clients for some time",
              .since = "2.9.50",
              .group = Group::kConnection,
              .complexity = "O(1)",
              .arity = -3,
              .flags = flag::kAdmin | flag::kNoScript | flag::kLoading | flag::kStale,
              .categories = acl::kConnection,
              .arguments = kClientPauseArguments,
              .history = kClientPauseHistory},
     .run = &RunClient<Context, kAdapt, &ClientPause>},
    {.spec = {.name = "reply",
              .summary = "Instruct the server whether to reply to commands",
              .since = "3.2.0",
              .group = Group::kConnection,
              .complexity = "O(1)",
              .arity = 3,
              .flags = flag::kNoScript | flag::kLoading | flag::kStale,
              .categories = acl::kConnection,
              .arguments = kClientReplyArguments},
     .run = &RunClient<Context, kAdapt, &ClientReply>},
    {.spec = {.name = "setinfo",
              .summary = "Tell the name or the version of the client's library",
              .since = "7.2.0",
              .group = Group::kConnection,
              .complexity = "O(1)",
              .arity = 4,
              .flags = flag::kNoScript | flag::kLoading | flag::kStale,
              .categories = acl::kConnection,
              .arguments = kClientSetinfoArguments},
     .run = &RunClient<Context, kAdapt, &ClientSetInfo>},
    {.spec = {.name = "setname",
              .summary = "Set the current connection name",
              .since = "2.6.9",
              .group = Group::kConnection,
              .complexity = "O(1)",
              .arity = 3,
              .flags = flag::kNoScript | flag::kLoading | flag::kStale,
              .categories = acl::kConnection,
              .arguments = kClientSetnameArguments},
     .run = &RunClient<Context, kAdapt, &ClientSetName>},
    {.spec = {.name = "trackinginfo",
              .summary = "Return information about server assisted client side caching for the "
                         "current connection",
              .since = "6.2.0",
              .group = Group::kConnection,
              .complexity = "O(1)",
              .arity = 2,
              .flags = flag::kNoScript | flag::kLoading | flag::kStale,
              .categories = acl::kConnection},
     .run = &RunClient<Context, kAdapt, &ClientTrackingInfo>},
    {.spec = {.name = "unblock",
              .summary =
                  "Unblock a client blocked in a blocking command from a different connection",
              .since = "5.0.0",
              .group = Group::kConnection,
              .complexity = "O(log N) where N is the number of client connections",
              .arity = -3,
              .flags = flag::kAdmin | flag::kNoScript | flag::kLoading | flag::kStale,
              .categories = acl::kConnection,
              .arguments = kClientUnblockArguments},
     .run = &RunClient<Context, kAdapt, &ClientUnblock>},
    {.spec = {.name = "unpause",
              .summary = "Resume processing of clients that were paused",
              .since = "6.2.0",
              .group = Group::kConnection,
              .complexity = "O(N) Where N is the number of paused clients",
              .arity = 2,
              .flags = flag::kAdmin | flag::kNoScript | flag::kLoading | flag::kStale,
              .categories = acl::kConnection},
     .run = &RunClient<Context, kAdapt, &ClientUnpause>},
    {.spec = {.name = "no-touch",
              .summary = "Whether this client's commands leave the access times of keys alone",
              .since = "7.2.0",
              .group = Group::kConnection,
              .complexity = "O(1)",
              .arity = 3,
              .flags = flag::kNoScript | flag::kLoading | flag::kStale,
              .categories = acl::kConnection,
              .arguments = kClientNoEvictArguments},
     .run = &RunClient<Context, kAdapt, &ClientNoTouch>}};

inline constexpr command::Spec kSpec = {.name = "client",
                                        .summary = "A container for client connection commands",
                                        .since = "2.4.0",
                                        .group = Group::kConnection,
                                        .complexity = "Depends on subcommand.",
                                        .arity = -2};

}  // namespace client_rows

template <class Context, client_rows::Adapter<Context> kAdapt>
inline constexpr command::Row<Context> kClientRows[] = {
    {.spec = client_rows::kSpec,
     .run = nullptr,
     .subcommands = client_rows::kSubcommands<Context, kAdapt>}};

// For a daemon without keys: no NO-TOUCH.
template <class Context, client_rows::Adapter<Context> kAdapt>
inline constexpr command::Row<Context> kKeylessClientRows[] = {
    {.spec = client_rows::kSpec,
     .run = nullptr,
     .subcommands =
         std::span<const command::Row<Context>>(client_rows::kSubcommands<Context, kAdapt>)
             .first(std::size(client_rows::kSubcommands<Context, kAdapt>) - 1)}};

}  // namespace quorate::session
