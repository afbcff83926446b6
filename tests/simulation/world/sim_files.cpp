#include "tests/simulation/world/sim_files.h"

#include <utility>

#include "tests/simulation/world/sim_io.h"

namespace quorate::simulation {

namespace {

constexpr int kReplacementSteps = 4;

base::Error Dead(const std::string& path) { return {path + ": the process is dead"}; }

class SimFile : public io::WritableFile {
 public:
  SimFile(SimIo& io, std::string path, Disk::File file)
      : io_(io), path_(std::move(path)), file_(std::move(file)) {}

  base::Status Append(std::string_view bytes) override {
    if (!io_.alive()) return Dead(path_);
    if (status_) status_ = io_.machine().disk.Append(*file_, path_, bytes);
    return status_;
  }
  base::Status Sync() override {
    if (!io_.alive()) return Dead(path_);
    io_.Spend(io_.machine().disk.DrawLatency());
    if (status_) status_ = io_.machine().disk.Sync(*file_, path_);
    return status_;
  }

 private:
  SimIo& io_;
  const std::string path_;
  const Disk::File file_;
  base::Status status_;
};

// What the file held when it was opened.
class SimReader : public io::ReadableFile {
 public:
  explicit SimReader(std::string content) : content_(std::move(content)) {}

  uint64_t size() const override { return content_.size(); }
  base::Result<size_t> Read(char* into, size_t room) override {
    const size_t size = content_.copy(into, room, position_);
    position_ += size;
    return size;
  }

 private:
  const std::string content_;
  size_t position_ = 0;
};

}  // namespace

Disk* SimFiles::UseDisk(std::string_view operation, const std::string& path) {
  if (!io_.alive()) return nullptr;
  io_.machine().trace.Add(io_.machine().events.now(), operation, io_.machine().host, 0, path);
  io_.Spend(io_.machine().disk.DrawLatency());
  return &io_.machine().disk;
}

base::Result<std::string> SimFiles::Read(const std::string& path) {
  Disk* disk = UseDisk("file-read", path);
  if (disk == nullptr) return Dead(path);
  return disk->Read(io_.PathOf(path));
}

base::Result<std::unique_ptr<io::ReadableFile>> SimFiles::Open(const std::string& path) {
  base::Result<std::string> content = Read(path);
  if (!content) return content.error();
  return std::unique_ptr<io::ReadableFile>(std::make_unique<SimReader>(std::move(*content)));
}

bool SimFiles::Exists(const std::string& path) {
  return io_.machine().disk.Exists(io_.PathOf(path));
}

base::Result<std::string> SimFiles::Absolute(const std::string& path) { return io_.PathOf(path); }

base::Result<std::vector<std::string>> SimFiles::List(const std::string& directory) {
  Disk* disk = UseDisk("file-list", directory);
  if (disk == nullptr) return Dead(directory);
  const std::string absolute = io_.PathOf(directory);
  return disk->ListDirectory(absolute.size() > 1 && absolute.ends_with('/')
                                 ? absolute.substr(0, absolute.size() - 1)
                                 : absolute);
}

base::Status SimFiles::Step(Replacement& replacement) {
  Disk& disk = io_.machine().disk;
  const std::string temporary = replacement.path + ".tmp";
  io_.machine().trace.Add(io_.machine().events.now(), "replace-step",
                          static_cast<uint64_t>(replacement.steps_done), 0, replacement.path);
  switch (replacement.steps_done++) {
    case 0: {
      if (disk.Exists(temporary)) {
        if (base::Status removed = disk.Remove(temporary); !removed) return removed;
      }
      base::Result<Disk::File> file = disk.Create(temporary);
      if (!file) return file.error();
      replacement.temporary = *file;
      return disk.Append(**file, temporary, replacement.bytes);
    }
    case 1:
      return disk.Sync(*replacement.temporary, temporary);
    case 2:
      return disk.Rename(temporary, replacement.path);
    default:
      return disk.SyncDirectoryOf(replacement.path);
  }
}

base::Status SimFiles::Replace(const std::string& path, std::string_view bytes, uint32_t) {
  Disk* disk = UseDisk("file-replace", path);
  if (disk == nullptr) return Dead(path);
  const std::string absolute = io_.PathOf(path);
  // Older replacements are no longer of interest once the one under way is through: this one is
  // newer.
  if (const auto queue = queues_.find(absolute); queue != queues_.end()) {
    for (const std::shared_ptr<Replacement>& older : Queue(queue->second)) {
      base::Status status;
      while (status && older->steps_done > 0 && older->steps_done < kReplacementSteps)
        status = Step(*older);
      Finish(older, status);
    }
  }
  Replacement replacement{.path = absolute, .bytes = std::string(bytes), .done = {}};
  base::Status status;
  while (status && replacement.steps_done < kReplacementSteps) status = Step(replacement);
  if (!status && disk->Exists(absolute + ".tmp")) {
    // The failure is what is reported, not that of tidying up.
    if (const base::Status removed = disk->Remove(absolute + ".tmp"); !removed) return status;
  }
  return status;
}

void SimFiles::ReplaceAsync(const std::string& path, std::string bytes, uint32_t,
                            std::function<void(base::Status)> done) {
  if (!io_.alive()) return;
  const std::string absolute = io_.PathOf(path);
  Queue& queue = queues_[absolute];
  queue.push_back(std::make_shared<Replacement>(
      Replacement{.path = absolute, .bytes = std::move(bytes), .done = std::move(done)}));
  if (queue.size() == 1) ScheduleStep(queue.front());
}

void SimFiles::ScheduleStep(const std::shared_ptr<Replacement>& replacement) {
  io_.AfterWork(io_.machine().disk.DrawLatency(), [this, replacement] {
    if (replacement->finished) return;
    const base::Status status = Step(*replacement);
    if (status && replacement->steps_done < kReplacementSteps) return ScheduleStep(replacement);
    Finish(replacement, status);
  });
}

void SimFiles::Finish(const std::shared_ptr<Replacement>& replacement, const base::Status& status) {
  replacement->finished = true;
  Queue& queue = queues_[replacement->path];
  std::erase(queue, replacement);
  if (!queue.empty()) ScheduleStep(queue.front());
  io_.Complete([done = std::move(replacement->done), status] { done(status); });
}

base::Result<std::unique_ptr<io::WritableFile>> SimFiles::Create(const std::string& path,
                                                                 uint32_t) {
  Disk* disk = UseDisk("file-create", path);
  if (disk == nullptr) return Dead(path);
  const std::string absolute = io_.PathOf(path);
  if (disk->Exists(absolute)) return base::Error{absolute + ": File exists"};
  base::Result<Disk::File> file = disk->Create(absolute);
  if (!file) return file.error();
  return std::unique_ptr<io::WritableFile>(std::make_unique<SimFile>(io_, absolute, *file));
}

base::Status SimFiles::Sync(const std::string& path) {
  Disk* disk = UseDisk("file-sync", path);
  if (disk == nullptr) return Dead(path);
  return disk->Sync(io_.PathOf(path));
}

base::Status SimFiles::Rename(const std::string& from, const std::string& to) {
  Disk* disk = UseDisk("file-rename", from);
  if (disk == nullptr) return Dead(from);
  const base::Status renamed = disk->Rename(io_.PathOf(from), io_.PathOf(to));
  if (!renamed) return renamed;
  return disk->SyncDirectoryOf(io_.PathOf(to));
}

base::Status SimFiles::Remove(const std::string& path) {
  Disk* disk = UseDisk("file-remove", path);
  if (disk == nullptr) return Dead(path);
  return disk->Remove(io_.PathOf(path));
}

base::Status SimFiles::MakeDirectory(const std::string& path) {
  Disk* disk = UseDisk("file-mkdir", path);
  if (disk == nullptr) return Dead(path);
  return disk->MakeDirectory(io_.PathOf(path));
}

}  // namespace quorate::simulation
