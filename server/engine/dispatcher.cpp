#include "server/engine/dispatcher.h"

#include <optional>
#include <string>
#include <utility>

#include "server/engine/engine.h"
#include "shared/base/numbers.h"
#include "shared/resp/errors.h"

namespace quorate::server::engine {

namespace {

namespace flag = command::flag;
namespace errors = resp::errors;

bool NameIs(const Command& command, std::string_view name) {
  return command.spec->name == name && command.parent == nullptr;
}

// Commands that act on the transaction itself instead of being queued.
bool RunsInsideMulti(const Command& command) {
  return NameIs(command, "exec") || NameIs(command, "discard") || NameIs(command, "multi") ||
         NameIs(command, "watch") || NameIs(command, "quit") || NameIs(command, "reset");
}

bool AllowedWhileSubscribed(const Command& command) {
  return command.Has(flag::kPubsub)
             ? !NameIs(command, "publish") && !NameIs(command, "spublish") &&
                   command.parent == nullptr
             : NameIs(command, "ping") || NameIs(command, "quit") || NameIs(command, "reset");
}

// EXEC counts as what it will run.
struct Effects {
  bool write = false;
  bool may_replicate = false;
  bool deny_oom = false;
  bool refused_when_stale = false;
  bool refused_while_loading = false;
  bool refused_while_async_loading = false;
};
Effects EffectsOf(const Session& session, const Command& command) {
  Effects effects;
  effects.write = command.Has(flag::kWrite);
  effects.may_replicate = command.Has(flag::kWrite | flag::kMayReplicate);
  effects.deny_oom = command.Has(flag::kDenyOom);
  effects.refused_when_stale = !command.Has(flag::kStale);
  effects.refused_while_loading = !command.Has(flag::kLoading);
  effects.refused_while_async_loading = command.Has(flag::kNoAsyncLoading);
  if (session.transaction != nullptr && NameIs(command, "exec")) {
    for (const QueuedCommand& queued : session.transaction->commands) {
      const Command& inner = queued.command();
      effects.write |= inner.Has(flag::kWrite);
      effects.may_replicate |= inner.Has(flag::kWrite | flag::kMayReplicate);
      effects.deny_oom |= inner.Has(flag::kDenyOom);
      effects.refused_when_stale |= !inner.Has(flag::kStale);
      effects.refused_while_loading |= !inner.Has(flag::kLoading);
      effects.refused_while_async_loading |= inner.Has(flag::kNoAsyncLoading);
    }
  }
  return effects;
}

bool ProtectedCommandAllowed(const config::ServerSettings& settings, const Session& session) {
  switch (settings.enable_debug_command) {
    case config::ProtectedAction::kYes:
      return true;
    case config::ProtectedAction::kLocal:
      return IsLocal(session);
    case config::ProtectedAction::kNo:
      return false;
  }
  return false;
}

bool SelectsAbsentDatabase(const config::ServerSettings& settings, const Command& command,
                           std::span<const std::string_view> args) {
  if (!NameIs(command, "select")) return false;
  const auto db = base::ParseInt64(args[1]);
  return !db || *db < 0 || *db >= settings.databases;
}

// What a primary's stream consists of: writes, messages, and what frames them. Anything else would
// act on this node itself - its role, its clients, the very session that applies - or do nothing.
bool BelongsInStream(const Command& command) {
  return command.Has(flag::kWrite | flag::kMayReplicate) || NameIs(command, "ping") ||
         NameIs(command, "select") || NameIs(command, "multi") || NameIs(command, "exec") ||
         NameIs(command, "discard");
}

Verdict JudgeFromPrimary(const config::ServerSettings& settings, const Session& session,
                         const Command& command, std::span<const std::string_view> args) {
  if (!BelongsInStream(command))
    return Refuse{"ERR command '" + command.full_name + "' has no place in a replication stream"};
  // What follows would go into the wrong database.
  if (SelectsAbsentDatabase(settings, command, args))
    return Refuse{std::string(errors::kDbOutOfRange)};
  if (session.transaction != nullptr && !RunsInsideMulti(command)) return Queue{};
  return RunNow{};
}

std::string ProtectedRefusal(const Command& command) {
  const std::string name =
      NameIs(command, "debug") || command.parent != nullptr ? "DEBUG" : command.full_name;
  return "ERR " + name +
         " command not allowed. If the enable-debug-command option is set to \"local\", you can "
         "run "
         "it from a local connection, otherwise you need to set this option in the configuration "
         "file, and then restart the server.";
}

// What the state of the server or of the session forbids; the first reason in Redis' order.
std::optional<Refuse> RefusalByState(Engine& engine, const Session& session, const Command& command,
                                     const Effects& effects) {
  const config::ServerSettings& settings = engine.settings();
  if (engine.snapshots_fail && settings.stop_writes_on_bgsave_error &&
      !settings.save.points.empty() && (effects.write || NameIs(command, "ping"))) {
    return Refuse{std::string(errors::kMisconf)};
  }
  if (effects.write && settings.min_replicas_to_write > 0 &&
      settings.min_replicas_max_lag.count() != 0 && !engine.replication().is_replica() &&
      engine.replication().good_replicas() < settings.min_replicas_to_write) {
    return Refuse{std::string(errors::kNoReplicas)};
  }
  if (effects.write && !engine.replication().is_replica()) {
    const Fencing::Refusal fenced = engine.fencing().WritesRefused(engine.now());
    if (fenced != Fencing::Refusal::kNone) return Refuse{engine.fencing().ErrorText(fenced)};
  }
  if (effects.write && settings.replica_read_only && engine.replication().is_replica()) {
    return Refuse{std::string(errors::kReadOnly)};
  }
  if (session.in_subscriber_mode() && !AllowedWhileSubscribed(command)) {
    return Refuse{errors::SubscribeContext(command.full_name)};
  }
  if (effects.refused_when_stale && !settings.replica_serve_stale_data &&
      engine.replication().is_replica() && !engine.replication().primary_link_up()) {
    return Refuse{std::string(errors::kMasterDown)};
  }
  if ((engine.loading && effects.refused_while_loading) ||
      (engine.async_loading && effects.refused_while_async_loading))
    return Refuse{std::string(errors::kLoading)};
  // A monitor is to Redis a kind of replica, and its keyspace as forbidden.
  if (session.kind != SessionKind::kNormal &&
      command.Has(flag::kWrite | flag::kReadonly | flag::kMayReplicate)) {
    return Refuse{std::string(errors::kReplicaKeyspace)};
  }
  return std::nullopt;
}

}  // namespace

Verdict Judge(Engine& engine, Session& session, const Command* command,
              std::span<const std::string_view> args) {
  if (std::string refusal = command::RefusalOf(engine.table(), command, args); !refusal.empty())
    return Refuse{std::move(refusal)};
  const config::ServerSettings& settings = engine.settings();

  if (command->Has(flag::kProtected) && !ProtectedCommandAllowed(settings, session))
    return Refuse{ProtectedRefusal(*command)};
  if (!session.authenticated && !command->Has(flag::kNoAuth))
    return Refuse{std::string(errors::kNoAuth)};

  if (session.kind == SessionKind::kPrimary)
    return JudgeFromPrimary(settings, session, *command, args);
  if (session.transaction != nullptr && command->Has(flag::kNoMulti))
    return Refuse{std::string(errors::kNotInTransaction)};
  const Effects effects = EffectsOf(session, *command);

  if (settings.maxmemory != 0 && engine.HonoursMaxmemory()) {
    const bool out_of_memory = !engine.EvictIfNeeded();
    if (session.close_now) return RunNow{};  // evicted itself; nothing it says is delivered
    const bool grows_queue = session.transaction != nullptr && !RunsInsideMulti(*command);
    if (out_of_memory && (effects.deny_oom || grows_queue))
      return Refuse{std::string(errors::kOom)};
  }
  if (std::optional<Refuse> refusal = RefusalByState(engine, session, *command, effects))
    return *std::move(refusal);
  // What would be queued waits as well.
  if (engine.pause().active() && session.kind == SessionKind::kNormal &&
      (engine.pause().scope() == PauseScope::kAll || effects.may_replicate)) {
    return Postpone{};
  }
  if (session.transaction != nullptr && !RunsInsideMulti(*command)) return Queue{};
  return RunNow{};
}

}  // namespace quorate::server::engine
