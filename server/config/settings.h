// Everything that can be configured about the server, as one plain struct; its initialisers are the
// defaults. It holds what was configured, not what became of it (a requested port, not a bound
// socket). server/config/table.h ties each member to its directive. What the server does not honour
// is only kept, in `kept`.
#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "server/config/notify_events.h"
#include "server/store/eviction_policy.h"
#include "shared/base/ids.h"
#include "shared/base/log_level.h"
#include "shared/config/process_settings.h"

namespace quorate::server::config {

using base::LogLevel;
using quorate::config::Supervised;
using store::EvictionPolicy;

// Who may use DEBUG, or set protected directives: nobody, clients on a loopback or unix connection,
// everybody.
enum class ProtectedAction { kNo, kLocal, kYes };

// What a replica's clients see while a snapshot arrives.
enum class SnapshotArrival { kOldData, kOldDataIfAny, kOldDataIfOfTheSameHistory };

// What a replica does about a command of its primary's stream that fails here.
enum class PropagationErrors { kIgnore, kPanic, kPanicOnReplicas };

// The classes of client-output-buffer-limit.
enum class ClientClass { kNormal = 0, kReplica = 1, kPubSub = 2 };
struct OutputBufferLimit {
  uint64_t hard_bytes = 0;  // 0: no limit
  uint64_t soft_bytes = 0;
  std::chrono::seconds soft_time{0};
  friend bool operator==(const OutputBufferLimit&, const OutputBufferLimit&) = default;
};

// Save when so many seconds have passed and so many keys have changed.
struct SavePoint {
  int64_t seconds = 0;
  int64_t changes = 0;
  friend bool operator==(const SavePoint&, const SavePoint&) = default;
};
struct SavePoints {
  std::vector<SavePoint> points = {{3600, 1}, {300, 100}, {60, 10000}};
  // The next line adds to them: the first one of a file replaces the defaults. Not a setting.
  bool lines_add = false;
  friend bool operator==(const SavePoints& a, const SavePoints& b) { return a.points == b.points; }
};

struct ServerSettings {
  // -- network
  uint16_t port = 6379;  // 0: no TCP
  // Addresses to listen on. A leading '-' makes one optional; "*" is every IPv4 address, "::*"
  // every IPv6 one.
  std::vector<std::string> bind = {"*", "-::*"};
  std::string unixsocket;
  uint32_t unixsocketperm = 0;  // 0: as the umask leaves it
  int tcp_backlog = 511;
  std::chrono::seconds tcp_keepalive{300};  // 0: off
  std::chrono::seconds timeout{0};          // 0: idle clients stay
  bool protected_mode = true;

  // -- security
  std::string requirepass;  // empty: none
  ProtectedAction enable_debug_command = ProtectedAction::kNo;
  ProtectedAction enable_protected_configs = ProtectedAction::kNo;
  std::vector<std::pair<std::string, std::string>>
      rename_command;  // (old, new); new is empty: the command is removed

  // -- general
  int databases = 16;
  LogLevel loglevel = LogLevel::kNotice;
  std::string logfile;  // empty: standard output
  bool daemonize = false;
  std::string pidfile;
  Supervised supervised = Supervised::kNo;
  std::string dir = "./";
  int hz = 10;
  int active_expire_effort = 1;
  std::chrono::seconds shutdown_timeout{10};

  // -- snapshot
  SavePoints save;
  std::string dbfilename = "dump.rdb";
  bool stop_writes_on_bgsave_error = true;
  bool rdb_compression = true;
  bool rdb_checksum = true;
  std::chrono::microseconds rdb_key_save_delay{0};
  std::chrono::microseconds key_load_delay{0};

  // -- memory
  uint64_t maxmemory = 0;  // 0: no limit
  EvictionPolicy maxmemory_policy = EvictionPolicy::kNoEviction;
  int maxmemory_samples = 5;
  int lfu_log_factor = 10;
  int lfu_decay_time = 1;  // minutes
  bool lazyfree_lazy_eviction = false;
  bool lazyfree_lazy_expire = false;
  bool lazyfree_lazy_user_flush = false;
  bool replica_lazy_flush = false;

  // -- clients
  uint32_t maxclients = 10000;
  std::array<OutputBufferLimit, 3> client_output_buffer_limit = {
      OutputBufferLimit{},
      OutputBufferLimit{256ULL << 20, 64ULL << 20, std::chrono::seconds(60)},
      OutputBufferLimit{32ULL << 20, 8ULL << 20, std::chrono::seconds(60)},
  };  // indexed by ClientClass
  uint64_t client_query_buffer_limit = 1ULL << 30;
  uint64_t proto_max_bulk_len = 512ULL << 20;

  // -- replication
  std::optional<base::Endpoint> replicaof;  // empty: a primary
  std::string masterauth;
  std::string masteruser;
  std::string replica_announce_ip;     // empty: the address seen by the primary
  uint16_t replica_announce_port = 0;  // 0: `port`
  bool replica_announced = true;
  int replica_priority = 100;
  bool replica_read_only = true;
  bool replica_serve_stale_data = true;
  bool replica_ignore_maxmemory = true;
  bool replica_refuse_empty_primary = true;
  PropagationErrors propagation_error_behavior = PropagationErrors::kIgnore;
  uint64_t repl_backlog_size = 1ULL << 20;
  uint64_t repl_backlog_disk_size = 0;          // 0: none
  std::chrono::seconds repl_backlog_ttl{3600};  // 0: kept for ever
  std::chrono::seconds repl_timeout{60};
  std::chrono::seconds repl_ping_replica_period{10};
  bool repl_diskless_sync = true;
  std::chrono::seconds repl_diskless_sync_delay{5};
  int repl_diskless_sync_max_replicas = 0;
  int repl_max_concurrent_full_syncs = 0;  // 0: no limit
  bool repl_disable_tcp_nodelay = false;
  SnapshotArrival repl_diskless_load = SnapshotArrival::kOldData;
  int rollback_max_files = 16;              // 0: what a full sync throws away is not recorded
  uint64_t rollback_max_size = 1ULL << 30;  // 0: no limit
  bool rollback_required = false;
  int min_replicas_to_write = 0;
  std::chrono::seconds min_replicas_max_lag{10};
  std::chrono::milliseconds primary_lease{0};  // 0: writes need no sentinels

  // -- observation
  NotifyEvents notify_keyspace_events = kNotifyNothing;
  std::chrono::microseconds slowlog_log_slower_than{10000};  // negative: off; 0: every command
  int64_t slowlog_max_len = 128;
  std::chrono::milliseconds latency_monitor_threshold{0};  // 0: off
  bool latency_tracking = true;
  std::vector<double> latency_tracking_info_percentiles = {50, 99, 99.9};

  // -- unhonoured
  quorate::config::KeptValues kept;

  const OutputBufferLimit& output_buffer_limit(ClientClass client_class) const {
    return client_output_buffer_limit[static_cast<size_t>(client_class)];
  }

  friend bool operator==(const ServerSettings&, const ServerSettings&) = default;
};

}  // namespace quorate::server::config
