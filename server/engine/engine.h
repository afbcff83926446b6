// The server engine: turns requests into replies, keyspace changes and replication effects. Pure:
// time comes in with BeginTurn, everything that leaves goes through Host and ReplicationPort. One
// thread; every command is atomic.
//
// The life of a request: Feed parses it in place, Judge (dispatcher.h) decides whether it may run
// (arity, authentication, memory, role, pause, MULTI), its handler runs with a Context, and the
// unit's effects go to the replication stream. The reply stays in session.output; the runtime
// flushes all ready sessions at the end of the loop turn.
//
// Its parts: engine.cpp (sessions, requests), engine_keyspace.cpp (expiry, eviction, whole
// databases, notifications), engine_blocking.cpp (WAIT, pauses, changes of role),
// engine_offsets.cpp (positions in the history, and who waits for one), engine_cron.cpp (periodic
// work).
//
// Invariants
//   N1  A session is in the ready list at most once, and only while registered.
//   N2  Between two calls from outside the propagation unit is empty: every effect is in the
//       stream.
//   N3  While we are a replica nobody but the primary's session (or a client of a writable
//       replica, or our own eviction under replica-ignore-maxmemory no) changes the keyspace.
//   N4  A blocked session runs nothing; its requests wait in session.input.
//   N5  A session of kind kMonitor is in monitors_, and no other is.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "server/config/settings.h"
#include "server/engine/client_pause.h"
#include "server/engine/clients.h"
#include "server/engine/command_table.h"
#include "server/engine/fencing.h"
#include "server/engine/host.h"
#include "server/engine/latency_monitor.h"
#include "server/engine/monitors.h"
#include "server/engine/own_expiries.h"
#include "server/engine/propagation.h"
#include "server/engine/replication_port.h"
#include "server/engine/session.h"
#include "server/engine/slowlog.h"
#include "server/engine/stats.h"
#include "server/engine/transaction.h"
#include "server/store/databases.h"
#include "server/store/eviction.h"
#include "server/store/expiry.h"
#include "shared/base/random.h"
#include "shared/base/time.h"
#include "shared/session/pubsub.h"

namespace quorate::server::engine {

// Connected over a loopback address or a unix socket.
bool IsLocal(const Session& session);

class Engine {
 public:
  Engine(config::ServerSettings& settings, store::Databases& databases,
         ReplicationPort& replication, Host& host, base::Random random, base::RunId run_id,
         base::Instant started);

  // The table is filled once, before the first session (server/commands/all.h).
  CommandTable& table() { return table_; }
  const CommandTable& table() const { return table_; }
  void OnTableComplete() { stats_.commands.resize(table_.size()); }

  // ---- sessions
  void AddSession(Session& session);
  void RemoveSession(Session& session);
  const std::map<uint64_t, Session*>& sessions() const { return sessions_; }
  Session* FindSession(uint64_t id) const;
  size_t waiting_count() const { return waiting_for_acks_.size() + waiting_for_offset_.size(); }
  uint64_t NextSessionId() { return ++last_session_id_; }

  // ---- time and input
  // Time of everything until the next call. Called at least once per loop turn before Feed.
  void BeginTurn(base::Instant now, base::WallTime wall) {
    now_ = now;
    wall_ = wall;
    command_clock_ = base::Instant{};
  }
  base::Instant now() const { return now_; }
  base::WallTime wall() const { return wall_; }

  // Runs every complete request of `bytes` (after what the session had left over) until it blocks
  // or closes.
  void Feed(Session& session, std::string_view bytes);
  // Runs what a session had left over when it was blocked.
  void Resume(Session& session) { Feed(session, {}); }
  // Call it `hz` times a second, and at NextDeadline: deadlines of WAIT and CLIENT PAUSE, active
  // expiry, eviction if maxmemory was lowered, idle clients, rates.
  void Cron();
  // When Cron must run even if its period has not passed; Instant::max() if nothing waits for that.
  base::Instant NextDeadline() const;

  // Sessions with output or a close mark since the last TakeReady, in order; those whose output
  // went over client-output-buffer-limit are marked for closing here. Valid until the next call.
  std::span<Session* const> TakeReady();
  void MarkReady(Session& session) {
    if (session.listed_ready) return;
    session.listed_ready = true;
    ready_.push_back(&session);
  }

  // `input` begins with a request: has the memory fetched that it and those behind it will need.
  // Returns for how many requests (at least 1) there is no need to ask again.
  size_t FetchAhead(const Session& session, std::string_view input) const;

  // ---- replication
  // What became of a command of the primary's stream. An error is what the primary's own client got
  // as well (a write that is deterministic and fails, such as -WRONGTYPE): the stream goes on.
  struct Applied {};
  struct AnsweredError {
    std::string error;
  };
  // There is no such command here, or not with these arguments, or it has no place in a stream:
  // nothing was changed, and going on would leave this replica with other data than its primary.
  struct Unrunnable {
    std::string error;
  };
  using ApplyOutcome = std::variant<Applied, AnsweredError, Unrunnable>;
  // Runs one command of the primary's stream in the session of kind kPrimary. Never refused for
  // role, memory or pause; the reply is dropped. Errors of either kind are counted
  // (unexpected_error_replies); EXEC's is the first that one of its commands answered.
  ApplyOutcome ApplyFromPrimary(Session& primary, std::span<const std::string_view> args,
                                std::string_view raw);
  // Some replica acknowledged more: resolves WAITs.
  void OnReplicaAcknowledged();
  // A primary became a replica, a replica a primary, or a replica got another primary: effects that
  // are not in the stream yet belong to no history and are dropped, WAITs end with -UNBLOCKED, and
  // waits for an offset go on. Watches stay: the keyspace is the same.
  void OnRoleChanged();
  // The whole keyspace was replaced (full resync): every watcher is marked, eviction starts afresh.
  void OnKeyspaceReplaced();
  // Call at the end of a turn: the history may have gone on, or become another.
  void ResolveOffsetWaits();

  // ---- acts shared by handlers
  // True if `record` is past its expiry as this session must see it. As a primary the key is
  // deleted then, and its deletion is an effect; a replica, or a primary while clients are paused,
  // only hides it; and the primary's own session sees every key.
  bool HideIfExpired(Session& session, int db, const store::Lookup& key,
                     const store::Record& record);
  // The same for writers: a writable replica deletes what it may overwrite, without propagating.
  bool DeleteIfExpired(Session& session, int db, const store::Lookup& key,
                       const store::Record& record);
  // A client of a writable replica changed the key: if it has an expiry, it is ours to enforce.
  void RememberOwnExpiry(int db, const store::Lookup& key);
  // The access bits of a record that is used now, by the eviction policy.
  uint32_t AccessBits(const store::Record& record);
  void Notify(config::NotifyEvents kind, std::string_view event, std::string_view key, int db) {
    if ((settings_.notify_keyspace_events & kind) != 0) Publish(event, key, db);
  }
  // Runs a command that has been judged: a request, or one of EXEC's. Its effects join the unit in
  // progress.
  void Execute(Session& session, const Command& command, std::span<const std::string_view> args,
               std::string_view raw);
  // CONFIG RESETSTAT.
  void ResetStatistics();
  // RESET: as a client that has just connected.
  void ResetSession(Session& session);
  // MONITOR: from now on the session is shown what runs.
  void BeginMonitoring(Session& session);
  // WAIT: blocks the session until enough replicas acknowledge or `deadline` passes.
  void BlockOnWait(Session& session, BlockedOnWait wait);
  // QUORATE OFFSET: where the history stood after the session's last command, which is at or behind
  // everything that it has written or seen; for a session that has run nothing, where it stands
  // now. nullopt: the dataset in which that was has been replaced by a full resync.
  std::optional<replication::core::Position> LastPosition(const Session& session) const;
  // QUORATE WAITOFFSET: answers 1 when our data contains the position, 0 at the deadline (inside
  // MULTI: at once), -NOHISTORY when it cannot come: we are a primary, or a replica in sync, of a
  // history that does not go through it. A node that loads, or has lost its primary, may yet get
  // another history and goes on waiting.
  void WaitForOffset(Session& session, const BlockedOnOffset& wait);
  // Lets a blocked session go on: `answer` writes the reply to the request that it was blocked in.
  void Unblock(Session& session, const std::function<void(resp::Writer&)>& answer);
  // Marks the session for closing; pending output is dropped.
  void Kill(Session& session, std::string_view reason);
  void SetPause(PausePurpose purpose, PauseScope scope, base::Instant until);
  void EndPause(PausePurpose purpose);
  // False on a replica that leaves maxmemory to its primary.
  bool HonoursMaxmemory() const {
    return !replication_.is_replica() || !settings_.replica_ignore_maxmemory;
  }
  // Frees memory until below maxmemory, by policy. False if that is not possible, or not within one
  // call. Nothing is evicted while clients are paused.
  bool EvictIfNeeded();
  // Empties a database, its watchers told; returns how many keys it had.
  size_t FlushDatabase(int db, bool lazily);
  // SWAPDB for two different databases that exist, their watchers told.
  void SwapDatabases(int a, int b);
  // Ends MULTI and WATCH without running anything.
  void DiscardTransaction(Session& session);
  // Frees the former contents of databases: here, or by Host::FreeLater if `lazily`.
  void Release(std::vector<store::Keyspace::Content> contents, bool lazily);

  config::ServerSettings& settings() { return settings_; }
  store::Databases& databases() { return databases_; }
  ReplicationPort& replication() { return replication_; }
  Host& host() { return host_; }
  session::PubSub& pubsub() { return pubsub_; }
  session::ClientDirectory& clients() { return clients_; }
  WatchTable& watches() { return watches_; }
  Propagation& propagation() { return propagation_; }
  Statistics& stats() { return stats_; }
  Slowlog& slowlog() { return slowlog_; }
  LatencyMonitor& latency() { return latency_; }
  const ClientPause& pause() const { return pause_; }
  Fencing& fencing() { return fencing_; }
  base::Random& random() { return random_; }
  const base::RunId& run_id() const { return run_id_; }
  base::Instant started() const { return started_; }
  int64_t last_save_seconds = 0;      // LASTSAVE; start-up time until something is saved
  bool active_expire_enabled = true;  // DEBUG SET-ACTIVE-EXPIRE
  bool loading = false;          // a snapshot replaces the keyspace: most commands answer -LOADING
  bool async_loading = false;    // one is on its way, and clients see the old keyspace until then
  base::WallTime loading_since;  // of either, for a snapshot from the primary
  uint64_t startup_memory = 0;   // used when serving began
  int64_t unsaved_changes = 0;   // INFO rdb_changes_since_last_save
  bool snapshots_fail = false;   // the last save to a file failed

 private:
  // Returns the bytes consumed of `input`.
  size_t RunRequests(Session& session, std::string_view input);
  // False if the request was refused.
  bool Dispatch(Session& session, std::span<const std::string_view> args, std::string_view raw);
  void Refused(Session& session, const Command* command, std::string_view error);
  void Account(Session& session, const Command& command, std::span<const std::string_view> args,
               size_t reply_begin, base::Instant begin);
  void ShowMonitors(const Session& source, const Command& command,
                    std::span<const std::string_view> args);
  void EndUnit(const Command& command);
  KeyState StateOf(const store::Keyspace& keyspace, std::string_view key) const;
  void Publish(std::string_view event, std::string_view key, int db);
  void DeleteKey(int db, const store::Lookup& key, bool lazily, config::NotifyEvents kind,
                 std::string_view event);
  void ActiveExpire();
  // The same on a replica, for what its own clients wrote.
  void ExpireOwn();
  // The host's figure, less what eviction cannot win back and what was evicted since the figure
  // last moved: neither a snapshot in the making nor a stale figure may evict more and more.
  uint64_t MemoryInUse();
  // The same, and not from an old figure if it is much above maxmemory.
  uint64_t MemoryInUseNow();
  void ResolveWaits();
  // Answers and wakes one that is in no list of waiting ones any more.
  void AnswerBlocked(Session& session, const std::function<void(resp::Writer&)>& answer);
  // Takes those out of `waiting` of whom `due` says so, in order.
  template <typename Due>
  static std::vector<Session*> TakeIf(std::vector<Session*>& waiting, const Due& due) {
    std::vector<Session*> taken;
    std::erase_if(waiting, [&](Session* session) {
      if (!due(*session)) return false;
      taken.push_back(session);
      return true;
    });
    return taken;
  }
  bool HistoryMayChange() const;
  replication::core::Standing StandingNow(const replication::core::Position& position) const;
  std::string WhyElsewhere(const replication::core::Position& position) const;
  void AnswerWaitOffset(const replication::core::Position& target, resp::Writer& reply) const;
  // Feeds those whom no pause holds any more what they have sent meanwhile.
  void ResumePaused();
  void CloseIdle();
  void SampleRates();
  void EnforceOutputLimit(Session& session);

  config::ServerSettings& settings_;
  store::Databases& databases_;
  ReplicationPort& replication_;
  Host& host_;
  base::Random random_;
  base::RunId run_id_;
  CommandTable table_;
  session::PubSub pubsub_;
  Clients clients_{*this};
  WatchTable watches_;
  Propagation propagation_;
  Statistics stats_;
  Slowlog slowlog_;
  LatencyMonitor latency_;
  Monitors monitors_;
  ClientPause pause_;
  Fencing fencing_;
  store::ExpiryCycle expiry_cycle_;
  OwnExpiries own_expiries_;
  store::Evictor evictor_;
  uint64_t memory_figure_ = 0;
  uint64_t not_for_eviction_ = 0;  // as of memory_figure_
  uint64_t evicted_since_figure_ = 0;
  base::Instant memory_refreshed_{};

  std::map<uint64_t, Session*> sessions_;
  std::vector<Session*> ready_;
  std::vector<Session*> taken_;               // ready_ of the last TakeReady, for its storage
  std::vector<Session*> waiting_for_acks_;    // BlockedOnWait
  std::vector<Session*> waiting_for_offset_;  // BlockedOnOffset
  uint64_t dataset_number_ = 1;
  std::string stream_error_;  // the first one that ApplyFromPrimary's command answered
  uint64_t last_session_id_ = 0;
  base::Instant now_{};
  base::WallTime wall_{};
  base::Instant started_{};
  // End of the turn's last command, which is the start of the next one: one clock reading a
  // command. Instant{} = none.
  base::Instant command_clock_{};
};

}  // namespace quorate::server::engine
