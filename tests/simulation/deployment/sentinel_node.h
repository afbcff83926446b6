// One quorate-sentinel of a simulated deployment: its host, its configuration and state on that
// host's disk, and the real App while it runs. A start may fail (a torn state file, a full disk);
// the caller decides what that means.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "sentinel/app.h"
#include "shared/base/ids.h"
#include "shared/base/result.h"
#include "shared/log/logger.h"
#include "tests/simulation/world/world.h"

namespace quorate::simulation {

enum class ConfigSyntax { kRedis, kYaml };

class SentinelNode {
 public:
  static constexpr uint16_t kPort = 26379;

  // `configuration` is the text of its file. Not started yet.
  SentinelNode(World& world, const std::string& ip, ConfigSyntax syntax,
               const std::string& configuration);
  ~SentinelNode();
  SentinelNode(const SentinelNode&) = delete;
  SentinelNode& operator=(const SentinelNode&) = delete;

  // Powers the host on if need be. Error: what the daemon said; then it does not run. Precondition:
  // !running().
  base::Status Start();
  // SIGKILL; no effect if it is not running.
  void Kill();
  void Pause() { process_->Pause(); }
  void Resume() { process_->Resume(); }
  // The machine dies, and with it what its disk had not synced.
  void PowerOff();

  // The machine gets an empty disk but for this configuration file: who starts next is another
  // sentinel. Precondition: !running().
  void Replace(const std::string& configuration);

  // How often it has been started.
  int starts() const { return starts_; }
  bool running() const { return app_ != nullptr; }
  bool paused() const { return running() && process_->paused(); }
  // Precondition: running().
  const sentinel::core::State& state() const { return app_->daemon().core().state(); }
  // Its own, as of its last start. Precondition: it has started.
  const base::RunId& id() const { return *id_; }
  Process& process() { return *process_; }
  Host& host() { return host_; }
  const std::string& ip() const { return host_.ip(); }
  base::Endpoint endpoint() const { return {host_.ip(), kPort}; }
  // Where its state is, on the host's disk.
  std::string state_path() const;
  // Lines of all its runs, level notice and above, as "+event payload" for events.
  const std::vector<std::string>& log() const { return log_; }
  void SetLogObserver(std::function<void(std::string_view)> observer) {
    on_log_ = std::move(observer);
  }

 private:
  void Log(std::string_view line);

  Host& host_;
  const std::string config_name_;
  std::vector<std::string> log_;
  std::function<void(std::string_view)> on_log_;
  int starts_ = 0;
  std::optional<base::RunId> id_;
  Process* process_ = nullptr;
  std::unique_ptr<log::Logger> logger_;
  std::unique_ptr<sentinel::App> app_;
};

}  // namespace quorate::simulation
