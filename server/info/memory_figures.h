// What the server's memory consists of, for INFO's Memory section and MEMORY STATS.
#pragma once

#include <cstdint>

#include "server/engine/engine.h"

namespace quorate::server::info {

struct MemoryFigures {
  uint64_t used = 0;  // as the allocator counts
  uint64_t resident = 0;
  uint64_t peak = 0;
  uint64_t dataset = 0;  // keys, values and the tables that hold them
  uint64_t backlog = 0;
  uint64_t replica_buffers = 0;
  uint64_t normal_clients = 0;
};

MemoryFigures MeasureMemory(engine::Engine& engine);

}  // namespace quorate::server::info
