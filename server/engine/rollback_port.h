// What the engine's commands ask of the rollback records: QUORATE ROLLBACK and the figures that
// INFO shows. server/persistence implements it.
#pragma once

#include <cstdint>
#include <string>

namespace quorate::server::engine {

// As INFO's Persistence section shows it.
struct RollbackStatus {
  uint64_t records = 0;  // kept on disk, and their bytes
  uint64_t bytes = 0;
  uint64_t written = 0;  // by this process
  bool last_write_ok = true;
  std::string last_id;  // the newest record; empty: none
};

class RollbackPort {
 public:
  virtual ~RollbackPort() = default;
  virtual RollbackStatus status() const = 0;
};

}  // namespace quorate::server::engine
