#include <fcntl.h>
#include <spdlog/pattern_formatter.h>
#include <spdlog/sinks/base_sink.h>
#include <spdlog/sinks/stdout_sinks.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <mutex>

#include "shared/log/logger.h"

namespace quorate::log {

namespace {

using spdlog::details::log_msg;

// The '%*' of the pattern: Redis' mark of a level.
class LevelMark : public spdlog::custom_flag_formatter {
 public:
  void format(const log_msg& message, const std::tm&, spdlog::memory_buf_t& out) override {
    out.push_back(message.level == spdlog::level::trace   ? '.'
                  : message.level == spdlog::level::debug ? '-'
                  : message.level == spdlog::level::info  ? '*'
                                                          : '#');
  }
  std::unique_ptr<custom_flag_formatter> clone() const override {
    return std::make_unique<LevelMark>();
  }
};

spdlog::level::level_enum ToSpdlog(Level level) {
  switch (level) {
    case Level::kDebug:
      return spdlog::level::trace;
    case Level::kVerbose:
      return spdlog::level::debug;
    case Level::kNotice:
      return spdlog::level::info;
    case Level::kWarning:
    case Level::kNothing:
      break;
  }
  return spdlog::level::warn;
}

// A file descriptor opened for appending. Lines are written whole and unbuffered, so that a crash
// loses none.
class FileSink : public spdlog::sinks::base_sink<std::mutex> {
 public:
  explicit FileSink(std::string path) : path_(std::move(path)) {}
  ~FileSink() override { Close(); }

  // Returns an errno, 0 if the file is open. The old file stays in use if the new one cannot be
  // opened.
  int Open() {
    const std::lock_guard<std::mutex> lock(mutex_);
    return OpenLocked();
  }

 private:
  static constexpr std::chrono::seconds kCheckInterval{1};

  void sink_it_(const log_msg& message) override {
    if (message.time - checked_ >= kCheckInterval || message.time < checked_) {
      checked_ = message.time;
      if (WasMoved()) static_cast<void>(OpenLocked());
    }
    spdlog::memory_buf_t line;
    formatter_->format(message, line);
    WriteAll(line.data(), line.size());
  }
  void flush_() override {}

  int OpenLocked() {
    const int fd = ::open(path_.c_str(), O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0644);
    if (fd < 0) return errno;
    Close();
    fd_ = fd;
    return 0;
  }
  void Close() {
    if (fd_ >= 0) ::close(fd_);
    fd_ = -1;
  }
  bool WasMoved() const {
    struct stat named {};
    struct stat open {};
    if (::stat(path_.c_str(), &named) != 0 || ::fstat(fd_, &open) != 0) return true;
    return named.st_ino != open.st_ino || named.st_dev != open.st_dev;
  }
  // What a full disk refuses is lost: there is nowhere else to say so.
  void WriteAll(const char* bytes, size_t size) const {
    while (size > 0) {
      const ssize_t written = ::write(fd_, bytes, size);
      if (written < 0 && errno == EINTR) continue;
      if (written <= 0) return;
      bytes += written;
      size -= static_cast<size_t>(written);
    }
  }

  std::string path_;
  int fd_ = -1;
  spdlog::log_clock::time_point checked_{};
};

class SpdlogSink : public Sink {
 public:
  SpdlogSink(std::shared_ptr<spdlog::sinks::sink> sink, FileSink* file)
      : sink_(std::move(sink)), file_(file) {
    auto formatter = std::make_unique<spdlog::pattern_formatter>();
    formatter->add_flag<LevelMark>('*').set_pattern("%P:%n %d %b %Y %H:%M:%S.%e %* %v");
    sink_->set_formatter(std::move(formatter));
  }

  void Write(Level level, char role, std::string_view message) override {
    // spdlog throws where it cannot write; a log that fails must not stop the daemon.
    try {
      sink_->log(log_msg(spdlog::string_view_t(&role, 1), ToSpdlog(level),
                         {message.data(), message.size()}));
    } catch (const std::exception&) {
    }
  }
  void Reopen() override {
    if (file_ != nullptr) static_cast<void>(file_->Open());
  }

 private:
  std::shared_ptr<spdlog::sinks::sink> sink_;
  FileSink* file_;  // inside sink_; null for standard output
};

class CaptureSink : public Sink {
 public:
  explicit CaptureSink(std::function<void(Level, std::string_view)> take)
      : take_(std::move(take)) {}
  void Write(Level level, char, std::string_view message) override { take_(level, message); }

 private:
  std::function<void(Level, std::string_view)> take_;
};

}  // namespace

base::Result<std::unique_ptr<Sink>> OpenSink(const std::string& path) {
  if (path.empty()) {
    return std::unique_ptr<Sink>(
        std::make_unique<SpdlogSink>(std::make_shared<spdlog::sinks::stdout_sink_mt>(), nullptr));
  }
  auto file = std::make_shared<FileSink>(path);
  if (const int error = file->Open(); error != 0)
    return base::Error{path + ": " + std::strerror(error)};
  FileSink* const borrowed = file.get();
  return std::unique_ptr<Sink>(std::make_unique<SpdlogSink>(std::move(file), borrowed));
}

std::unique_ptr<Sink> CapturingSink(std::function<void(Level, std::string_view)> take) {
  return std::make_unique<CaptureSink>(std::move(take));
}

}  // namespace quorate::log
