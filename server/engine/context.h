// What one command handler sees: its arguments, the reply writer, the keyspace through the role's
// expiry rules, and the ways to say what it changed. A handler reads its arguments, replies once,
// and calls Modified and Notify for each key it changed. What replicas must see differently from
// the request itself it says with ReplaceEffect, AddEffect or NoEffect.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <span>
#include <string_view>

#include "server/config/notify_events.h"
#include "server/config/settings.h"
#include "server/engine/command_table.h"
#include "server/store/databases.h"
#include "server/store/keyspace.h"
#include "shared/base/time.h"
#include "shared/resp/writer.h"

namespace quorate::server::engine {

class Engine;
class Session;

class Context {
 public:
  Context(Engine& engine, Session& session, const Command& command,
          std::span<const std::string_view> args);

  // ---- the request
  const std::span<const std::string_view> args;  // args[0] is the command's name as sent
  size_t argc() const { return args.size(); }
  std::string_view arg(size_t index) const { return args[index]; }

  Engine& engine;
  Session& session;
  const Command& command;
  resp::Writer& reply;
  const base::Instant now;
  const base::WallTime wall;

  // ---- the keyspace
  // The session's database.
  store::Keyspace& db();
  // args[index] with its hash, for every call below.
  store::Lookup Key(size_t index) { return db().Prepare(args[index]); }
  // The live record, or nullptr. Counts a hit or a miss, marks the access, notifies keymiss. A
  // logically expired key is nullptr: on a primary it is deleted and its deletion is an effect of
  // its own, on a replica it is only hidden.
  store::Record* FindForRead(const store::Lookup& key);
  // The same without marking the access, for commands that look at a key without using its value
  // (EXISTS, TYPE, TTL).
  store::Record* FindUntouched(const store::Lookup& key);
  // The same without statistics, for commands that write, and in any database.
  store::Record* FindForWrite(const store::Lookup& key) { return FindForWrite(key, database()); }
  store::Record* FindForWrite(const store::Lookup& key, int database_index);
  // For commands that overwrite the key unseen: a logically expired key is deleted, which is an
  // effect of its own.
  void DropIfExpired(const store::Lookup& key) {
    if (db().expires_size() != 0) DropExpired(key);
  }
  // Without touching the access bits or statistics (OBJECT, SCAN's filter...).
  store::Record* Peek(const store::Lookup& key);
  // Sets a new or rewritten record's access bits as the eviction policy wants them.
  void MarkAccess(store::Record& record);
  int database() const { return database_; }

  // ---- what was changed
  // One change of `key`, in this session's database unless said otherwise: watchers are marked and
  // the request (or what replaces it) becomes an effect. Call after the change.
  void Modified(const store::Lookup& key) { Modified(key, database_); }
  void Modified(const store::Lookup& key, int database_index);
  // The second key of one change (RENAME, MOVE): only its watchers are marked.
  void AlsoModified(const store::Lookup& key, int database_index);
  // Changes that are not about one key (FLUSHALL, SWAPDB).
  void CountChanges(int64_t n) { changes_ += n; }
  int64_t changes() const { return changes_; }
  void Notify(config::NotifyEvents kind, std::string_view event, std::string_view key) {
    Notify(kind, event, key, database_);
  }
  void Notify(config::NotifyEvents kind, std::string_view event, std::string_view key,
              int database_index);

  // Replicas see this instead of the request.
  void ReplaceEffect(std::initializer_list<std::string_view> effect) {
    ReplaceEffect(std::span(effect.begin(), effect.size()));
  }
  void ReplaceEffect(std::span<const std::string_view> effect);
  // Replicas see this before the request's own effect; several effects become one MULTI/EXEC.
  void AddEffect(std::initializer_list<std::string_view> effect);
  // Replicas see nothing of the request itself.
  void NoEffect() { own_effect_ = OwnEffect::kNone; }
  // Replicas see the request even if it changed nothing (FLUSHALL, PUBLISH).
  void ForceEffect() { forced_ = true; }

  // ---- replies
  void Error(std::string_view text) { reply.Error(text); }
  // If `record` is no string: answers -WRONGTYPE and returns true.
  bool RefuseWrongType(const store::Record* record,
                       store::ValueType wanted = store::ValueType::kString);

 private:
  friend class Engine;
  enum class OwnEffect : uint8_t { kRequest, kReplaced, kNone };
  store::Record* Look(const store::Lookup& key);
  void DropExpired(const store::Lookup& key);

  const int database_;
  int64_t changes_ = 0;
  OwnEffect own_effect_ = OwnEffect::kRequest;
  bool forced_ = false;
};

}  // namespace quorate::server::engine
