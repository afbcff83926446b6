#include "server/info/info.h"
#include "server/info/memory_figures.h"

namespace quorate::server::info {

namespace {

double Ratio(uint64_t a, uint64_t b) {
  return b == 0 ? 0 : static_cast<double>(a) / static_cast<double>(b);
}

}  // namespace

void AppendMemory(engine::Engine& engine, Fields& out) {
  const auto [used, resident, peak, dataset, backlog, replica_buffers, normal_clients] =
      MeasureMemory(engine);
  const engine::Host::ProcessInfo process = engine.host().Process();

  out.Section("Memory");
  out.Bytes("used_memory", used);
  out.Bytes("used_memory_rss", resident);
  out.Bytes("used_memory_peak", peak);
  out.Percent("used_memory_peak_perc", 100 * Ratio(used, peak));
  out.Count("used_memory_overhead", used - dataset);
  out.Count("used_memory_startup", engine.startup_memory);
  out.Count("used_memory_dataset", dataset);
  out.Percent("used_memory_dataset_perc", 100 * Ratio(dataset, used));
  out.Count("allocator_allocated", used);
  out.Count("allocator_active", resident);
  out.Count("allocator_resident", resident);
  out.Bytes("total_system_memory", process.total_system_memory);
  out.Number("used_memory_lua", 0);
  out.Number("number_of_cached_scripts", 0);
  out.Bytes("maxmemory", engine.settings().maxmemory);
  out.Text("maxmemory_policy", store::PolicyName(engine.settings().maxmemory_policy));
  out.Decimal("mem_fragmentation_ratio", Ratio(resident, used), 2);
  out.Number("mem_fragmentation_bytes",
             static_cast<int64_t>(resident) - static_cast<int64_t>(used));
  out.Count("mem_not_counted_for_evict", engine.host().MemoryNotForEviction());
  out.Count("mem_replication_backlog", backlog);
  out.Count("mem_total_replication_buffers", backlog);
  out.Count("mem_clients_slaves", replica_buffers);
  out.Count("mem_clients_normal", normal_clients);
  out.Number("mem_aof_buffer", 0);
  out.Text("mem_allocator", process.allocator);
  out.Number("active_defrag_running", 0);
}

}  // namespace quorate::server::info
