// Carries out PersistState: one write of the newest state at a time, durable before it is reported.
// What is asked for while a write runs is covered by the next one.
#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "sentinel/core/inputs.h"
#include "shared/base/result.h"
#include "shared/io/io.h"
#include "shared/log/logger.h"

namespace quorate::sentinel::runtime {

// Passwords are in it.
inline constexpr uint32_t kStateMode = 0600;

class StateWriter {
 public:
  // `render` gives the bytes of the newest state; `done` is told the outcome.
  StateWriter(io::Io& io, log::Logger& logger, std::string path,
              std::function<base::Result<std::string>()> render,
              std::function<void(core::Persisted)> done);

  void Want(uint64_t version) { wanted_ = version; }
  // Starts a write if one is wanted and none runs.
  void EndTurn();

 private:
  void Finish(uint64_t version, base::Status status);

  io::Io& io_;
  log::Logger& logger_;
  const std::string path_;
  std::function<base::Result<std::string>()> render_;
  std::function<void(core::Persisted)> done_;
  uint64_t wanted_ = 0;
  uint64_t started_ = 0;
  bool writing_ = false;
};

}  // namespace quorate::sentinel::runtime
