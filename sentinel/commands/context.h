// What one command handler of the sentinel sees.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "sentinel/commands/host.h"
#include "shared/command/table.h"
#include "shared/resp/writer.h"
#include "shared/session/client.h"

namespace quorate::sentinel::commands {

struct Context {
  Host& host;
  session::Client& client;
  const command::Command& command;
  std::span<const std::string_view> args;  // args[0] is the command's name as sent

  resp::Writer& reply() const { return client.writer; }
  size_t argc() const { return args.size(); }
  std::string_view arg(size_t index) const { return args[index]; }
  std::string text(size_t index) const { return std::string(args[index]); }
  void Error(std::string_view text) const { client.writer.Error(text); }
};

using CommandRow = command::Row<Context>;
using CommandTable = command::Table<Context>;
using Rows = std::span<const CommandRow>;

// Fills the table. Once, before the first client.
void RegisterAll(CommandTable& table);

// The families; rows stand beside their handlers.
Rows ConnectionRows();
Rows PubSubRows();
Rows ProcessRows();   // INFO, ROLE, SHUTDOWN
Rows SentinelRows();  // the rows of SENTINEL; its handlers are below, by what they do

// SENTINEL subcommands that only look.
void SentinelMasters(Context& context);
void SentinelMaster(Context& context);
void SentinelReplicas(Context& context);
void SentinelSentinels(Context& context);
void SentinelMyid(Context& context);
void SentinelGetMasterAddrByName(Context& context);
void SentinelCkquorum(Context& context);
void SentinelExplain(Context& context);
void SentinelHistory(Context& context);
void SentinelInfoCache(Context& context);
void SentinelPendingScripts(Context& context);
void SentinelHelp(Context& context);

// Those that change something, or ask the core to judge.
void SentinelIsMasterDownByAddr(Context& context);
void SentinelReset(Context& context);
void SentinelFailover(Context& context);
void SentinelSwitchover(Context& context);
void SentinelMonitor(Context& context);
void SentinelRemove(Context& context);
void SentinelSet(Context& context);
void SentinelFlushconfig(Context& context);
void SentinelForget(Context& context);
void SentinelPause(Context& context);
void SentinelResume(Context& context);
void SentinelSimulateFailure(Context& context);

// The process' own settings.
void SentinelConfig(Context& context);
void SentinelDebug(Context& context);

}  // namespace quorate::sentinel::commands
