#include "server/runtime/replication_options.h"

namespace quorate::server::runtime {

replication::core::Options ReplicationOptions(const config::ServerSettings& settings) {
  const config::OutputBufferLimit& limit =
      settings.output_buffer_limit(config::ClientClass::kReplica);
  replication::core::Options options;
  options.backlog_size = settings.repl_backlog_size;
  options.backlog_disk_size = settings.repl_backlog_disk_size;
  options.backlog_ttl = settings.repl_backlog_ttl;
  options.ping_period = settings.repl_ping_replica_period;
  options.timeout = settings.repl_timeout;
  options.min_replicas_max_lag = settings.min_replicas_max_lag;
  options.diskless_sync = settings.repl_diskless_sync;
  options.diskless_sync_delay = settings.repl_diskless_sync_delay;
  options.diskless_sync_max_replicas = settings.repl_diskless_sync_max_replicas;
  options.max_full_syncs = settings.repl_max_concurrent_full_syncs;
  options.output_hard_limit = limit.hard_bytes;
  options.output_soft_limit = limit.soft_bytes;
  options.output_soft_time = limit.soft_time;
  options.refuse_empty_primary = settings.replica_refuse_empty_primary;
  options.keepalive = settings.tcp_keepalive;
  options.primary_user = settings.masteruser;
  options.primary_password = settings.masterauth;
  options.announce_ip = settings.replica_announce_ip;
  options.announce_port =
      settings.replica_announce_port != 0 ? settings.replica_announce_port : settings.port;
  options.rollback = settings.rollback_max_files != 0;
  options.rollback_required = settings.rollback_required;
  return options;
}

}  // namespace quorate::server::runtime
