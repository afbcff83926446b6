// What the configuration says about replication. The names are the directives'.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>

#include "shared/base/time.h"

namespace quorate::replication::core {

struct Options {
  // As a primary.
  size_t backlog_size = 1024 * 1024;                      // repl-backlog-size
  uint64_t backlog_disk_size = 0;                         // repl-backlog-disk-size; 0 = none
  base::Duration backlog_ttl = std::chrono::hours(1);     // repl-backlog-ttl; zero = never freed
  base::Duration ping_period = std::chrono::seconds(10);  // repl-ping-replica-period
  base::Duration timeout = std::chrono::seconds(60);      // repl-timeout
  base::Duration min_replicas_max_lag = std::chrono::seconds(10);
  bool diskless_sync = true;  // repl-diskless-sync: wait diskless_sync_delay for company
  base::Duration diskless_sync_delay = std::chrono::seconds(0);
  int64_t diskless_sync_max_replicas = 0;  // 0 = no limit
  int64_t max_full_syncs = 0;              // repl-max-concurrent-full-syncs; 0 = no limit
  uint64_t output_hard_limit =
      256ull * 1024 * 1024;  // client-output-buffer-limit replica; 0 = none
  uint64_t output_soft_limit = 64ull * 1024 * 1024;
  base::Duration output_soft_time = std::chrono::seconds(60);
  // As a replica.
  bool refuse_empty_primary = true;                      // replica-refuse-empty-primary
  base::Duration keepalive = std::chrono::seconds(300);  // tcp-keepalive of the link; zero = off
  std::string primary_user;                              // masteruser; empty = the default user
  std::string primary_password;                          // masterauth; empty = no AUTH
  std::string announce_ip;                               // replica-announce-ip; empty = not sent
  uint16_t announce_port = 0;                            // replica-announce-port, or the own port
  bool rollback = false;           // record what a full sync throws away (rollback-max-files)
  bool rollback_required = false;  // ... and without the record keep the old data
};

}  // namespace quorate::replication::core
