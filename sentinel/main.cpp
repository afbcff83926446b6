// quorate-sentinel: a configuration file and the command line as redis-sentinel takes them, then
// the App over libuv.
#include <fmt/format.h>
#include <sys/resource.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <array>
#include <optional>
#include <string>

#include "sentinel/app.h"
#include "shared/daemon/program.h"
#include "shared/uv/loop_io.h"

namespace {

using namespace quorate;

// Beside clients: listeners, log, links to the monitored.
constexpr uint64_t kReservedDescriptors = 1024;

const char kUsage[] =
    "Usage: quorate-sentinel /path/to/sentinel.yaml|/path/to/sentinel.conf [-] [--directive "
    "args]...\n"
    "       quorate-sentinel -v | --version | -h | --help\n"
    "\n"
    "A lone '-' reads configuration in Redis' syntax from standard input. Examples:\n"
    "       quorate-sentinel configs/sentinel.yaml\n"
    "       quorate-sentinel /etc/redis/sentinel.conf --port 26380\n";

bool Exists(const std::string& path) { return access(path.c_str(), F_OK) == 0; }
bool IsExecutable(const std::string& path) { return access(path.c_str(), X_OK) == 0; }

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

}  // namespace

int main(int argc, char** argv) {
  daemon::CommandLine command = daemon::ReadCommandLine(argc, argv, "sentinel", kUsage);
  if (command.exit_code) return *command.exit_code;
  if (!command.line.file)
    return daemon::Fail("Sentinel needs config file on disk to save state. Exiting...");
  sentinel::AppOptions options;
  options.config_path = daemon::AbsolutePath(*command.line.file);
  options.command_line = std::move(command.line.entries);
  options.standard_input = std::move(command.standard_input);
  options.include = daemon::ReadingOnce(&daemon::ReadInclude);
  options.facts = &Facts;
  // Scripts are looked for from `dir`, which is not known yet: checked when the App loads.
  auto loaded = sentinel::LoadConfiguration(options, &daemon::ReadFile, &Exists);
  if (!loaded) return daemon::Fail(loaded.error().message);
  options.is_executable = &IsExecutable;
  const sentinel::config::ProcessSettings& settings = loaded->process;

  const daemon::ProcessOptions process = {
      .daemonize = settings.daemonize,
      .supervised = settings.supervised != sentinel::config::Supervised::kNo,
      .pidfile = settings.pidfile,
      .default_pidfile = "/var/run/quorate-sentinel.pid"};
  if (base::Status status = daemon::ChangeDirectory(settings.dir); !status)
    return daemon::Fail(status.error().message);
  if (auto checked = sentinel::LoadConfiguration(options, &daemon::ReadFile, &Exists); !checked)
    return daemon::Fail(checked.error().message);
  if (base::Status status = daemon::EnterBackground(process); !status)
    return daemon::Fail(status.error().message);
  base::Result<std::unique_ptr<log::Sink>> sink = log::OpenSink(settings.logfile);
  if (!sink) return daemon::Fail("Can't open the log file: " + sink.error().message);
  log::Logger logger(std::move(*sink), settings.loglevel, 'X');
  logger.Notice(fmt::format("Quorate sentinel version={}, bits=64, pid={}, port={}, just started.",
                            QUORATE_VERSION, getpid(), settings.port));
  const std::optional<daemon::PidFile> pid_file = daemon::WritePidFile(process, logger);
  const uint64_t descriptors = settings.maxclients + kReservedDescriptors;
  if (daemon::RaiseDescriptorLimit(descriptors) < descriptors)
    logger.Warning(fmt::format("The limit of open files does not cover maxclients ({}).",
                               settings.maxclients));

  uv::LoopIo io;
  return daemon::RunApp(io, process, logger, [&](std::function<void(int)> on_exit) {
    return sentinel::App::Start(io, options, logger, std::move(on_exit));
  });
}
