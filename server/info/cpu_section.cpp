#include "server/info/info.h"

namespace quorate::server::info {

void AppendCpu(engine::Engine& engine, Fields& out) {
  const engine::Host::ProcessInfo process = engine.host().Process();
  out.Section("CPU");
  out.Decimal("used_cpu_sys", process.cpu_system_seconds, 6);
  out.Decimal("used_cpu_user", process.cpu_user_seconds, 6);
  out.Decimal("used_cpu_sys_children", 0, 6);
  out.Decimal("used_cpu_user_children", 0, 6);
}

void AppendModules(engine::Engine&, Fields& out) { out.Section("Modules"); }

void AppendCluster(engine::Engine&, Fields& out) {
  out.Section("Cluster");
  out.Number("cluster_enabled", 0);
}

}  // namespace quorate::server::info
