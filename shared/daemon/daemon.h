// What a Unix daemon does around its real work: working directory, detaching, pid file, systemd's
// readiness protocol, descriptor limit. Used by main.cpp only.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "shared/base/result.h"

namespace quorate::daemon {

// Error message: "Can't chdir to '<dir>': <reason>".
base::Status ChangeDirectory(const std::string& dir);

// Forks into the background, in a session of its own, with standard streams on /dev/null. The
// parent exits 0.
base::Status Detach();

// A file holding the pid, removed when this object goes.
class PidFile {
 public:
  static base::Result<PidFile> Create(const std::string& path);
  PidFile(PidFile&& other) noexcept : path_(std::move(other.path_)) { other.path_.clear(); }
  PidFile& operator=(PidFile&& other) noexcept {
    std::swap(path_, other.path_);
    return *this;
  }
  PidFile(const PidFile&) = delete;
  PidFile& operator=(const PidFile&) = delete;
  ~PidFile();

 private:
  explicit PidFile(std::string path) : path_(std::move(path)) {}
  std::string path_;
};

// Sends `state` ("READY=1\nSTATUS=...") to the socket that systemd named in NOTIFY_SOCKET; false
// without one.
bool NotifySystemd(std::string_view state);

// Raises RLIMIT_NOFILE to `wanted`, or as far as it goes; returns what is in force.
uint64_t RaiseDescriptorLimit(uint64_t wanted);

}  // namespace quorate::daemon
