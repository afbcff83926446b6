// MULTI's queue and WATCH's keys. A queued command owns its arguments (one string, sliced), because
// the request buffer is gone by the time EXEC runs.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "shared/command/registry.h"

namespace quorate::server::engine {

using command::Command;
class Session;

class QueuedCommand {
 public:
  QueuedCommand(const Command& command, std::span<const std::string_view> args);
  const Command& command() const { return *command_; }
  size_t memory_usage() const {
    return sizeof *this + bytes_.capacity() + ends_.capacity() * sizeof(size_t);
  }
  // Views into this object; valid while it is not moved.
  void Args(std::vector<std::string_view>& out) const;

 private:
  const Command* command_;
  std::string bytes_;
  std::vector<size_t> ends_;
};

struct Transaction {
  std::vector<QueuedCommand> commands;
  bool aborted = false;  // a queued command was refused: EXEC answers -EXECABORT
};

// A key of one database.
struct DbKey {
  int db = 0;
  std::string key;
  friend bool operator==(const DbKey&, const DbKey&) = default;
};
struct DbKeyHash {
  size_t operator()(const DbKey& k) const noexcept {
    return std::hash<std::string>()(k.key) * 31 + static_cast<size_t>(k.db);
  }
};

// One session's WATCH state.
struct WatchedKeys {
  std::vector<DbKey> keys;
  bool dirty = false;  // some watched key changed: EXEC answers a null array
};

// A watched key as its watchers see it: what expired but is not yet deleted is gone for them too.
enum class KeyState : uint8_t { kAbsent, kExpired, kLive };

// Who watches which key. Every modification asks it, so an empty table costs nothing.
class WatchTable {
 public:
  bool empty() const { return watchers_.empty(); }
  // `expired`: the key is in the keyspace but past its expiry. Its later deletion is then no
  // change.
  void Watch(Session& session, DbKey key, bool expired);
  void UnwatchAll(Session& session);
  // Marks the key's watchers dirty. `present`: the key exists after the modification.
  void Touch(int db, std::string_view key, bool present);
  // Everything may have changed (a full resync).
  void TouchAll() {
    TouchReplaced([](int, std::string_view) { return KeyState::kLive; },
                  [](int, std::string_view) { return KeyState::kLive; });
  }
  // Whole databases get other contents (FLUSHALL, SWAPDB): before(db, key) and after(db, key) tell
  // each watched key's KeyState; both say kAbsent for the databases that do not change.
  template <typename Before, typename After>
  void TouchReplaced(Before&& before, After&& after) {
    for (auto& [key, watchers] : watchers_) {
      const KeyState was = before(key.db, std::string_view(key.key));
      const KeyState is = after(key.db, std::string_view(key.key));
      for (Watcher& watcher : watchers) Replaced(watcher, was, is);
    }
  }
  // True if a key that was live when `session` watched it is expired by `is_expired(db, key)` now.
  template <typename Predicate>
  bool AnyExpiredSince(const Session& session, const WatchedKeys& watched,
                       Predicate&& is_expired) const {
    for (const DbKey& key : watched.keys) {
      for (const Watcher& watcher : watchers_.at(key))
        if (watcher.session == &session && !watcher.expired &&
            is_expired(key.db, std::string_view(key.key)))
          return true;
    }
    return false;
  }

 private:
  struct Watcher {
    Session* session;
    bool expired;
  };
  static void MarkDirty(Session& session);
  static void Replaced(Watcher& watcher, KeyState before, KeyState after);

  std::unordered_map<DbKey, std::vector<Watcher>, DbKeyHash> watchers_;
};

}  // namespace quorate::server::engine
