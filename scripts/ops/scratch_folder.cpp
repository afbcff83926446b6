#include "scripts/ops/scratch_folder.h"

#include <stdlib.h>

#include <cerrno>
#include <cstring>
#include <filesystem>

namespace quorate::ops {

namespace fs = std::filesystem;

base::Result<std::unique_ptr<ScratchFolder>> ScratchFolder::Create(const std::string& what) {
  std::error_code error;
  std::string path = (fs::temp_directory_path(error) / ("quorate-" + what + "-XXXXXX")).string();
  if (error) return base::Error{"no temporary folder: " + error.message()};
  if (mkdtemp(path.data()) == nullptr) return base::Error{path + ": " + std::strerror(errno)};
  return std::unique_ptr<ScratchFolder>(new ScratchFolder(std::move(path)));
}

ScratchFolder::~ScratchFolder() {
  std::error_code error;
  if (!keep_) fs::remove_all(path_, error);
}

}  // namespace quorate::ops
