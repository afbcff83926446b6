// The log of a daemon, in Redis' form: "PID:R 22 Nov 2026 12:00:00.123 * message", R being M
// (primary), S (replica) or X (sentinel). Runtimes log; cores never do. Texts are formatted at the
// call site (fmt::format). The real sink is spdlog's (logger.cpp); tests and the simulator capture
// or drop lines instead.
//
// Thread-safe: any thread may log; Reopen and the setters too.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "shared/base/log_level.h"
#include "shared/base/result.h"

namespace quorate::log {

using Level = base::LogLevel;

// Where finished lines go.
class Sink {
 public:
  virtual ~Sink() = default;
  virtual void Write(Level level, char role, std::string_view message) = 0;
  // After the file was moved away by logrotate.
  virtual void Reopen() {}
};

// Appends to `path` (standard output if empty), created if missing. A file that was moved or
// removed is noticed within a second and opened anew, so that logrotate needs no signal. The error
// message is the operating system's.
base::Result<std::unique_ptr<Sink>> OpenSink(const std::string& path);
// Calls `take` for every line; for tests and the simulator.
std::unique_ptr<Sink> CapturingSink(std::function<void(Level, std::string_view)> take);

class Logger {
 public:
  // Drops everything.
  Logger() = default;
  Logger(std::unique_ptr<Sink> sink, Level level, char role)
      : sink_(std::move(sink)), level_(level), role_(role) {}
  Logger(const Logger&) = delete;
  Logger& operator=(const Logger&) = delete;

  bool Enabled(Level level) const {
    return sink_ && level >= level_.load(std::memory_order_relaxed);
  }
  void Log(Level level, std::string_view message) {
    if (Enabled(level)) sink_->Write(level, role_.load(std::memory_order_relaxed), message);
  }
  void Debug(std::string_view message) { Log(Level::kDebug, message); }
  void Verbose(std::string_view message) { Log(Level::kVerbose, message); }
  void Notice(std::string_view message) { Log(Level::kNotice, message); }
  void Warning(std::string_view message) { Log(Level::kWarning, message); }

  void SetLevel(Level level) { level_ = level; }
  void SetRole(char role) { role_ = role; }
  void Reopen() {
    if (sink_) sink_->Reopen();
  }

 private:
  std::unique_ptr<Sink> sink_;
  std::atomic<Level> level_ = Level::kNothing;
  std::atomic<char> role_ = 'M';
};

}  // namespace quorate::log
