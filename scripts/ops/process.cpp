#include "scripts/ops/process.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <sstream>

namespace quorate::ops {
namespace {

struct Stat {
  char state = '?';
  uint64_t start_ticks = 0;
};

std::optional<Stat> ReadStat(pid_t pid) {
  std::ifstream file("/proc/" + std::to_string(pid) + "/stat");
  std::string line;
  if (!std::getline(file, line)) return std::nullopt;
  // The second field is the name in parentheses and may hold anything; the state is the third, the
  // start time the 22nd.
  const size_t close = line.rfind(')');
  if (close == std::string::npos) return std::nullopt;
  std::istringstream fields(line.substr(close + 1));
  Stat stat;
  fields >> stat.state;
  std::string skipped;
  for (int field = 4; field < 22; ++field) fields >> skipped;
  if (!(fields >> stat.start_ticks)) return std::nullopt;
  return stat;
}

std::string ReadProc(const std::string& path) {
  std::ostringstream text;
  text << std::ifstream(path).rdbuf();
  return text.str();
}

std::string BootId() {
  std::ifstream file("/proc/sys/kernel/random/boot_id");
  std::string id;
  file >> id;
  return id.empty() ? "unknown" : id;
}

std::string ErrorText(int code) { return std::strerror(code); }

// A file descriptor of the process itself, so that no other process can be meant between check and
// signal.
class PidFd {
 public:
  explicit PidFd(pid_t pid) : fd_(static_cast<int>(syscall(SYS_pidfd_open, pid, 0))) {}
  ~PidFd() {
    if (fd_ >= 0) close(fd_);
  }
  PidFd(const PidFd&) = delete;
  PidFd& operator=(const PidFd&) = delete;

  bool valid() const { return fd_ >= 0; }
  int Signal(int signal) const {
    return static_cast<int>(syscall(SYS_pidfd_send_signal, fd_, signal, nullptr, 0));
  }
  // Waits for the process to end; false on timeout.
  bool AwaitExit(int milliseconds) const {
    pollfd waiting{fd_, POLLIN, 0};
    return poll(&waiting, 1, milliseconds) == 1;
  }

 private:
  int fd_;
};

void SpawnActions(posix_spawn_file_actions_t& actions, const std::string& log) {
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0);
  posix_spawn_file_actions_addopen(&actions, 1, log.c_str(), O_WRONLY | O_CREAT | O_APPEND, 0644);
  posix_spawn_file_actions_adddup2(&actions, 1, 2);
}

}  // namespace

std::string FormatProcessId(const ProcessId& id) {
  return std::to_string(id.pid) + " " + std::to_string(id.start_ticks) + " " + id.boot + "\n";
}

std::optional<ProcessId> ParseProcessId(const std::string& text) {
  std::istringstream fields(text);
  ProcessId id;
  std::string rest;
  if (!(fields >> id.pid >> id.start_ticks >> id.boot) || (fields >> rest) || id.pid <= 1)
    return std::nullopt;
  return id;
}

base::Result<ProcessId> StartDetached(const std::vector<std::string>& argv,
                                      const std::string& log) {
  std::vector<char*> arguments;
  for (const std::string& argument : argv) arguments.push_back(const_cast<char*>(argument.c_str()));
  arguments.push_back(nullptr);

  posix_spawn_file_actions_t actions;
  SpawnActions(actions, log);
  posix_spawnattr_t attributes;
  posix_spawnattr_init(&attributes);
  posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSID);
  pid_t pid = 0;
  const int code =
      posix_spawnp(&pid, arguments[0], &actions, &attributes, arguments.data(), environ);
  posix_spawnattr_destroy(&attributes);
  posix_spawn_file_actions_destroy(&actions);
  if (code != 0) return base::Error{argv[0] + ": cannot be started: " + ErrorText(code)};
  const auto stat = ReadStat(pid);
  if (!stat) return base::Error{argv[0] + ": ended at once"};
  return ProcessId{pid, stat->start_ticks, BootId()};
}

bool IsAlive(const ProcessId& id) {
  const auto stat = ReadStat(id.pid);
  if (!stat || stat->start_ticks != id.start_ticks || BootId() != id.boot) return false;
  if (stat->state != 'Z' && stat->state != 'X') return true;
  waitpid(id.pid, nullptr, WNOHANG);  // collects it if it is our child
  return false;
}

base::Status SignalProcess(const ProcessId& id, int signal) {
  const PidFd process(id.pid);
  if (!process.valid() || !IsAlive(id))
    return base::Error{"process " + std::to_string(id.pid) + " is gone"};
  if (process.Signal(signal) != 0) {
    return base::Error{"process " + std::to_string(id.pid) +
                       " cannot be signalled: " + ErrorText(errno)};
  }
  return {};
}

bool WaitForDeath(const ProcessId& id, int seconds) {
  const PidFd process(id.pid);
  if (!process.valid() || !IsAlive(id)) return true;
  process.AwaitExit(seconds * 1000);
  return !IsAlive(id);
}

base::Status StopProcess(const ProcessId& id) {
  if (!IsAlive(id)) return {};
  if (auto status = SignalProcess(id, SIGCONT); !status && IsAlive(id)) return status;
  if (auto status = SignalProcess(id, SIGTERM); !status && IsAlive(id)) return status;
  if (WaitForDeath(id, 5)) return {};
  if (auto status = SignalProcess(id, SIGKILL); !status && IsAlive(id)) return status;
  if (WaitForDeath(id, 5)) return {};
  return base::Error{"process " + std::to_string(id.pid) + " does not end"};
}

double CpuSeconds(const ProcessId& id) {
  const std::string stat = ReadProc("/proc/" + std::to_string(id.pid) + "/stat");
  std::istringstream fields(stat.substr(std::min(stat.rfind(')') + 1, stat.size())));
  std::string skipped;
  for (int field = 3; field < 14; ++field) fields >> skipped;
  double user = 0;
  double kernel = 0;
  fields >> user >> kernel;
  return (user + kernel) / static_cast<double>(sysconf(_SC_CLK_TCK));
}

double ResidentBytes(const ProcessId& id) {
  std::istringstream statm(ReadProc("/proc/" + std::to_string(id.pid) + "/statm"));
  double total = 0;
  double resident = 0;
  statm >> total >> resident;
  return resident * static_cast<double>(sysconf(_SC_PAGESIZE));
}

}  // namespace quorate::ops
