// io::Files over the file system. Synchronous calls run where they are called; ReplaceAsync runs on
// libuv's workers.
//
// Replacements of one path never overtake each other: each gets a number when it is asked for, and
// one that finds a newer already on disk counts as done. So a synchronous Replace at shutdown is
// not undone by an asynchronous one in flight.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "shared/io/files.h"
#include "shared/uv/loop.h"

namespace quorate::uv {

class DiskFiles : public io::Files {
 public:
  // The loop may go before it.
  explicit DiskFiles(Loop& loop) : loop_(loop), alive_(std::make_shared<DiskFiles*>(this)) {}

  base::Result<std::string> Read(const std::string& path) override;
  base::Result<std::unique_ptr<io::ReadableFile>> Open(const std::string& path) override;
  bool Exists(const std::string& path) override;
  base::Result<std::string> Absolute(const std::string& path) override;
  base::Result<std::vector<std::string>> List(const std::string& directory) override;
  base::Status Replace(const std::string& path, std::string_view bytes, uint32_t mode) override;
  void ReplaceAsync(const std::string& path, std::string bytes, uint32_t mode,
                    std::function<void(base::Status)> done) override;
  base::Result<std::unique_ptr<io::WritableFile>> Create(const std::string& path,
                                                         uint32_t mode) override;
  base::Status Sync(const std::string& path) override;
  base::Status Rename(const std::string& from, const std::string& to) override;
  base::Status Remove(const std::string& path) override;
  base::Status MakeDirectory(const std::string& path) override;

 private:
  struct PathQueue;
  struct Job;

  PathQueue& QueueOf(const std::string& path);
  void StartNext(PathQueue& queue);
  void FinishJob(PathQueue& queue);

  Loop& loop_;
  std::map<std::string, std::shared_ptr<PathQueue>> queues_;
  std::shared_ptr<DiskFiles*> alive_;
};

}  // namespace quorate::uv
