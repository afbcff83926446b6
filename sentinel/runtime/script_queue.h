// The operator's scripts (notification-script, client-reconfig-script): queued, run without a
// shell, retried and limited by Redis' contract. Exit 0: done. Exit 1, or a signal: run again after
// script-retry-delay, doubled each time, ten runs at most. Any other exit: dropped. A script over
// script-max-runtime is killed.
#pragma once

#include <functional>
#include <list>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "sentinel/commands/host.h"
#include "sentinel/core/timings.h"
#include "shared/io/io.h"

namespace quorate::sentinel::runtime {

inline constexpr size_t kMaxQueuedScripts = 256;
inline constexpr size_t kMaxRunningScripts = 16;
inline constexpr int kMaxScriptRuns = 10;

enum class ScriptNews { kStarted, kEnded, kFailed, kTimedOut };

class ScriptQueue {
 public:
  // `timings` is asked at each use. `report` takes an event's name and payload.
  ScriptQueue(io::Io& io, std::function<const core::Timings&()> timings,
              std::function<void(ScriptNews, std::string_view name, std::string payload)> report);

  // When the queue is full the oldest script that does not run is dropped.
  void Add(std::vector<std::string> argv);
  std::vector<commands::ScriptView> View() const;

 private:
  struct Script {
    std::vector<std::string> argv;
    std::unique_ptr<io::Child> child;  // runs
    base::Instant since{};             // running: its start; waiting: not before this
    bool kill_sent = false;
    int runs = 0;
  };
  using Scripts = std::list<Script>;

  void Work();
  void Launch(Scripts::iterator script);
  void OnExit(Scripts::iterator script, io::ChildExit exit);
  // True: it stays in the queue for another run.
  bool RetryLater(Script& script, const io::ChildExit& exit);
  void Kill(Script& script);
  void ArmTimer();
  size_t Running() const;

  io::Io& io_;
  std::function<const core::Timings&()> timings_;
  std::function<void(ScriptNews, std::string_view, std::string)> report_;
  Scripts scripts_;
  std::unique_ptr<io::Timer> timer_;
};

}  // namespace quorate::sentinel::runtime
