#include "scripts/ops/temporary_settings.h"

#include <algorithm>
#include <optional>
#include <set>
#include <utility>

#include "scripts/ops/ask.h"

namespace quorate::ops {
namespace {

constexpr base::Duration kTimeout = std::chrono::seconds(2);

base::Status StatusOf(const Command& command, const base::Result<resp::Value>& reply) {
  if (reply && !reply->is_error()) return {};
  std::string what;
  for (const std::string& word : command) what += word + (&word == &command.back() ? ": " : " ");
  return base::Error{what + (reply ? reply->text : reply.error().message)};
}

base::Status Tell(Foreground& foreground, const base::Endpoint& server, const Command& command) {
  return StatusOf(command, Ask(foreground, server, command, kTimeout));
}

// Nothing: the server does not know the directive.
base::Result<std::optional<std::string>> Get(Foreground& foreground, const base::Endpoint& server,
                                             const std::string& directive) {
  const Command command = {"CONFIG", "GET", directive};
  const auto reply = Ask(foreground, server, command, kTimeout);
  if (auto status = StatusOf(command, reply); !status) return status.error();
  const resp::Value* value = reply->Find(directive);
  if (value == nullptr) return std::optional<std::string>();
  return std::optional<std::string>(value->text);
}

}  // namespace

TemporarySettings::~TemporarySettings() {
  if (changed_.empty()) return;
  Foreground own;  // an interrupted one waits for no answer any more
  (void)RestoreOver(own);
}

base::Status TemporarySettings::Change(const Changed& before, const std::string& value) {
  const Command command = {"CONFIG", "SET", before.directive, value};
  changed_.push_back(before);
  const auto reply = Ask(foreground_, before.server, command, kTimeout);
  // Without an answer it may have been set all the same.
  if (reply && reply->is_error()) changed_.pop_back();
  return StatusOf(command, reply);
}

base::Status TemporarySettings::Set(const base::Endpoint& server, const std::string& directive,
                                    const std::string& value) {
  const auto before = Get(foreground_, server, directive);
  if (!before) return before.error();
  if (!*before) return base::Error{server.ToString() + " has no directive " + directive};
  return Change({server, directive, **before}, value);
}

base::Result<TemporarySettings::Before> TemporarySettings::TurnOn(const base::Endpoint& server,
                                                                  const std::string& directive,
                                                                  const std::string& off,
                                                                  const std::string& on) {
  const auto before = Get(foreground_, server, directive);
  if (!before) return before.error();
  if (!*before) return Before::kUnknown;
  if (**before != off) return Before::kOn;
  if (auto status = Change({server, directive, off}, on); !status) return status.error();
  return Before::kOff;
}

base::Status TemporarySettings::Rewrite() {
  std::set<base::Endpoint> servers;
  for (const Changed& changed : changed_) servers.insert(changed.server);
  for (const base::Endpoint& server : servers) {
    if (auto status = Tell(foreground_, server, {"CONFIG", "REWRITE"}); !status) return status;
  }
  return {};
}

base::Status TemporarySettings::Restore() { return RestoreOver(foreground_); }

base::Status TemporarySettings::RestoreOver(Foreground& foreground) {
  base::Status restored;
  std::set<base::Endpoint> servers;
  std::vector<Changed> changed = std::exchange(changed_, {});
  std::ranges::reverse(changed);
  for (const Changed& was : changed) {
    const Command command = {"CONFIG", "SET", was.directive, was.value};
    if (auto status = Tell(foreground, was.server, command); !status) restored = status;
    servers.insert(was.server);
  }
  for (const base::Endpoint& server : servers) {
    if (auto status = Tell(foreground, server, {"CONFIG", "REWRITE"}); !status) restored = status;
  }
  return restored;
}

}  // namespace quorate::ops
