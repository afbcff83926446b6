// The whole server daemon over an injected Io: from configuration sources to a running Server.
// main.cpp gives it libuv, the simulator its own world.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "server/runtime/server.h"
#include "shared/base/result.h"
#include "shared/config/loader.h"
#include "shared/io/io.h"
#include "shared/log/logger.h"

namespace quorate::server {

struct LoadedSettings {
  config::ServerSettings settings;
  std::vector<std::string> warnings;
};

// Reads the settings from everything the command line named. Error: the whole text for stderr.
base::Result<LoadedSettings> LoadSettings(const quorate::config::StartupSources& sources);

class App {
 public:
  // Starts serving. Error: what could not be opened.
  static base::Result<std::unique_ptr<App>> Start(io::Io& io, runtime::Server::Options options,
                                                  log::Logger& logger, runtime::ProcessProbe& probe,
                                                  std::function<void(int exit_code)> on_exit);

  runtime::Server& server() { return *server_; }
  void RequestShutdown() { server_->RequestShutdown(); }

 private:
  App() = default;
  std::unique_ptr<runtime::Server> server_;
};

}  // namespace quorate::server
