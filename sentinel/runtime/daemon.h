// One running sentinel around the core: inputs in, actions carried out, in their order. Everything
// reaches the outside through the injected Io, so the simulator runs this very class.
//
// A loop turn: callbacks feed the core one input at a time; at the turn's end a wanted write of the
// state starts, links and clients are flushed, and what closed is destroyed.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "sentinel/commands/host.h"
#include "sentinel/config/configuration.h"
#include "sentinel/core/sentinel.h"
#include "sentinel/runtime/client_hub.h"
#include "sentinel/runtime/connections.h"
#include "sentinel/runtime/history_keeper.h"
#include "sentinel/runtime/script_queue.h"
#include "sentinel/runtime/state_writer.h"
#include "sentinel/runtime/veto_runner.h"
#include "shared/io/io.h"
#include "shared/log/logger.h"

namespace quorate::sentinel::runtime {

// What SENTINEL SIMULATE-FAILURE ends the process with.
inline constexpr int kSimulatedCrashExitCode = 99;

struct DaemonOptions {
  config::Configuration configuration;  // with an identity, and on disk already
  std::string config_path;
  std::function<bool(const std::string&)> is_executable;
  std::function<commands::ProcessFacts()> facts;
};

class Daemon final : private commands::Host {
 public:
  // `on_exit` is called once, when the sentinel has ended in good order; destroy it afterwards.
  Daemon(io::Io& io, DaemonOptions options, log::Logger& logger,
         std::function<void(int exit_code)> on_exit);
  ~Daemon() override;
  Daemon(const Daemon&) = delete;
  Daemon& operator=(const Daemon&) = delete;

  // Opens the listeners and begins to monitor. Error: what could not be opened.
  base::Status Start();
  void RequestShutdown();

  uint16_t port() const { return clients_.port(); }
  const core::Sentinel& core() const { return core_; }

 private:
  // ---- commands::Host
  const core::State& state() const override { return core_.state(); }
  base::Instant now() const override { return io_.Now(); }
  base::WallTime wall_now() const override { return io_.WallNow(); }
  const config::ProcessSettings& process() const override { return configuration_.process; }
  commands::ProcessFacts Facts() const override;
  commands::Counters Count() const override;
  std::vector<commands::ScriptView> Scripts() const override { return scripts_.View(); }
  std::vector<config::HistoryEntry> History(std::string_view group, size_t count) const override {
    return history_.View(group, count);
  }
  session::PubSub& pubsub() override { return clients_.pubsub(); }
  const session::PubSub& pubsub() const override { return clients_.pubsub(); }
  session::ClientDirectory& clients() override { return clients_; }
  const command::Registry& registry() const override { return clients_.table(); }
  void Submit(session::Client& client,
              const std::function<core::Input(core::ClientId)>& make) override;
  bool IsExecutable(const std::string& path) const override;
  void SetLogLevel(config::LogLevel level) override;
  unsigned simulated_failures() const override { return simulated_failures_; }
  void SimulateFailures(unsigned failures) override { simulated_failures_ = failures; }
  void Shutdown() override { RequestShutdown(); }

  void Feed(const core::Input& input);
  void CarryOut(core::Action& action);
  void Resolve(const std::string& host);
  void Announce(const core::Event& event);
  void OnScript(ScriptNews news, std::string_view name, const std::string& payload);
  void Publish(log::Level level, std::string_view name, std::string_view payload, bool published);
  bool CrashesOn(const core::Event& event) const;
  void ArmTimer();
  void EndTurn();
  base::Result<std::string> RenderState(const StateWriter::Saved& saved);

  io::Io& io_;
  log::Logger& logger_;
  std::function<void(int)> on_exit_;
  const config::ProcessTable& directives_;
  config::Configuration configuration_;
  const std::string config_path_;
  std::function<bool(const std::string&)> is_executable_;
  std::function<commands::ProcessFacts()> facts_;
  const base::RunId run_id_;  // of this run, not the sentinel's identity
  const base::Instant started_;

  core::Sentinel core_;
  Connections connections_;
  StateWriter writer_;
  HistoryKeeper history_;
  ScriptQueue scripts_;
  VetoRunner vetoes_;
  ClientHub clients_;
  std::unique_ptr<io::Timer> timer_;
  std::optional<base::Instant> armed_for_;  // the timer
  unsigned simulated_failures_ = commands::kNoFailure;
  bool exiting_ = false;
  // A name may be resolved after the daemon is gone.
  const std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

}  // namespace quorate::sentinel::runtime
