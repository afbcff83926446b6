// Runs the scripts that may veto a failover (sentinel/core/veto.h): at once, a few at a time, each
// for its time at most. Unlike the scripts of a ScriptQueue they are never run again, and their
// end is an answer that a failover waits for.
#pragma once

#include <cstddef>
#include <functional>
#include <list>
#include <memory>
#include <string>

#include "sentinel/core/actions.h"
#include "sentinel/core/inputs.h"
#include "shared/io/io.h"

namespace quorate::sentinel::runtime {

// More wait for a place; their time begins when they run.
inline constexpr size_t kMaxRunningVetoes = 16;

class VetoRunner {
 public:
  // `answer` is never called from inside Ask.
  VetoRunner(io::Io& io, std::function<void(core::VetoAnswered)> answer);

  void Ask(core::AskVeto question);

 private:
  struct Run {
    core::AskVeto question;
    base::Instant deadline{};
    std::unique_ptr<io::Child> child = {};  // null: waits
    bool answered = false;                  // too late; only its end is waited for
  };
  using Runs = std::list<Run>;

  void Work();
  // False: it could not be run, and has been answered.
  bool Launch(Runs::iterator run);
  void OnExit(Runs::iterator run, const io::ChildExit& exit);
  void End(Runs::iterator run, const core::VetoAnswered& verdict);
  void ArmTimer();

  io::Io& io_;
  std::function<void(core::VetoAnswered)> answer_;
  Runs runs_;
  std::unique_ptr<io::Timer> timer_;
};

}  // namespace quorate::sentinel::runtime
