// Why, until when and whom clients are paused: by CLIENT PAUSE, for a shutdown, for a failover.
// Each purpose is ended by itself; what is in force is the strictest and longest of them. Pure; the
// dispatcher asks it, Cron ends it.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <optional>

#include "shared/base/time.h"
#include "shared/session/client_commands.h"

namespace quorate::server::engine {

using session::PauseScope;

enum class PausePurpose { kClientCommand, kShutdown, kFailover };

class ClientPause {
 public:
  bool active() const { return active_; }
  PauseScope scope() const { return scope_; }
  // When the next of them ends by itself; meaningful while active().
  base::Instant until() const { return until_; }
  // A pause in force is only ever made longer and stricter, as Redis does.
  void Start(PausePurpose purpose, PauseScope scope, base::Instant until) {
    std::optional<Pause>& pause = pauses_[static_cast<size_t>(purpose)];
    if (!pause) {
      pause = Pause{scope, until};
    } else {
      if (scope == PauseScope::kAll) pause->scope = scope;
      pause->until = std::max(pause->until, until);
    }
    Combine();
  }
  void End(PausePurpose purpose) {
    pauses_[static_cast<size_t>(purpose)].reset();
    Combine();
  }
  void EndThoseDue(base::Instant now) {
    for (std::optional<Pause>& pause : pauses_)
      if (pause && now >= pause->until) pause.reset();
    Combine();
  }

 private:
  struct Pause {
    PauseScope scope = PauseScope::kWrites;
    base::Instant until;
  };

  // The request path reads the result on every command.
  void Combine() {
    active_ = false;
    scope_ = PauseScope::kWrites;
    until_ = base::Instant::max();
    for (const std::optional<Pause>& pause : pauses_) {
      if (!pause) continue;
      active_ = true;
      if (pause->scope == PauseScope::kAll) scope_ = PauseScope::kAll;
      until_ = std::min(until_, pause->until);
    }
  }

  std::array<std::optional<Pause>, 3> pauses_;
  bool active_ = false;
  PauseScope scope_ = PauseScope::kWrites;
  base::Instant until_{};
};

}  // namespace quorate::server::engine
