// quorate-server: configuration from the command line as redis-server takes it, then the App over
// libuv.
#include <fmt/format.h>

#include <optional>
#include <string>

#include "server/app.h"
#include "shared/daemon/program.h"
#include "shared/uv/loop_io.h"

namespace {

using namespace quorate;

// Beside clients: listeners, log, replication, libuv's own.
constexpr uint64_t kReservedDescriptors = 32;

const char kUsage[] =
    "Usage: quorate-server [/path/to/server.yaml|/path/to/redis.conf] [-] [--directive args]...\n"
    "       quorate-server -v | --version | -h | --help\n"
    "\n"
    "A lone '-' reads configuration in Redis' syntax from standard input. Examples:\n"
    "       quorate-server\n"
    "       quorate-server configs/server.yaml\n"
    "       quorate-server /etc/redis/redis.conf --port 7777 --replicaof 127.0.0.1 6379\n";

// maxclients follows what the limit of open files leaves.
void FitDescriptors(uint32_t& maxclients, log::Logger& logger) {
  const uint64_t wanted = maxclients + kReservedDescriptors;
  const uint64_t descriptors = daemon::RaiseDescriptorLimit(wanted);
  if (descriptors >= wanted) return;
  maxclients = static_cast<uint32_t>(descriptors - kReservedDescriptors);
  logger.Warning(fmt::format("maxclients is reduced to {}: the limit of open files is {}.",
                             maxclients, descriptors));
}

}  // namespace

int main(int argc, char** argv) {
  daemon::CommandLine command = daemon::ReadCommandLine(argc, argv, "server", kUsage);
  if (command.exit_code) return *command.exit_code;
  config::StartupSources sources;
  server::runtime::Server::Options options;
  if (command.line.file) {
    const std::string& path = *command.line.file;
    base::Result<std::string> text = daemon::ReadFile(path);
    if (!text)
      return daemon::Fail(
          fmt::format("Fatal error, can't open config file '{}': {}", path, text.error().message));
    options.config_path = daemon::AbsolutePath(path);
    sources.file = config::SourceFile{path, std::move(*text)};
  }
  sources.standard_input = std::move(command.standard_input);
  sources.command_line = std::move(command.line.entries);
  sources.include = &daemon::ReadInclude;
  base::Result<server::LoadedSettings> loaded = server::LoadSettings(sources);
  if (!loaded) return daemon::Fail(loaded.error().message);
  options.settings = std::move(loaded->settings);
  const server::config::ServerSettings& settings = options.settings;

  const daemon::ProcessOptions process = {
      .daemonize = settings.daemonize,
      .supervised = settings.supervised != server::config::Supervised::kNo,
      .pidfile = settings.pidfile,
      .default_pidfile = "/var/run/quorate-server.pid"};
  if (base::Status status = daemon::ChangeDirectory(settings.dir); !status)
    return daemon::Fail(status.error().message);
  options.settings.dir = daemon::AbsolutePath(".");
  if (base::Status status = daemon::EnterBackground(process); !status)
    return daemon::Fail(status.error().message);
  base::Result<std::unique_ptr<log::Sink>> sink = log::OpenSink(settings.logfile);
  if (!sink) return daemon::Fail("Can't open the log file: " + sink.error().message);
  log::Logger logger(std::move(*sink), settings.loglevel, 'M');
  const std::unique_ptr<server::runtime::ProcessProbe> probe = server::runtime::MakeProcessProbe();
  logger.Notice(fmt::format("Quorate server version={}, bits=64, pid={}, just started. PID: {}",
                            QUORATE_VERSION, probe->Pid(), probe->Pid()));
  for (const std::string& warning : loaded->warnings) logger.Warning(warning);
  const std::optional<daemon::PidFile> pid_file = daemon::WritePidFile(process, logger);
  FitDescriptors(options.settings.maxclients, logger);

  uv::LoopIo io;
  return daemon::RunApp(io, process, logger, [&](std::function<void(int)> on_exit) {
    return server::App::Start(io, std::move(options), logger, *probe, std::move(on_exit));
  });
}
