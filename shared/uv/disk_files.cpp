#include "shared/uv/disk_files.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <deque>
#include <filesystem>
#include <mutex>
#include <optional>
#include <system_error>
#include <utility>

#include "shared/uv/socket.h"

namespace quorate::uv {

namespace {

constexpr size_t kLargestWrite = size_t{1} << 30;

FileDescriptor OpenFile(const std::string& path, int flags, uint32_t mode = 0) {
  int fd;
  do {
    fd = open(path.c_str(), flags | O_CLOEXEC, mode);
  } while (fd < 0 && errno == EINTR);
  return FileDescriptor(fd);
}

base::Status WriteAll(int fd, const std::string& path, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t n = write(fd, bytes.data(), std::min(bytes.size(), kLargestWrite));
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return SystemError(path, errno);
    bytes.remove_prefix(static_cast<size_t>(n));
  }
  return {};
}

// Makes the names in the directory of `path` durable.
base::Status SyncDirectoryOf(const std::string& path) {
  const size_t slash = path.rfind('/');
  const std::string directory = slash == std::string::npos ? "."
                                : slash == 0               ? "/"
                                                           : path.substr(0, slash);
  const FileDescriptor fd = OpenFile(directory, O_RDONLY | O_DIRECTORY);
  if (!fd.valid() || fsync(fd.get()) != 0) return SystemError(directory, errno);
  return {};
}

base::Status WriteTemporary(const std::string& temporary, std::string_view bytes, uint32_t mode) {
  if (unlink(temporary.c_str()) != 0 && errno != ENOENT) return SystemError(temporary, errno);
  const FileDescriptor fd = OpenFile(temporary, O_WRONLY | O_CREAT | O_EXCL, mode);
  if (!fd.valid()) return SystemError(temporary, errno);
  if (base::Status written = WriteAll(fd.get(), temporary, bytes); !written) return written;
  if (fsync(fd.get()) != 0) return SystemError(temporary, errno);
  return {};
}

base::Status ReplaceNow(const std::string& path, std::string_view bytes, uint32_t mode) {
  const std::string temporary = path + ".tmp";
  base::Status written = WriteTemporary(temporary, bytes, mode);
  if (written && rename(temporary.c_str(), path.c_str()) != 0) written = SystemError(path, errno);
  if (!written) {
    unlink(temporary.c_str());
    return written;
  }
  return SyncDirectoryOf(path);
}

class DiskFile : public io::WritableFile {
 public:
  DiskFile(std::string path, FileDescriptor fd) : path_(std::move(path)), fd_(std::move(fd)) {}

  base::Status Append(std::string_view bytes) override {
    if (status_) status_ = WriteAll(fd_.get(), path_, bytes);
    return status_;
  }
  base::Status Sync() override {
    if (status_ && fdatasync(fd_.get()) != 0) status_ = SystemError(path_, errno);
    return status_;
  }

 private:
  const std::string path_;
  const FileDescriptor fd_;
  base::Status status_;
};

class DiskReader : public io::ReadableFile {
 public:
  DiskReader(std::string path, FileDescriptor fd, uint64_t size)
      : path_(std::move(path)), fd_(std::move(fd)), size_(size) {}

  uint64_t size() const override { return size_; }
  base::Result<size_t> Read(char* into, size_t room) override {
    for (;;) {
      const ssize_t n = read(fd_.get(), into, room);
      if (n >= 0) return static_cast<size_t>(n);
      if (errno != EINTR) return SystemError(path_, errno);
    }
  }

 private:
  const std::string path_;
  const FileDescriptor fd_;
  const uint64_t size_;
};

}  // namespace

struct DiskFiles::Job {
  std::string bytes;
  uint32_t mode;
  uint64_t number;
  std::function<void(base::Status)> done;
  base::Status outcome;
};

// All replacements of one path. `jobs` belongs to the loop thread except for the front one's bytes
// and outcome, which belong to the worker while `busy`; the rest is under `mutex`.
struct DiskFiles::PathQueue {
  explicit PathQueue(std::string p) : path(std::move(p)) {}

  // Writes unless a newer content is on disk already.
  base::Status ReplaceInOrder(uint64_t number, std::string_view bytes, uint32_t mode) {
    const std::lock_guard<std::mutex> lock(mutex);
    if (number < newest_on_disk) return {};
    base::Status written = ReplaceNow(path, bytes, mode);
    if (written) newest_on_disk = number;
    return written;
  }

  const std::string path;
  uint64_t next_number = 1;
  std::deque<Job> jobs;
  bool busy = false;
  std::mutex mutex;
  uint64_t newest_on_disk = 0;
};

base::Result<std::string> DiskFiles::Read(const std::string& path) {
  const FileDescriptor fd = OpenFile(path, O_RDONLY);
  if (!fd.valid()) return SystemError(path, errno);
  struct stat status {};
  if (fstat(fd.get(), &status) != 0) return SystemError(path, errno);
  std::string bytes;
  size_t filled = 0;
  // The size is a hint: it grows while being written, and is 0 for pipes and /proc.
  bytes.resize(static_cast<size_t>(std::max<off_t>(status.st_size, 0)) + 1);
  for (;;) {
    const ssize_t n = read(fd.get(), bytes.data() + filled, bytes.size() - filled);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return SystemError(path, errno);
    if (n == 0) break;
    filled += static_cast<size_t>(n);
    if (filled == bytes.size()) bytes.resize(bytes.size() * 2);
  }
  bytes.resize(filled);
  return bytes;
}

base::Result<std::unique_ptr<io::ReadableFile>> DiskFiles::Open(const std::string& path) {
  FileDescriptor fd = OpenFile(path, O_RDONLY);
  struct stat status {};
  if (!fd.valid() || fstat(fd.get(), &status) != 0) return SystemError(path, errno);
  return std::unique_ptr<io::ReadableFile>(std::make_unique<DiskReader>(
      path, std::move(fd), static_cast<uint64_t>(std::max<off_t>(status.st_size, 0))));
}

bool DiskFiles::Exists(const std::string& path) { return access(path.c_str(), F_OK) == 0; }

base::Result<std::string> DiskFiles::Absolute(const std::string& path) {
  std::error_code error;
  const std::filesystem::path absolute = std::filesystem::absolute(path, error);
  if (error) return SystemError(path, error.value());
  return absolute.string();
}

base::Result<std::vector<std::string>> DiskFiles::List(const std::string& directory) {
  const std::unique_ptr<DIR, int (*)(DIR*)> open(opendir(directory.c_str()), closedir);
  if (!open) return SystemError(directory, errno);
  std::vector<std::string> names;
  errno = 0;
  while (const dirent* entry = readdir(open.get())) {
    const std::string_view name = entry->d_name;
    if (name != "." && name != "..") names.emplace_back(name);
  }
  if (errno != 0) return SystemError(directory, errno);
  std::sort(names.begin(), names.end());
  return names;
}

DiskFiles::PathQueue& DiskFiles::QueueOf(const std::string& path) {
  std::shared_ptr<PathQueue>& queue = queues_[path];
  if (!queue) queue = std::make_shared<PathQueue>(path);
  return *queue;
}

base::Status DiskFiles::Replace(const std::string& path, std::string_view bytes, uint32_t mode) {
  PathQueue& queue = QueueOf(path);
  return queue.ReplaceInOrder(queue.next_number++, bytes, mode);
}

void DiskFiles::ReplaceAsync(const std::string& path, std::string bytes, uint32_t mode,
                             std::function<void(base::Status)> done) {
  PathQueue& queue = QueueOf(path);
  queue.jobs.push_back({std::move(bytes), mode, queue.next_number++, std::move(done), {}});
  if (!queue.busy) StartNext(queue);
}

void DiskFiles::StartNext(PathQueue& queue) {
  queue.busy = true;
  const std::shared_ptr<PathQueue> shared = queues_[queue.path];
  loop_.Offload(
      [shared, job = &queue.jobs.front()] {
        job->outcome = shared->ReplaceInOrder(job->number, job->bytes, job->mode);
      },
      [this, shared, weak = std::weak_ptr<DiskFiles*>(alive_)] {
        if (!weak.expired()) FinishJob(*shared);
      });
}

void DiskFiles::FinishJob(PathQueue& queue) {
  const Job job = std::move(queue.jobs.front());
  queue.jobs.pop_front();
  queue.busy = false;
  if (!queue.jobs.empty()) StartNext(queue);
  job.done(job.outcome);
}

base::Result<std::unique_ptr<io::WritableFile>> DiskFiles::Create(const std::string& path,
                                                                  uint32_t mode) {
  FileDescriptor fd = OpenFile(path, O_WRONLY | O_CREAT | O_EXCL, mode);
  if (!fd.valid()) return SystemError(path, errno);
  return std::unique_ptr<io::WritableFile>(std::make_unique<DiskFile>(path, std::move(fd)));
}

base::Status DiskFiles::Sync(const std::string& path) {
  const FileDescriptor fd = OpenFile(path, O_RDONLY);
  if (!fd.valid() || fsync(fd.get()) != 0) return SystemError(path, errno);
  return {};
}

base::Status DiskFiles::Rename(const std::string& from, const std::string& to) {
  if (rename(from.c_str(), to.c_str()) != 0) return SystemError(from + " -> " + to, errno);
  return SyncDirectoryOf(to);
}

base::Status DiskFiles::Remove(const std::string& path) {
  if (unlink(path.c_str()) != 0) return SystemError(path, errno);
  return {};
}

base::Status DiskFiles::MakeDirectory(const std::string& path) {
  if (mkdir(path.c_str(), 0755) == 0) return SyncDirectoryOf(path);
  const int error = errno;
  struct stat status {};
  if (error == EEXIST && stat(path.c_str(), &status) == 0 && S_ISDIR(status.st_mode)) return {};
  return SystemError(path, error);
}

}  // namespace quorate::uv
