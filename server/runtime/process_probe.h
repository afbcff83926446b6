// What the process costs: memory as the allocator and the kernel count it, and processor time. An
// interface, because a simulated server shares its process with others.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "shared/base/result.h"

namespace quorate::server::runtime {

class ProcessProbe {
 public:
  virtual ~ProcessProbe() = default;
  // Asked once per command under maxmemory. What this thread has freed counts at once; what others
  // have freed may count only after Refresh().
  virtual uint64_t UsedBytes() = 0;
  virtual uint64_t ResidentBytes() = 0;
  virtual uint64_t SystemMemoryBytes() = 0;
  virtual double CpuSystemSeconds() = 0;
  virtual double CpuUserSeconds() = 0;
  virtual std::string Allocator() = 0;
  virtual int64_t Pid() = 0;
  virtual std::string Executable() = 0;
  // Its name, release and machine.
  virtual std::string OperatingSystem() { return "unknown"; }
  // Where relative paths lead from now on.
  virtual base::Status ChangeDirectory(const std::string& path) {
    return base::Error{"Changing directory: not possible in '" + path + "'"};
  }
  // Gives memory that nothing uses back to the system.
  virtual void ReturnFreeMemory() {}
  // The allocator's own statistics, for people.
  virtual std::string AllocatorReport() { return "Stats not supported for the current allocator"; }
  // Blocks the thread (DEBUG SLEEP).
  virtual void Sleep(int64_t nanoseconds) = 0;
  // Called now and then: UsedBytes may refresh what it remembers.
  virtual void Refresh() {}
};

// The real process; uses jemalloc's counters where the program is linked with it.
std::unique_ptr<ProcessProbe> MakeProcessProbe();

}  // namespace quorate::server::runtime
