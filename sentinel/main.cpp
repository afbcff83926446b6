// quorate-sentinel: a configuration file and the command line as redis-sentinel takes them, then
// the App over libuv.
#include <fmt/format.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <array>
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

#include "sentinel/app.h"
#include "shared/config/parser_redis.h"
#include "shared/daemon/daemon.h"
#include "shared/log/logger.h"
#include "shared/uv/loop_io.h"

namespace {

using namespace quorate;

constexpr int kUsageError = 1;
// Beside clients: listeners, log, links to the monitored.
constexpr uint64_t kReservedDescriptors = 1024;

int Fail(const std::string& text) {
  std::fprintf(stderr, "%s\n", text.c_str());
  return kUsageError;
}

const char kUsage[] =
    "Usage: quorate-sentinel /path/to/sentinel.yaml|/path/to/sentinel.conf [-] [--directive "
    "args]...\n"
    "       quorate-sentinel -v | --version | -h | --help\n"
    "\n"
    "A lone '-' reads configuration in Redis' syntax from standard input. Examples:\n"
    "       quorate-sentinel configs/sentinel.yaml\n"
    "       quorate-sentinel /etc/redis/sentinel.conf --port 26380\n";

base::Result<std::string> ReadWhole(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::string text(std::istreambuf_iterator<char>(file), {});
  if (!file && !file.eof()) return base::Error{std::strerror(errno)};
  if (!file.is_open()) return base::Error{std::strerror(errno)};
  return text;
}

bool Exists(const std::string& path) { return access(path.c_str(), F_OK) == 0; }
bool IsExecutable(const std::string& path) { return access(path.c_str(), X_OK) == 0; }

std::string AbsolutePath(const std::string& path) {
  char* resolved = realpath(path.c_str(), nullptr);
  if (resolved == nullptr) return path;
  std::string absolute(resolved);
  std::free(resolved);
  return absolute;
}

double Seconds(const timeval& t) {
  return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_usec) / 1e6;
}

sentinel::commands::ProcessFacts Facts() {
  sentinel::commands::ProcessFacts facts;
  facts.pid = getpid();
  std::array<char, 4096> path{};
  const ssize_t length = readlink("/proc/self/exe", path.data(), path.size());
  if (length > 0) facts.executable.assign(path.data(), static_cast<size_t>(length));
  utsname name{};
  if (uname(&name) == 0)
    facts.os = fmt::format("{} {} {}", name.sysname, name.release, name.machine);
  rusage own{};
  rusage children{};
  getrusage(RUSAGE_SELF, &own);
  getrusage(RUSAGE_CHILDREN, &children);
  facts.cpu_system_seconds = Seconds(own.ru_stime);
  facts.cpu_user_seconds = Seconds(own.ru_utime);
  facts.child_cpu_system_seconds = Seconds(children.ru_stime);
  facts.child_cpu_user_seconds = Seconds(children.ru_utime);
  return facts;
}

int Run(const sentinel::AppOptions& options, const sentinel::config::ProcessSettings& settings,
        log::Logger& logger) {
  const uint64_t wanted = settings.maxclients + kReservedDescriptors;
  if (daemon::RaiseDescriptorLimit(wanted) < wanted)
    logger.Warning(fmt::format("The limit of open files does not cover maxclients ({}).",
                               settings.maxclients));
  const bool supervised = settings.supervised != sentinel::config::Supervised::kNo;
  uv::LoopIo io;
  int exit_code = 0;
  auto app = sentinel::App::Start(io, options, logger, [&](int code) {
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

}  // namespace

int main(int argc, char** argv) {
  const std::vector<std::string> args(argv + 1, argv + argc);
  if (args.size() == 1 && (args[0] == "-v" || args[0] == "--version")) {
    std::printf("Quorate sentinel v=%s\n", QUORATE_VERSION);
    return 0;
  }
  if (args.size() == 1 && (args[0] == "-h" || args[0] == "--help")) {
    std::fputs(kUsage, stdout);
    return 0;
  }

  config::CommandLine line = config::ParseCommandLine(args);
  if (line.problem) return Fail(config::FatalText(*line.problem, "Quorate " QUORATE_VERSION));
  if (!line.file) return Fail("Sentinel needs config file on disk to save state. Exiting...");
  sentinel::AppOptions options;
  options.config_path = AbsolutePath(*line.file);
  options.command_line = std::move(line.entries);
  if (line.read_stdin)
    options.standard_input = std::string(std::istreambuf_iterator<char>(std::cin), {});
  options.facts = &Facts;
  // Scripts are looked for from `dir`, which is not known yet: checked when the App loads.
  auto loaded = sentinel::LoadConfiguration(options, &ReadWhole, &Exists);
  if (!loaded) return Fail(loaded.error().message);
  options.is_executable = &IsExecutable;
  const sentinel::config::ProcessSettings& settings = loaded->process;

  if (base::Status status = daemon::ChangeDirectory(settings.dir); !status)
    return Fail(status.error().message);
  if (auto checked = sentinel::LoadConfiguration(options, &ReadWhole, &Exists); !checked)
    return Fail(checked.error().message);
  if (settings.daemonize && settings.supervised == sentinel::config::Supervised::kNo) {
    if (base::Status status = daemon::Detach(); !status) return Fail(status.error().message);
  }
  signal(SIGPIPE, SIG_IGN);
  signal(SIGHUP, SIG_IGN);

  base::Result<std::unique_ptr<log::Sink>> sink = log::OpenSink(settings.logfile);
  if (!sink) return Fail(fmt::format("Can't open the log file: {}", sink.error().message));
  log::Logger logger(std::move(*sink), sentinel::runtime::LevelOf(settings.loglevel), 'X');
  logger.Notice(fmt::format("Quorate sentinel version={}, bits=64, pid={}, port={}, just started.",
                            QUORATE_VERSION, getpid(), settings.port));
  std::optional<daemon::PidFile> pid_file;
  if (settings.daemonize || !settings.pidfile.empty()) {
    auto created = daemon::PidFile::Create(
        settings.pidfile.empty() ? "/var/run/quorate-sentinel.pid" : settings.pidfile);
    if (created) {
      pid_file.emplace(std::move(*created));
    } else {
      logger.Warning(created.error().message);
    }
  }
  return Run(options, settings, logger);
}
