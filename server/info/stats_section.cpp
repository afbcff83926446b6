#include "server/info/info.h"

namespace quorate::server::info {

void AppendStats(engine::Engine& engine, Fields& out) {
  const engine::Statistics& stats = engine.stats();
  const auto kilobytes = [](const engine::InstantaneousRate& rate) {
    return static_cast<double>(rate.PerSecond()) / 1024;
  };
  const replication::core::SyncCounters& syncs = engine.replication().counters();
  out.Section("Stats");
  out.Count("total_connections_received", stats.connections_received);
  out.Count("total_commands_processed", stats.commands_processed);
  out.Count("instantaneous_ops_per_sec", stats.commands_rate.PerSecond());
  out.Count("total_net_input_bytes", stats.net_input_bytes);
  out.Count("total_net_output_bytes", stats.net_output_bytes);
  out.Count("total_net_repl_input_bytes", stats.net_repl_input_bytes);
  out.Count("total_net_repl_output_bytes", stats.net_repl_output_bytes);
  out.Decimal("instantaneous_input_kbps", kilobytes(stats.input_rate), 2);
  out.Decimal("instantaneous_output_kbps", kilobytes(stats.output_rate), 2);
  out.Decimal("instantaneous_input_repl_kbps", kilobytes(stats.repl_input_rate), 2);
  out.Decimal("instantaneous_output_repl_kbps", kilobytes(stats.repl_output_rate), 2);
  out.Count("rejected_connections", stats.rejected_connections);
  out.Count("sync_full", syncs.full);
  out.Count("sync_partial_ok", syncs.partial_ok);
  out.Count("sync_partial_err", syncs.partial_error);
  out.Count("expired_keys", stats.expired_keys);
  out.Decimal("expired_stale_perc", stats.expired_stale_percent, 2);
  out.Count("expired_time_cap_reached_count", stats.expired_time_cap_reached);
  out.Count("evicted_keys", stats.evicted_keys);
  out.Count("evicted_clients", stats.evicted_clients);
  out.Count("keyspace_hits", stats.keyspace_hits);
  out.Count("keyspace_misses", stats.keyspace_misses);
  out.Number("pubsub_channels", engine.pubsub().channel_count());
  out.Number("pubsub_patterns", engine.pubsub().pattern_count());
  out.Number("latest_fork_usec", 0);
  out.Number("total_forks", 0);
  out.Count("unexpected_error_replies", stats.unexpected_error_replies);
  out.Count("total_error_replies", stats.total_error_replies);
  out.Count("total_reads_processed", stats.total_reads);
  out.Count("total_writes_processed", stats.total_writes);
  out.Count("client_query_buffer_limit_disconnections",
            stats.client_query_buffer_limit_disconnections);
  out.Count("client_output_buffer_limit_disconnections",
            stats.client_output_buffer_limit_disconnections + syncs.over_limit);
}

}  // namespace quorate::server::info
