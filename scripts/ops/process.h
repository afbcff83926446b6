// One operating system process that we started: spawned detached with its output in a log file, and
// remembered in a pid file together with its start time and the boot it belongs to. Every signal
// and every "is it alive" goes through that check, so that a recycled pid, or a process that
// somebody else started, is never touched.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "shared/base/result.h"

namespace quorate::ops {

struct ProcessId {
  pid_t pid = 0;
  uint64_t start_ticks = 0;  // since boot, from /proc/<pid>/stat
  std::string boot;          // /proc/sys/kernel/random/boot_id

  friend bool operator==(const ProcessId&, const ProcessId&) = default;
};

// "<pid> <start_ticks> <boot>\n", and back; nullopt if `text` is not that.
std::string FormatProcessId(const ProcessId& id);
std::optional<ProcessId> ParseProcessId(const std::string& text);

// Starts argv[0] (a path, or a name looked up in PATH) in its own session, with `log` appended to
// as stdout and stderr and nothing as stdin. The process outlives us.
base::Result<ProcessId> StartDetached(const std::vector<std::string>& argv, const std::string& log);

// True while exactly this process runs; a zombie does not run.
bool IsAlive(const ProcessId& id);

// Sends `signal` if the process is alive; an error if it is not, or may not be signalled.
base::Status SignalProcess(const ProcessId& id, int signal);

// SIGTERM (after SIGCONT, in case it is stopped), and SIGKILL if it is still there after five
// seconds. No-op if dead.
base::Status StopProcess(const ProcessId& id);

// Waits until it is dead, at most `seconds`; false if it is still alive.
bool WaitForDeath(const ProcessId& id, int seconds);

// User and system time that it has used so far, in seconds, and its resident memory; 0 if it is
// gone.
double CpuSeconds(const ProcessId& id);
double ResidentBytes(const ProcessId& id);

}  // namespace quorate::ops
