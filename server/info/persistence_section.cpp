#include <algorithm>

#include "replication/core/views.h"
#include "server/engine/persistence_port.h"
#include "server/engine/rollback_port.h"
#include "server/info/info.h"

namespace quorate::server::info {

namespace {

void AppendLoading(const engine::PersistenceStatus& status, Fields& out) {
  const uint64_t total = status.loading_total_bytes;
  const uint64_t loaded = status.loading_loaded_bytes;
  const double share = total == 0 ? 0 : static_cast<double>(loaded) / static_cast<double>(total);
  out.Number("loading_start_time", status.loading_start_seconds);
  out.Count("loading_total_bytes", total);
  out.Count("loading_rdb_used_mem", status.loading_rdb_used_memory);
  out.Count("loading_loaded_bytes", loaded);
  out.Decimal("loading_loaded_perc", share * 100, 2);
  const auto remaining =
      share == 0
          ? int64_t{1}
          : static_cast<int64_t>(static_cast<double>(status.loading_seconds) * (1 - share) / share);
  out.Number("loading_eta_seconds", remaining);
}

double PercentSaved(const engine::PersistenceStatus& status) {
  if (status.saving_keys_total == 0) return 0;
  return 100 * static_cast<double>(status.saving_keys_done) /
         static_cast<double>(status.saving_keys_total);
}

// There is no append-only file.
void AppendAof(Fields& out) {
  out.Number("aof_enabled", 0);
  out.Number("aof_rewrite_in_progress", 0);
  out.Number("aof_rewrite_scheduled", 0);
  out.Number("aof_last_rewrite_time_sec", -1);
  out.Number("aof_current_rewrite_time_sec", -1);
  out.Text("aof_last_bgrewrite_status", "ok");
  out.Number("aof_rewrites", 0);
  out.Number("aof_rewrites_consecutive_failures", 0);
  out.Text("aof_last_write_status", "ok");
  out.Number("aof_last_cow_size", 0);
}

// The figures of a file that is being read, or of a snapshot that the primary sends.
engine::PersistenceStatus LoadingOf(engine::Engine& engine, engine::PersistenceStatus status) {
  const auto upstream = engine.replication().Upstream();
  if (!upstream || !upstream->sync_in_progress) return status;
  status.loading_start_seconds = engine.loading_since.ms / 1000;
  status.loading_seconds = (engine.wall().ms - engine.loading_since.ms) / 1000;
  status.loading_total_bytes =
      static_cast<uint64_t>(std::max<int64_t>(upstream->sync_total_bytes, 0));
  status.loading_loaded_bytes = static_cast<uint64_t>(upstream->sync_read_bytes);
  return status;
}

void AppendRollbacks(const engine::RollbackStatus& status, Fields& out) {
  out.Count("rollback_records", status.records);
  out.Count("rollback_bytes", status.bytes);
  out.Count("rollback_records_written", status.written);
  out.Text("rollback_last_write_status", status.last_write_ok ? "ok" : "err");
  out.Text("rollback_last_record", status.last_id);
  out.Count("rollback_last_record_commands", status.last_commands);
  out.Count("rollback_last_record_bytes", status.last_bytes);
  out.Number("rollback_replay_in_progress", status.replaying ? 1 : 0);
  out.Text("rollback_last_replay", status.replay_id);
  out.Count("rollback_last_replay_commands", status.replay_commands);
  out.Count("rollback_last_replay_errors", status.replay_errors);
  out.Count("rollback_last_replay_skipped", status.replay_skipped);
}

}  // namespace

// There is no fork, and no memory is copied on write: the cow figures count what a snapshot in the
// making holds aside, as of now.
void AppendPersistence(engine::Engine& engine, Fields& out) {
  const engine::PersistenceStatus status = engine.host().persistence().status();
  out.Section("Persistence");
  out.Number("loading", engine.loading ? 1 : 0);
  out.Number("async_loading", engine.async_loading ? 1 : 0);
  out.Count("current_cow_peak", status.saving_bytes_peak);
  out.Count("current_cow_size", status.saving_bytes_waiting);
  out.Number("current_cow_size_age", 0);
  out.Decimal("current_fork_perc", PercentSaved(status), 2);
  out.Count("current_save_keys_processed", status.saving_keys_done);
  out.Count("current_save_keys_total", status.saving_keys_total);
  out.Number("rdb_changes_since_last_save", engine.unsaved_changes);
  out.Number("rdb_bgsave_in_progress", status.saving ? 1 : 0);
  out.Number("rdb_last_save_time", engine.last_save_seconds);
  out.Text("rdb_last_bgsave_status", engine.snapshots_fail ? "err" : "ok");
  out.Number("rdb_last_bgsave_time_sec", status.last_background_seconds);
  out.Number("rdb_current_bgsave_time_sec", status.current_background_seconds);
  out.Count("rdb_saves", status.saves);
  out.Count("rdb_last_cow_size", status.last_save_bytes_peak);
  out.Count("rdb_last_load_keys_expired", status.last_load_keys_expired);
  out.Count("rdb_last_load_keys_loaded", status.last_load_keys_loaded);
  AppendAof(out);
  out.Number("module_fork_in_progress", 0);
  out.Number("module_fork_last_cow_size", 0);
  if (engine.loading || engine.async_loading) AppendLoading(LoadingOf(engine, status), out);
  if (const engine::RollbackPort* rollbacks = engine.host().rollbacks(); rollbacks != nullptr)
    AppendRollbacks(rollbacks->status(), out);
}

}  // namespace quorate::server::info
