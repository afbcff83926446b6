// The whole sentinel daemon over an injected Io: from its configuration file and state to a running
// Daemon. main.cpp gives it libuv, the simulator its own world.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "sentinel/config/configuration.h"
#include "sentinel/runtime/daemon.h"
#include "shared/config/entry.h"
#include "shared/config/parser_redis.h"
#include "shared/io/io.h"
#include "shared/log/logger.h"

namespace quorate::sentinel {

struct AppOptions {
  std::string config_path;  // absolute, or relative to where the process runs
  std::vector<quorate::config::Entry> command_line;  // --directive args
  std::optional<std::string> standard_input;         // directives in Redis' syntax
  quorate::config::IncludeReader include;  // empty: `include` names one file, without patterns
  std::function<bool(const std::string&)> is_executable;  // empty: scripts are not checked
  std::function<commands::ProcessFacts()> facts;          // empty: INFO shows none
};

// Reads everything the sentinel starts with. `read` gives a file's text, `exists` says whether
// there is one. Error: the whole text for stderr.
base::Result<config::Configuration> LoadConfiguration(
    const AppOptions& options,
    const std::function<base::Result<std::string>(const std::string&)>& read,
    const std::function<bool(const std::string&)>& exists);

class App {
 public:
  // Loads through io.files(), makes sure that the state can be written, and starts. Error: what is
  // wrong.
  static base::Result<std::unique_ptr<App>> Start(io::Io& io, const AppOptions& options,
                                                  log::Logger& logger,
                                                  std::function<void(int exit_code)> on_exit);

  runtime::Daemon& daemon() { return *daemon_; }
  void RequestShutdown() { daemon_->RequestShutdown(); }

 private:
  App() = default;
  std::unique_ptr<runtime::Daemon> daemon_;
};

}  // namespace quorate::sentinel
