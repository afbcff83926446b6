#include "server/engine/transaction.h"

#include <algorithm>

#include "server/engine/session.h"

namespace quorate::server::engine {

QueuedCommand::QueuedCommand(const Command& command, std::span<const std::string_view> args)
    : command_(&command) {
  size_t total = 0;
  for (std::string_view arg : args) total += arg.size();
  bytes_.reserve(total);
  ends_.reserve(args.size());
  for (std::string_view arg : args) {
    bytes_ += arg;
    ends_.push_back(bytes_.size());
  }
}

void QueuedCommand::Args(std::vector<std::string_view>& out) const {
  out.clear();
  size_t begin = 0;
  for (const size_t end : ends_) {
    out.push_back(std::string_view(bytes_).substr(begin, end - begin));
    begin = end;
  }
}

void WatchTable::Watch(Session& session, DbKey key, bool expired) {
  for (const DbKey& already : session.watched.keys)
    if (already == key) return;
  watchers_[key].push_back({&session, expired});
  session.watched.keys.push_back(std::move(key));
}

void WatchTable::UnwatchAll(Session& session) {
  for (const DbKey& key : session.watched.keys) {
    const auto it = watchers_.find(key);
    if (it == watchers_.end()) continue;
    std::erase_if(it->second, [&](const Watcher& watcher) { return watcher.session == &session; });
    if (it->second.empty()) watchers_.erase(it);
  }
  session.watched.keys.clear();
  session.watched.dirty = false;
}

void WatchTable::Touch(int db, std::string_view key, bool present) {
  if (watchers_.empty()) return;
  const auto it = watchers_.find(DbKey{db, std::string(key)});
  if (it == watchers_.end()) return;
  for (Watcher& watcher : it->second) {
    if (watcher.expired && !present) {
      watcher.expired = false;  // the expired key is gone: nothing changed for its watcher
      continue;
    }
    MarkDirty(*watcher.session);
  }
}

void WatchTable::Replaced(Watcher& watcher, KeyState before, KeyState after) {
  if (before == KeyState::kAbsent && after == KeyState::kAbsent) return;
  if (watcher.expired && after != KeyState::kLive) {
    watcher.expired = after == KeyState::kExpired;
    return;
  }
  if (before == KeyState::kAbsent && after == KeyState::kExpired) {
    watcher.expired = true;  // still nothing there for its watcher
    return;
  }
  MarkDirty(*watcher.session);
}

void WatchTable::MarkDirty(Session& session) { session.watched.dirty = true; }

}  // namespace quorate::server::engine
