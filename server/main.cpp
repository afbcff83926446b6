// quorate-server: configuration from the command line as redis-server takes it, then the App over
// libuv.
#include <fmt/format.h>
#include <signal.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <iostream>
#include <iterator>
#include <optional>
#include <string>
#include <vector>

#include "server/app.h"
#include "shared/config/parser_redis.h"
#include "shared/daemon/daemon.h"
#include "shared/log/logger.h"
#include "shared/uv/loop_io.h"

namespace {

using namespace quorate;

constexpr int kUsageError = 1;
// Beside clients: listeners, log, replication, libuv's own.
constexpr uint64_t kReservedDescriptors = 32;

int Fail(const std::string& text) {
  std::fprintf(stderr, "%s\n", text.c_str());
  return kUsageError;
}

const char kUsage[] =
    "Usage: quorate-server [/path/to/server.yaml|/path/to/redis.conf] [-] [--directive args]...\n"
    "       quorate-server -v | --version | -h | --help\n"
    "\n"
    "A lone '-' reads configuration in Redis' syntax from standard input. Examples:\n"
    "       quorate-server\n"
    "       quorate-server configs/server.yaml\n"
    "       quorate-server /etc/redis/redis.conf --port 7777 --replicaof 127.0.0.1 6379\n";

base::Result<std::string> ReadWhole(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file)
    return base::Error{
        fmt::format("Fatal error, can't open config file '{}': {}", path, std::strerror(errno))};
  return std::string(std::istreambuf_iterator<char>(file), {});
}

base::Result<std::vector<config::SourceFile>> ReadInclude(const std::string& path) {
  base::Result<std::string> text = ReadWhole(path);
  if (!text) return text.error();
  return std::vector<config::SourceFile>{{path, std::move(*text)}};
}

std::string AbsolutePath(const std::string& path) {
  char* resolved = realpath(path.c_str(), nullptr);
  if (resolved == nullptr) return path;
  std::string absolute(resolved);
  std::free(resolved);
  return absolute;
}

log::Level LevelOf(server::config::LogLevel level) {
  switch (level) {
    case server::config::LogLevel::kDebug:
      return log::Level::kDebug;
    case server::config::LogLevel::kVerbose:
      return log::Level::kVerbose;
    case server::config::LogLevel::kNotice:
      return log::Level::kNotice;
    case server::config::LogLevel::kWarning:
      return log::Level::kWarning;
  }
  return log::Level::kNotice;
}

}  // namespace

int main(int argc, char** argv) {
  const std::vector<std::string> args(argv + 1, argv + argc);
  if (args.size() == 1 && (args[0] == "-v" || args[0] == "--version")) {
    std::printf("Quorate server v=%s\n", QUORATE_VERSION);
    return 0;
  }
  if (args.size() == 1 && (args[0] == "-h" || args[0] == "--help")) {
    std::fputs(kUsage, stdout);
    return 0;
  }

  config::CommandLine line = config::ParseCommandLine(args);
  if (line.problem) return Fail(config::FatalText(*line.problem, "Quorate " QUORATE_VERSION));
  config::StartupSources sources;
  server::runtime::Server::Options options;
  if (line.file) {
    base::Result<std::string> text = ReadWhole(*line.file);
    if (!text) return Fail(text.error().message);
    options.config_path = AbsolutePath(*line.file);
    sources.file = config::SourceFile{*line.file, std::move(*text)};
  }
  if (line.read_stdin)
    sources.standard_input = std::string(std::istreambuf_iterator<char>(std::cin), {});
  sources.command_line = std::move(line.entries);
  sources.include = ReadInclude;
  base::Result<server::LoadedSettings> loaded = server::LoadSettings(sources);
  if (!loaded) return Fail(loaded.error().message);
  options.settings = std::move(loaded->settings);
  const server::config::ServerSettings& settings = options.settings;

  if (base::Status status = daemon::ChangeDirectory(settings.dir); !status)
    return Fail(status.error().message);
  if (settings.daemonize && settings.supervised == server::config::Supervised::kNo) {
    if (base::Status status = daemon::Detach(); !status) return Fail(status.error().message);
  }
  signal(SIGPIPE, SIG_IGN);
  signal(SIGHUP, SIG_IGN);

  base::Result<std::unique_ptr<log::Sink>> sink = log::OpenSink(settings.logfile);
  if (!sink) return Fail(fmt::format("Can't open the log file: {}", sink.error().message));
  log::Logger logger(std::move(*sink), LevelOf(settings.loglevel), 'M');
  const std::unique_ptr<server::runtime::ProcessProbe> probe = server::runtime::MakeProcessProbe();
  logger.Notice(fmt::format("Quorate server version={}, bits=64, pid={}, just started. PID: {}",
                            QUORATE_VERSION, probe->Pid(), probe->Pid()));
  for (const std::string& warning : loaded->warnings) logger.Warning(warning);

  std::optional<daemon::PidFile> pid_file;
  if (settings.daemonize || !settings.pidfile.empty()) {
    auto created = daemon::PidFile::Create(settings.pidfile.empty() ? "/var/run/quorate-server.pid"
                                                                    : settings.pidfile);
    if (created) {
      pid_file.emplace(std::move(*created));
    } else {
      logger.Warning(created.error().message);
    }
  }
  const uint64_t descriptors =
      daemon::RaiseDescriptorLimit(settings.maxclients + kReservedDescriptors);
  if (descriptors < settings.maxclients + kReservedDescriptors) {
    options.settings.maxclients = static_cast<uint32_t>(descriptors - kReservedDescriptors);
    logger.Warning(fmt::format("maxclients is reduced to {}: the limit of open files is {}.",
                               options.settings.maxclients, descriptors));
  }

  const bool supervised = settings.supervised != server::config::Supervised::kNo;
  uv::LoopIo io;
  int exit_code = 0;
  auto app = server::App::Start(io, std::move(options), logger, *probe, [&](int code) {
    exit_code = code;
    io.Stop();
  });
  if (!app) {
    logger.Warning(app.error().message);
    return kUsageError;
  }
  for (const int number : {SIGTERM, SIGINT})
    io.WatchSignal(number, [&] { (*app)->RequestShutdown(); });
  if (supervised) daemon::NotifySystemd("STATUS=Ready to accept connections\nREADY=1\n");
  io.Run();
  if (supervised) daemon::NotifySystemd("STOPPING=1\n");
  return exit_code;
}
