// Files as the daemons use them. Paths are relative to the daemon's working directory or absolute.
// Synchronous calls are for start-up and shutdown; what runs while clients are served has an
// asynchronous form. The work of Io::Offload may use Open, List, Create, Sync, Rename and Remove,
// too, and a file by one thread at a time.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "shared/base/result.h"

namespace quorate::io {

// A file being written from front to back. Errors are sticky: after one, every later call fails
// with it.
class WritableFile {
 public:
  virtual ~WritableFile() = default;  // closes; unsynced bytes may be lost on a crash
  virtual base::Status Append(std::string_view bytes) = 0;
  // fdatasync: what was appended survives a crash.
  virtual base::Status Sync() = 0;
};

// A file being read from front to back.
class ReadableFile {
 public:
  virtual ~ReadableFile() = default;
  // When it was opened.
  virtual uint64_t size() const = 0;
  // Reads up to `room` bytes; 0 is the end.
  virtual base::Result<size_t> Read(char* into, size_t room) = 0;
};

class Files {
 public:
  virtual ~Files() = default;

  // The error message starts with the path; ask Exists() first where a missing file is not an
  // error.
  virtual base::Result<std::string> Read(const std::string& path) = 0;
  // For files that are too big to be read whole.
  virtual base::Result<std::unique_ptr<ReadableFile>> Open(const std::string& path) = 0;
  virtual bool Exists(const std::string& path) = 0;
  // The same path from the root, for work that may outlast a change of the working directory.
  // Error: there is no working directory any more.
  virtual base::Result<std::string> Absolute(const std::string& path) = 0;
  // The names in a directory, sorted, without "." and "..".
  virtual base::Result<std::vector<std::string>> List(const std::string& directory) = 0;
  // Durable replacement: temporary file beside it, write, fsync, rename, fsync of the directory.
  // On failure the old file is untouched.
  virtual base::Status Replace(const std::string& path, std::string_view bytes, uint32_t mode) = 0;
  // The same off the loop thread; `done` is called on it, never from inside this call. Calls for
  // one path complete in order.
  virtual void ReplaceAsync(const std::string& path, std::string bytes, uint32_t mode,
                            std::function<void(base::Status)> done) = 0;
  // A new file; error if there is one of that name.
  virtual base::Result<std::unique_ptr<WritableFile>> Create(const std::string& path,
                                                             uint32_t mode) = 0;
  // What another process wrote to this file survives a crash, too.
  virtual base::Status Sync(const std::string& path) = 0;
  virtual base::Status Rename(const std::string& from,
                              const std::string& to) = 0;  // with fsync of the directory
  virtual base::Status Remove(const std::string& path) = 0;
  virtual base::Status MakeDirectory(const std::string& path) = 0;  // ok if it exists
};

}  // namespace quorate::io
