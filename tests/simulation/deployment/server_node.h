// One quorate-server of a simulated deployment: its host, its configuration file on that host's
// disk, and the real App while it runs. What CONFIG REWRITE wrote is what the next start reads.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "server/app.h"
#include "shared/base/ids.h"
#include "shared/base/result.h"
#include "shared/log/logger.h"
#include "tests/simulation/world/world.h"

namespace quorate::simulation {

class ServerNode {
 public:
  static constexpr uint16_t kPort = 6379;

  // `configuration` is the text of its file, in Redis' syntax. Not started yet.
  ServerNode(World& world, const std::string& ip, std::string configuration);
  ~ServerNode();
  ServerNode(const ServerNode&) = delete;
  ServerNode& operator=(const ServerNode&) = delete;

  // Powers the host on if need be. Error: what the daemon said; then it does not run. That it reads
  // its snapshot file may end it later: then the observer of its end is called. Precondition:
  // !running().
  base::Status Start();
  // SIGKILL; no effect if it is not running.
  void Kill();
  void Pause() { process_->Pause(); }
  void Resume() { process_->Resume(); }
  // The machine dies, and with it what its disk had not synced.
  void PowerOff();

  // Called when it has ended by itself, with what it said last.
  void SetEndObserver(std::function<void(const std::string&)> observer) {
    on_end_ = std::move(observer);
  }
  // Where its snapshot file is, on the host's disk.
  static constexpr char kSnapshotPath[] = "/server/dump.rdb";
  // Where the segments of its on-disk backlog are, in order.
  std::vector<std::string> Segments() const;

  // How often it has been started.
  int starts() const { return starts_; }
  bool running() const { return app_ != nullptr; }
  bool paused() const { return running() && process_->paused(); }
  // Precondition of these: running().
  server::runtime::Server& server() { return app_->server(); }
  const replication::runtime::Replication& replication() const {
    return app_->server().replication();
  }
  server::engine::Engine& engine() const { return app_->server().engine(); }
  Host& host() { return host_; }
  const Host& host() const { return host_; }
  const std::string& ip() const { return host_.ip(); }
  base::Endpoint endpoint() const { return {host_.ip(), kPort}; }
  const std::vector<std::string>& log() const { return log_; }
  void SetLogObserver(std::function<void(std::string_view)> observer) {
    on_log_ = std::move(observer);
  }

 private:
  class Probe;

  void OnExit();
  void Log(std::string_view line);

  Host& host_;
  const std::string configuration_;
  std::vector<std::string> log_;
  std::function<void(std::string_view)> on_log_;
  std::unique_ptr<Probe> probe_;
  std::function<void(const std::string&)> on_end_;
  int starts_ = 0;
  Process* process_ = nullptr;
  std::unique_ptr<log::Logger> logger_;
  std::unique_ptr<server::App> app_;
};

}  // namespace quorate::simulation
