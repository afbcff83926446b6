// A folder below the system's temporary one, with a name that nobody else uses. Removed with
// everything in it at the end, unless it is kept.
#pragma once

#include <memory>
#include <string>

#include "shared/base/result.h"

namespace quorate::ops {

class ScratchFolder {
 public:
  // `what` becomes part of the name: /tmp/quorate-<what>-x7Gh2k
  static base::Result<std::unique_ptr<ScratchFolder>> Create(const std::string& what);
  ~ScratchFolder();
  ScratchFolder(const ScratchFolder&) = delete;
  ScratchFolder& operator=(const ScratchFolder&) = delete;

  const std::string& path() const { return path_; }
  void Keep() { keep_ = true; }

 private:
  explicit ScratchFolder(std::string path) : path_(std::move(path)) {}

  std::string path_;
  bool keep_ = false;
};

}  // namespace quorate::ops
