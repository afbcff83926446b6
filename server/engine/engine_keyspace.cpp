// Engine: what happens to keys beside the commands that name them - expiry, eviction, whole
// databases, notifications.
#include <algorithm>
#include <memory>
#include <utility>

#include "server/engine/engine.h"

namespace quorate::server::engine {

bool Engine::HideIfExpired(Session& session, int db, const store::Lookup& key,
                           const store::Record& record) {
  if (!record.ExpiredAt(wall_) || session.kind == SessionKind::kPrimary) return false;
  if (replication_.is_replica() || pause_.active()) return true;
  DeleteKey(db, key, settings_.lazyfree_lazy_expire, config::kNotifyExpired, "expired");
  ++stats_.expired_keys;
  return true;
}

bool Engine::DeleteIfExpired(Session& session, int db, const store::Lookup& key,
                             const store::Record& record) {
  if (!record.ExpiredAt(wall_) || session.kind == SessionKind::kPrimary) return false;
  DeleteKey(db, key, settings_.lazyfree_lazy_expire, config::kNotifyExpired, "expired");
  ++stats_.expired_keys;
  return true;
}

void Engine::DeleteKey(int db, const store::Lookup& key, bool lazily, config::NotifyEvents kind,
                       std::string_view event) {
  // `key` may point into the record that goes.
  const std::string name(key.key);
  const store::Lookup lookup{name, key.hash};
  store::RecordPtr gone = databases_[static_cast<size_t>(db)].Take(lookup);
  if (gone == nullptr) return;
  ++unsaved_changes;
  propagation_.Add(db, {lazily ? "UNLINK" : "DEL", name});
  watches_.Touch(db, name, false);
  Notify(kind, event, name, db);
}

uint32_t Engine::AccessBits(const store::Record& record) {
  if (!store::UsesLfu(settings_.maxmemory_policy)) return store::LruBits(wall_);
  const store::LfuSettings lfu{settings_.lfu_log_factor, settings_.lfu_decay_time};
  if (record.access() == 0) return store::LfuInitialBits(wall_);
  return store::LfuTouched(record.access(), wall_, lfu, random_);
}

void Engine::ActiveExpire() {
  if (!active_expire_enabled || replication_.is_replica() || pause_.active() || loading) return;
  // As Redis: at most a quarter of the time between two cycles, more with effort.
  const auto period = std::chrono::nanoseconds(std::chrono::seconds(1)) / settings_.hz;
  const base::Duration limit = period * (25 + 2 * (settings_.active_expire_effort - 1)) / 100;
  constexpr size_t kKeysPerStep = 400;
  const base::Instant begin = host_.Now();
  const std::function<bool()> spent = host_.StartBudget(limit);
  store::ExpirySummary summary;
  do {
    summary = expiry_cycle_.Run(
        databases_, wall_, kKeysPerStep, [this](size_t db, store::Record* record) {
          store::Keyspace& keyspace = databases_[db];
          DeleteKey(static_cast<int>(db), keyspace.Prepare(record->key()),
                    settings_.lazyfree_lazy_expire, config::kNotifyExpired, "expired");
          ++stats_.expired_keys;
        });
    propagation_.EndUnit(/*arbitrary_keys=*/true);
    if (summary.sampled != 0)
      stats_.expired_stale_percent = 0.95 * stats_.expired_stale_percent +
                                     0.05 * 100.0 * static_cast<double>(summary.expired) /
                                         static_cast<double>(summary.sampled);
    if (summary.more && spent()) {
      ++stats_.expired_time_cap_reached;
      break;
    }
  } while (summary.more);
  latency_.Record("expire-cycle", wall_, base::ToMs(host_.Now() - begin),
                  settings_.latency_monitor_threshold.count());
}

void Engine::RememberOwnExpiry(int db, const store::Lookup& key) {
  const store::Record* record = databases_[static_cast<size_t>(db)].Find(key);
  if (record != nullptr && record->has_expiry())
    own_expiries_.Remember(db, key.key, record->expire_at_ms());
}

void Engine::ExpireOwn() {
  if (!active_expire_enabled || !replication_.is_replica() || loading) return;
  constexpr size_t kKeysPerTurn = 1000;
  own_expiries_.TakeDue(wall_, kKeysPerTurn, [this](int db, const std::string& name) {
    store::Keyspace& keyspace = databases_[static_cast<size_t>(db)];
    const store::Lookup key = keyspace.Prepare(name);
    const store::Record* record = keyspace.Find(key);
    if (record == nullptr) return;
    if (!record->ExpiredAt(wall_)) return RememberOwnExpiry(db, key);
    DeleteKey(db, key, settings_.lazyfree_lazy_expire, config::kNotifyExpired, "expired");
    ++stats_.expired_keys;
  });
}

uint64_t Engine::MemoryInUse() {
  const uint64_t figure = host_.MemoryUsedBytes();
  if (figure != memory_figure_) {
    memory_figure_ = figure;
    not_for_eviction_ = host_.MemoryNotForEviction();
    evicted_since_figure_ = 0;
  }
  return figure - std::min(figure, not_for_eviction_ + evicted_since_figure_);
}

uint64_t Engine::MemoryInUseNow() {
  // So much may be evicted on the word of a figure that knows nothing of what other threads freed.
  constexpr uint64_t kTrustedExcess = 64 * 1024;
  constexpr base::Duration kRefreshPeriod = std::chrono::milliseconds(1);
  const uint64_t in_use = MemoryInUse();
  if (in_use <= settings_.maxmemory + kTrustedExcess || now_ < memory_refreshed_ + kRefreshPeriod)
    return in_use;
  host_.RefreshMemory();
  memory_refreshed_ = now_;
  return MemoryInUse();
}

bool Engine::EvictIfNeeded() {
  if (settings_.maxmemory == 0 || loading || pause_.active()) return true;
  if (host_.MemoryUsedBytes() <= settings_.maxmemory) return true;
  if (MemoryInUseNow() <= settings_.maxmemory) return true;
  const store::EvictionSettings settings{settings_.maxmemory_policy,
                                         static_cast<size_t>(settings_.maxmemory_samples),
                                         {settings_.lfu_log_factor, settings_.lfu_decay_time}};
  constexpr int kMaxEvictionsPerCall = 10000;
  for (int i = 0; i < kMaxEvictionsPerCall; ++i) {
    const std::optional<store::Victim> victim =
        evictor_.PickVictim(databases_, settings, wall_, random_);
    if (!victim) return false;
    const int db = static_cast<int>(victim->database);
    evicted_since_figure_ += victim->record->UsedBytes();
    DeleteKey(db, databases_[victim->database].Prepare(victim->record->key()),
              settings_.lazyfree_lazy_eviction, config::kNotifyEvicted, "evicted");
    ++stats_.evicted_keys;
    propagation_.EndUnit(/*arbitrary_keys=*/true);
    if (MemoryInUse() <= settings_.maxmemory) return true;
  }
  return false;
}

KeyState Engine::StateOf(const store::Keyspace& keyspace, std::string_view key) const {
  const store::Record* record = keyspace.Find(key);
  if (record == nullptr) return KeyState::kAbsent;
  return record->ExpiredAt(wall_) ? KeyState::kExpired : KeyState::kLive;
}

size_t Engine::FlushDatabase(int db, bool lazily) {
  store::Keyspace& keyspace = databases_[static_cast<size_t>(db)];
  const size_t keys = keyspace.size();
  if (keys == 0) return 0;
  watches_.TouchReplaced(
      [&](int watched_db, std::string_view key) {
        return watched_db == db ? StateOf(keyspace, key) : KeyState::kAbsent;
      },
      [](int, std::string_view) { return KeyState::kAbsent; });
  std::vector<store::Keyspace::Content> content;
  content.push_back(keyspace.Clear());
  Release(std::move(content), lazily);
  evictor_.Reset();
  return keys;
}

void Engine::SwapDatabases(int a, int b) {
  const auto state_in = [&](int db, int watched_db, std::string_view key) {
    const bool concerned = watched_db == a || watched_db == b;
    return concerned ? StateOf(databases_[static_cast<size_t>(db)], key) : KeyState::kAbsent;
  };
  watches_.TouchReplaced(
      [&](int db, std::string_view key) { return state_in(db, db, key); },
      [&](int db, std::string_view key) { return state_in(db == a ? b : a, db, key); });
  databases_.SwapDatabases(static_cast<size_t>(a), static_cast<size_t>(b));
  evictor_.Reset();
}

void Engine::DiscardTransaction(Session& session) {
  session.transaction.reset();
  watches_.UnwatchAll(session);
}

void Engine::Release(std::vector<store::Keyspace::Content> contents, bool lazily) {
  host_.RetainForSnapshot(contents);
  if (!lazily || contents.empty()) return;  // freed here, by the destructor
  auto shared = std::make_shared<std::vector<store::Keyspace::Content>>(std::move(contents));
  host_.FreeLater([shared]() mutable { shared->clear(); });
}

void Engine::Publish(std::string_view event, std::string_view key, int db) {
  const std::string number = std::to_string(db);
  if ((settings_.notify_keyspace_events & config::kNotifyKeyspace) != 0)
    pubsub_.Publish("__keyspace@" + number + "__:" + std::string(key), event);
  if ((settings_.notify_keyspace_events & config::kNotifyKeyevent) != 0)
    pubsub_.Publish("__keyevent@" + number + "__:" + std::string(event), key);
}

}  // namespace quorate::server::engine
