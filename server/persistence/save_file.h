// One RDB file on its way to its place: written under a temporary name beside it, synced, renamed
// over the old file, the directory synced. Until the rename the old file is whole, and after a
// failure it is the one that is there.
//
// Thread rule: made on the loop thread; Append, Sync and Publish may run in a worker, one at a
// time.
#pragma once

#include <memory>
#include <mutex>
#include <string>
#include <string_view>

#include "shared/base/result.h"
#include "shared/io/files.h"

namespace quorate::server::persistence {

class SaveFile {
 public:
  // `attempt` is no other's, neither of this process nor of another that writes to the same folder:
  // it makes the temporary name. Where `path` leads is settled here; a later change of the working
  // directory changes nothing.
  static base::Result<std::shared_ptr<SaveFile>> Create(io::Files& files, const std::string& path,
                                                        const std::string& attempt);
  // Removes what was not published.
  ~SaveFile();

  base::Status Append(std::string_view bytes) { return file_->Append(bytes); }
  base::Status Sync() { return file_->Sync(); }
  base::Status Publish();
  // From here on Publish fails; one that is under way is waited for. From any thread.
  void Abandon();

 private:
  SaveFile(io::Files& files, std::string path, std::string temporary,
           std::unique_ptr<io::WritableFile> file);

  io::Files& files_;
  const std::string path_;
  const std::string temporary_;
  std::unique_ptr<io::WritableFile> file_;
  std::mutex mutex_;  // orders Publish and Abandon
  bool abandoned_ = false;
  bool published_ = false;
};

}  // namespace quorate::server::persistence
