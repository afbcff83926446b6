#include "server/info/memory_figures.h"

#include <algorithm>

namespace quorate::server::info {

MemoryFigures MeasureMemory(engine::Engine& engine) {
  MemoryFigures figures;
  figures.used = engine.host().MemoryUsedBytes();
  figures.resident = engine.host().ResidentBytes();
  figures.peak = std::max(engine.stats().peak_memory, figures.used);
  figures.dataset = std::min<uint64_t>(figures.used, engine.databases().MemoryBytes());
  figures.backlog = engine.replication().Backlog().memory;
  for (const auto& [id, session] : engine.sessions())
    if (session->is_client())
      figures.normal_clients += session->input.capacity() + session->output.capacity();
  for (const auto& replica : engine.replication().Replicas())
    figures.replica_buffers += replica.pending_bytes;
  return figures;
}

}  // namespace quorate::server::info
