// A dataset made by reading a replication stream from its first byte, in the plainest way: what
// every server must have whose history is that stream, up to where it stands. It knows the commands
// that the writers' requests become, and no others.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "server/store/databases.h"

namespace quorate::simulation {

class Fold {
 public:
  // The commands in `bytes`, which go on where the last ones ended. False: one of them is unknown.
  bool Read(std::string_view bytes);
  // Bytes read so far; behind the last command that came whole.
  size_t read() const { return read_; }

  // A key that is not the same in `databases`, in words; nothing: they are equal.
  std::optional<std::string> FindDifference(const server::store::Databases& databases) const;

 private:
  struct Value {
    std::string text;
    int64_t expire_at_ms = server::store::kNoExpiry;
  };
  using Command = std::vector<std::string>;

  bool Run(Command command);
  bool Execute(Command& command);
  bool Set(Command& command);

  std::map<size_t, std::map<std::string, Value>> databases_;
  size_t selected_ = 0;
  bool in_transaction_ = false;
  std::vector<Command> queued_;
  size_t read_ = 0;
};

}  // namespace quorate::simulation
