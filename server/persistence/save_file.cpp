#include "server/persistence/save_file.h"

#include <utility>

namespace quorate::server::persistence {

base::Result<std::shared_ptr<SaveFile>> SaveFile::Create(io::Files& files, const std::string& path,
                                                         const std::string& attempt) {
  constexpr uint32_t kMode = 0644;
  base::Result<std::string> target = files.Absolute(path);
  if (!target) return target.error();
  std::string temporary = target->substr(0, target->rfind('/') + 1) + "temp-" + attempt + ".rdb";
  base::Result<std::unique_ptr<io::WritableFile>> file = files.Create(temporary, kMode);
  if (!file) return file.error();
  return std::shared_ptr<SaveFile>(
      new SaveFile(files, std::move(*target), std::move(temporary), std::move(*file)));
}

SaveFile::SaveFile(io::Files& files, std::string path, std::string temporary,
                   std::unique_ptr<io::WritableFile> file)
    : files_(files),
      path_(std::move(path)),
      temporary_(std::move(temporary)),
      file_(std::move(file)) {}

SaveFile::~SaveFile() {
  if (published_) return;
  // A leftover is only untidy: what failed was reported.
  if (const base::Status removed = files_.Remove(temporary_); !removed) return;
}

void SaveFile::Abandon() {
  const std::lock_guard<std::mutex> lock(mutex_);
  abandoned_ = true;
}

base::Status SaveFile::Publish() {
  const std::lock_guard<std::mutex> lock(mutex_);
  if (abandoned_) return base::Error{temporary_ + ": given up"};
  if (base::Status renamed = files_.Rename(temporary_, path_); !renamed) return renamed;
  published_ = true;
  return {};
}

}  // namespace quorate::server::persistence
