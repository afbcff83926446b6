#include "replication/core/failover.h"
#include "replication/core/history.h"
#include "replication/core/views.h"
#include "server/engine/persistence_port.h"
#include "server/info/info.h"

namespace quorate::server::info {

namespace {

namespace core = replication::core;

void AppendUpstream(engine::Engine& engine, const core::UpstreamView& upstream, Fields& out) {
  const config::ServerSettings& settings = engine.settings();
  const bool up = upstream.state == core::LinkState::kConnected;
  out.Text("master_host", upstream.primary.host);
  out.Number("master_port", upstream.primary.port);
  out.Text("master_link_status", up ? "up" : "down");
  out.Number("master_last_io_seconds_ago", upstream.last_io_seconds);
  out.Number("master_sync_in_progress", upstream.sync_in_progress ? 1 : 0);
  out.Number("slave_read_repl_offset", upstream.read.bytes());
  out.Number("slave_repl_offset", upstream.applied.bytes());
  if (upstream.sync_in_progress) {
    const int64_t total = upstream.sync_total_bytes;
    const int64_t left = total < 0 ? -1 : total - upstream.sync_read_bytes;
    out.Number("master_sync_total_bytes", total < 0 ? 0 : total);
    out.Number("master_sync_read_bytes", upstream.sync_read_bytes);
    out.Number("master_sync_left_bytes", left);
    out.Decimal("master_sync_perc",
                total <= 0 ? 0
                           : 100.0 * static_cast<double>(upstream.sync_read_bytes) /
                                 static_cast<double>(total),
                2);
    out.Number("master_sync_last_io_seconds_ago", upstream.sync_last_io_seconds);
  }
  if (!up) out.Number("master_link_down_since_seconds", upstream.down_seconds);
  // Ours: why the primary's full sync is refused (replica-refuse-empty-primary), while it is.
  if (upstream.refused) out.Text("master_sync_refused", core::InfoName(*upstream.refused));
  out.Number("slave_priority", settings.replica_priority);
  out.Number("slave_read_only", settings.replica_read_only ? 1 : 0);
  out.Number("replica_announced", settings.replica_announced ? 1 : 0);
}

// After Redis' fields, where its own parsers look no more: lag_bytes and lag_ms, how far behind the
// replica is by its last acknowledgement (core::ReplicaView::lag); -1 if that is not known.
void AppendReplicas(engine::Engine& engine, Fields& out) {
  const std::vector<core::ReplicaView> replicas = engine.replication().Replicas();
  out.Count("connected_slaves", replicas.size());
  if (engine.settings().min_replicas_to_write > 0 &&
      engine.settings().min_replicas_max_lag.count() != 0)
    out.Number("min_slaves_good_slaves", engine.replication().good_replicas());
  size_t number = 0;
  for (const core::ReplicaView& replica : replicas) {
    out.Text("slave" + std::to_string(number++),
             "ip=" + replica.ip + ",port=" + std::to_string(replica.port) +
                 ",state=" + std::string(core::InfoName(replica.phase)) +
                 ",offset=" + std::to_string(replica.acknowledged.bytes()) +
                 ",lag=" + std::to_string(replica.lag_seconds) +
                 ",lag_bytes=" + std::to_string(replica.lag_bytes.value_or(-1)) + ",lag_ms=" +
                 std::to_string(replica.lag ? base::ToMicros(*replica.lag) / 1000 : -1));
  }
}

// Ours, once a sentinel of ours has spoken to this server, or with primary-lease: whether writes
// are accepted here as far as sentinels say (engine/fencing.h), and how many of them are heard.
void AppendFencing(engine::Engine& engine, Fields& out) {
  using engine::Fencing;
  const Fencing& fencing = engine.fencing();
  if (!fencing.watched() && fencing.lease() == base::Duration::zero()) return;
  const Fencing::Majority majority = fencing.CountHeard(engine.now());
  out.Count("sentinel_epoch", fencing.word().epoch.number());
  out.Text("write_fence", Fencing::InfoName(fencing.WritesRefused(engine.now())));
  out.Number("primary_lease_ms", base::ToMs(fencing.lease()));
  out.Number("sentinels_heard", majority.heard);
  out.Number("sentinels_electorate", majority.electorate);
}

}  // namespace

void AppendReplication(engine::Engine& engine, Fields& out) {
  const engine::ReplicationPort& replication = engine.replication();
  const std::optional<core::UpstreamView> upstream = replication.Upstream();
  out.Section("Replication");
  out.Text("role", upstream ? "slave" : "master");
  if (upstream) AppendUpstream(engine, *upstream, out);
  AppendReplicas(engine, out);

  const core::History& history = replication.history();
  const core::BacklogView backlog = replication.Backlog();
  out.Text("master_failover_state", core::InfoName(replication.failover_state()));
  out.Text("master_replid", history.id().view());
  out.Text("master_replid2", history.previous_id().view());
  out.Number("master_repl_offset", history.offset().bytes());
  out.Number("second_repl_offset",
             history.previous_end() ? history.previous_end()->bytes() + 1 : -1);
  out.Number("repl_backlog_active", backlog.active ? 1 : 0);
  out.Count("repl_backlog_size", backlog.limit);
  out.Number("repl_backlog_first_byte_offset", backlog.first_byte);
  out.Count("repl_backlog_histlen", backlog.length);
  AppendFencing(engine, out);
  if (backlog.disk_limit == 0) return;
  out.Count("repl_backlog_disk_size", backlog.disk_limit);
  out.Number("repl_backlog_disk_first_byte_offset", backlog.disk_first_byte);
  out.Count("repl_backlog_disk_histlen", backlog.disk_length);
  out.Number("repl_backlog_disk_written_offset", backlog.disk_written);
  out.Text("repl_backlog_disk_status",
           backlog.disk_problem.empty() ? "ok" : "failing: " + backlog.disk_problem);
  out.Number("repl_backlog_disk_wants_snapshot",
             engine.host().persistence().status().disk_wants_snapshot ? 1 : 0);
}

}  // namespace quorate::server::info
