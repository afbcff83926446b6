#include "server/info/info.h"

namespace quorate::server::info {

void AppendPersistence(engine::Engine& engine, Fields& out) {
  out.Section("Persistence");
  out.Number("loading", engine.loading ? 1 : 0);
  out.Number("async_loading", 0);
  out.Number("rdb_changes_since_last_save", engine.unsaved_changes);
  out.Number("rdb_bgsave_in_progress", 0);
  out.Number("rdb_last_save_time", engine.last_save_seconds);
  out.Text("rdb_last_bgsave_status", "ok");
  out.Number("rdb_last_bgsave_time_sec", -1);
  out.Number("rdb_current_bgsave_time_sec", -1);
  out.Number("aof_enabled", 0);
  out.Number("aof_rewrite_in_progress", 0);
  out.Number("aof_rewrite_scheduled", 0);
  out.Text("aof_last_bgrewrite_status", "ok");
  out.Text("aof_last_write_status", "ok");
}

}  // namespace quorate::server::info
