// Reads the commands of a rollback record's file, in pieces as they come from the disk. The file
// may have been damaged or made by anybody: every length is checked, memory follows what was read,
// and what is no sequence of whole RESP commands is an error that names the byte. Pure.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "shared/base/buffer.h"
#include "shared/base/result.h"
#include "shared/resp/request_parser.h"

namespace quorate::server::persistence {

class RollbackReader {
 public:
  RollbackReader();

  void Push(std::string_view bytes) { input_.Append(bytes); }
  // The next whole command: true, and args() and raw() until the next call of anything. False: push
  // more, or Finish. After an error every call returns it.
  base::Result<bool> Next();
  std::span<const std::string_view> args() const { return parser_.args(); }
  std::string_view raw() const { return parser_.raw(); }
  // Error: the file ends inside a command.
  base::Status Finish() const;

 private:
  resp::RequestParser parser_;
  base::Buffer input_;
  size_t used_ = 0;       // of input_, by the command that was handed out
  uint64_t offset_ = 0;   // in the file, behind the last whole command
  uint64_t skipped_ = 0;  // behind that: empty requests
  std::string error_;
};

// What a command of a record is besides a write.
bool IsFraming(std::string_view name);  // SELECT, MULTI, EXEC

}  // namespace quorate::server::persistence
