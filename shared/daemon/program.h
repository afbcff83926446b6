// What the main.cpp of every daemon does in the same way around its App: the command line and the
// files it names, the steps from a loaded configuration to a logging process, and the loop until a
// signal. Used by main.cpp only.
#pragma once

#include <signal.h>

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "shared/base/result.h"
#include "shared/config/parser_redis.h"
#include "shared/daemon/daemon.h"
#include "shared/log/logger.h"

namespace quorate::daemon {

inline constexpr int kUsageError = 1;

// Says `text` on standard error; the exit code.
int Fail(const std::string& text);

struct CommandLine {
  std::optional<int> exit_code;  // -v, -h or a faulty line was answered: this is all
  config::CommandLine line;
  std::optional<std::string> standard_input;  // its text, if the line asks for it
};
// `name` is "server" or "sentinel".
CommandLine ReadCommandLine(int argc, char** argv, std::string_view name, const char* usage);

// The error is the operating system's.
base::Result<std::string> ReadFile(const std::string& path);
// For `include`: one file, or those that a pattern with * ? [ matches, in order (none is fine, as
// in Redis).
base::Result<std::vector<config::SourceFile>> ReadInclude(const std::string& pattern);
// Reads what an `include` names only once and then remembers it: a configuration that is loaded
// again after the working directory has changed finds the same files.
config::IncludeReader ReadingOnce(config::IncludeReader read);
// As it is if there is no such file.
std::string AbsolutePath(const std::string& path);

// What both daemons' settings say about their process.
struct ProcessOptions {
  bool daemonize = false;
  bool supervised = false;  // never detaches then
  std::string pidfile;
  std::string default_pidfile;  // when detached without `pidfile`
};

// Detaches if asked to, and ignores the signals that would end it. Error: for standard error.
base::Status EnterBackground(const ProcessOptions& options);

// The pid file, if one is wanted; that it cannot be written is only logged.
std::optional<PidFile> WritePidFile(const ProcessOptions& options, log::Logger& logger);

// Starts an App by `start(on_exit)` and runs the loop until the App exits. Returns the exit code.
template <typename Io, typename Start>
int RunApp(Io& io, const ProcessOptions& options, log::Logger& logger, const Start& start) {
  int exit_code = 0;
  auto app = start([&](int code) {
    exit_code = code;
    io.Stop();
  });
  if (!app) {
    logger.Warning(app.error().message);
    return kUsageError;
  }
  for (const int number : {SIGTERM, SIGINT})
    io.WatchSignal(number, [&] { (*app)->RequestShutdown(); });
  if (options.supervised) NotifySystemd("STATUS=Ready to accept connections\nREADY=1\n");
  io.Run();
  if (options.supervised) NotifySystemd("STOPPING=1\n");
  return exit_code;
}

}  // namespace quorate::daemon
