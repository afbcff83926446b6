// What command handlers ask of the process around them; the runtime implements it. Reading goes
// through state(), every change through Submit: the core judges it and its answer comes by Respond,
// perhaps only when the change is durable.
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "sentinel/config/history_file.h"
#include "sentinel/config/process_settings.h"
#include "sentinel/core/inputs.h"
#include "sentinel/core/state.h"
#include "shared/base/ids.h"
#include "shared/base/time.h"
#include "shared/command/registry.h"
#include "shared/session/client_commands.h"
#include "shared/session/pubsub.h"

namespace quorate::sentinel::commands {

// The process as INFO shows it.
struct ProcessFacts {
  int64_t pid = 0;
  std::string executable;
  std::string config_file;
  std::string os;
  double cpu_system_seconds = 0;
  double cpu_user_seconds = 0;
  double child_cpu_system_seconds = 0;
  double child_cpu_user_seconds = 0;
};

// What has happened since the start, for INFO.
struct Counters {
  base::RunId run_id;
  uint16_t port = 0;
  base::Instant started{};
  base::WallTime wall{};
  uint64_t connected_clients = 0;
  uint64_t connections_received = 0;
  uint64_t rejected_connections = 0;
  uint64_t commands_processed = 0;
  uint64_t error_replies = 0;
  uint64_t input_bytes = 0;
  uint64_t output_bytes = 0;
  uint64_t reads = 0;
  uint64_t writes = 0;
};

// A script that waits or runs.
struct ScriptView {
  std::vector<std::string> argv;
  bool running = false;
  int64_t pid = 0;         // running
  base::Duration time{0};  // running: since its start; waiting: until its next start, 0 if it waits
                           // for a free place only
  int runs = 0;            // started so far
};

// SENTINEL SIMULATE-FAILURE.
enum SimulatedFailure : unsigned {
  kNoFailure = 0,
  kCrashAfterElection = 1,
  kCrashAfterPromotion = 2
};

class Host {
 public:
  virtual ~Host() = default;
  virtual const core::State& state() const = 0;
  virtual base::Instant now() const = 0;
  virtual base::WallTime wall_now() const = 0;
  virtual const config::ProcessSettings& process() const = 0;
  virtual ProcessFacts Facts() const = 0;
  virtual Counters Count() const = 0;
  virtual std::vector<ScriptView> Scripts() const = 0;
  // The newest `count` of a group, newest first.
  virtual std::vector<config::HistoryEntry> History(std::string_view group, size_t count) const = 0;
  virtual session::PubSub& pubsub() = 0;
  virtual const session::PubSub& pubsub() const = 0;
  virtual session::ClientDirectory& clients() = 0;
  virtual const command::Registry& registry() const = 0;

  // Hands an input to the core. `make` is given the name under which the client's answer will come;
  // until then the client runs nothing more.
  virtual void Submit(session::Client& client,
                      const std::function<core::Input(core::ClientId)>& make) = 0;
  virtual bool IsExecutable(const std::string& path) const = 0;
  // Kept with the state like the rest of the configuration.
  virtual void SetLogLevel(config::LogLevel level) = 0;
  virtual unsigned simulated_failures() const = 0;
  virtual void SimulateFailures(unsigned failures) = 0;
  // SHUTDOWN: the process ends soon, in good order.
  virtual void Shutdown() = 0;
};

}  // namespace quorate::sentinel::commands
