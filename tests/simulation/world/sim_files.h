// io::Files of a simulated process over its host's Disk. Synchronous calls delay the process' next
// turn by what the disk takes. ReplaceAsync goes step by step in virtual time - write, sync,
// rename, sync of the directory - so that a pause, a kill or a power cut can fall between any two
// of them. As in the real implementation, replacements of one path never overtake each other, and a
// synchronous one first sees the one under way through.
#pragma once

#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "shared/io/files.h"
#include "tests/simulation/world/disk.h"

namespace quorate::simulation {

class SimIo;

class SimFiles : public io::Files {
 public:
  explicit SimFiles(SimIo& io) : io_(io) {}

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
  // One replacement under way.
  struct Replacement {
    std::string path;
    std::string bytes;
    std::function<void(base::Status)> done;
    int steps_done = 0;
    Disk::File temporary = {};
    bool finished = false;
  };
  using Queue = std::deque<std::shared_ptr<Replacement>>;

  // Carries out the next step; a failure, or the last step, finishes.
  base::Status Step(Replacement& replacement);
  void ScheduleStep(const std::shared_ptr<Replacement>& replacement);
  void Finish(const std::shared_ptr<Replacement>& replacement, const base::Status& status);
  // The disk, its latency added to the process' time. Null if the process is dead.
  Disk* UseDisk(std::string_view operation, const std::string& path);

  SimIo& io_;
  std::map<std::string, Queue> queues_;
};

}  // namespace quorate::simulation
