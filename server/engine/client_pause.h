// CLIENT PAUSE, also by a shutdown that waits for replicas: until when, and whom. The dispatcher,
// expiry and eviction ask it; Cron ends it.
#pragma once

#include "shared/base/time.h"

namespace quorate::server::engine {

enum class PauseMode { kWrite, kAll };

class ClientPause {
 public:
  bool active() const { return active_; }
  PauseMode mode() const { return mode_; }
  base::Instant until() const { return until_; }
  // A pause in force is only ever made longer and stricter, as Redis does.
  void Start(PauseMode mode, base::Instant until) {
    if (!active_) {
      mode_ = mode;
      until_ = until;
    } else {
      if (mode == PauseMode::kAll) mode_ = mode;
      if (until > until_) until_ = until;
    }
    active_ = true;
  }
  void End() { active_ = false; }

 private:
  bool active_ = false;
  PauseMode mode_ = PauseMode::kWrite;
  base::Instant until_{};
};

}  // namespace quorate::server::engine
