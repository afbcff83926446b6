#include "server/engine/context.h"

#include "server/engine/engine.h"
#include "shared/resp/errors.h"

namespace quorate::server::engine {

Context::Context(Engine& the_engine, Session& the_session, const Command& the_command,
                 std::span<const std::string_view> the_args)
    : args(the_args),
      engine(the_engine),
      session(the_session),
      command(the_command),
      reply(the_session.writer),
      now(the_engine.now()),
      wall(the_engine.wall()),
      database_(the_session.db) {}

store::Keyspace& Context::db() { return engine.databases()[static_cast<size_t>(database_)]; }

store::Record* Context::Look(const store::Lookup& key) {
  store::Record* record = Peek(key);
  if (record == nullptr) {
    ++engine.stats().keyspace_misses;
    Notify(config::kNotifyKeyMiss, "keymiss", key.key);
    return nullptr;
  }
  ++engine.stats().keyspace_hits;
  return record;
}

store::Record* Context::FindForRead(const store::Lookup& key) {
  store::Record* record = Look(key);
  if (record != nullptr) MarkAccess(*record);
  return record;
}

store::Record* Context::FindUntouched(const store::Lookup& key) { return Look(key); }

store::Record* Context::FindForWrite(const store::Lookup& key, int database_index) {
  store::Record* record = engine.databases()[static_cast<size_t>(database_index)].Find(key);
  if (record == nullptr) return nullptr;
  if (record->has_expiry() && engine.DeleteIfExpired(session, database_index, key, *record))
    return nullptr;
  MarkAccess(*record);
  return record;
}

void Context::DropExpired(const store::Lookup& key) {
  const store::Record* record = db().Find(key);
  if (record != nullptr && record->has_expiry())
    engine.DeleteIfExpired(session, database_, key, *record);
}

store::Record* Context::Peek(const store::Lookup& key) {
  store::Record* record = db().Find(key);
  if (record != nullptr && record->has_expiry() &&
      engine.HideIfExpired(session, database_, key, *record))
    return nullptr;
  return record;
}

void Context::MarkAccess(store::Record& record) { record.set_access(engine.AccessBits(record)); }

void Context::Modified(const store::Lookup& key, int database_index) {
  ++changes_;
  AlsoModified(key, database_index);
}

void Context::AlsoModified(const store::Lookup& key, int database_index) {
  if (!engine.settings().replica_read_only && session.kind != SessionKind::kPrimary &&
      engine.replication().is_replica())
    engine.RememberOwnExpiry(database_index, key);
  if (engine.watches().empty()) return;
  const bool present = engine.databases()[static_cast<size_t>(database_index)].Find(key) != nullptr;
  engine.watches().Touch(database_index, key.key, present);
}

void Context::Notify(config::NotifyEvents kind, std::string_view event, std::string_view key,
                     int database_index) {
  engine.Notify(kind, event, key, database_index);
}

void Context::ReplaceEffect(std::span<const std::string_view> effect) {
  engine.propagation().Add(database_, effect);
  own_effect_ = OwnEffect::kReplaced;
}

void Context::AddEffect(std::initializer_list<std::string_view> effect) {
  engine.propagation().Add(database_, effect);
}

bool Context::RefuseWrongType(const store::Record* record, store::ValueType wanted) {
  if (record == nullptr || record->type() == wanted) return false;
  reply.Error(resp::errors::kWrongType);
  return true;
}

}  // namespace quorate::server::engine
