// The writes in a part of a replication stream that is about to be thrown away: the commands that
// changed data, as an append-only file would hold them (SELECT before a command of another
// database), and what can be said of them in a few figures.
//
// Read from a place where a unit begins; whoever owns the bytes cuts them into commands and adds
// them one by one. What the stream carries for its own sake (SELECT, PING, REPLCONF) and messages
// (PUBLISH) are not writes. A transaction is kept whole, MULTI and EXEC with it, or not at all.
//
// Invariants
//   W1  file() is a sequence of whole commands, and MULTI and EXEC alternate in it.
//   W2  every write whose last byte lies beyond `from` is in file(), in order and once; a
//       transaction counts by its EXEC.
//   W3  the bytes before the command being added are `at()` bytes of the history.
#pragma once

#include <cstdint>
#include <functional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "shared/base/ids.h"

namespace quorate::replication::core {

// Calls `found` for every key of a command.
using ForEachKey = std::function<void(std::span<const std::string_view> args,
                                      const std::function<void(std::string_view)>& found)>;

class DiscardedWrites {
 public:
  // Keys that are named, in order of their first write; all are counted.
  static constexpr size_t kNamedKeys = 1000;

  // The first command added begins at `begin`, with `db` selected (-1 = none, which is 0). Only
  // what ends beyond `from` is recorded.
  DiscardedWrites(base::Offset begin, int db, base::Offset from, ForEachKey for_each_key);

  // The next command of the stream, with its bytes; empty `args` for bytes that are no command.
  void Add(std::span<const std::string_view> args, std::string_view raw);

  base::Offset at() const { return at_; }
  const std::string& file() const { return file_; }
  std::string TakeFile() { return std::move(file_); }
  uint64_t commands() const { return commands_; }  // without MULTI and EXEC
  uint64_t keys() const { return seen_.size(); }
  const std::set<std::pair<int, std::string>>& all_keys() const { return seen_; }
  const std::vector<std::pair<int, std::string>>& named_keys() const { return named_keys_; }

 private:
  void Write(std::span<const std::string_view> args, std::string_view raw, int db);
  void CountKeys(std::span<const std::string_view> args, int db);
  void EndTransaction(bool executed);

  const base::Offset from_;
  const ForEachKey for_each_key_;
  base::Offset at_;
  int db_;               // selected in the stream
  int written_db_ = -1;  // selected in file_, unit_ included
  std::string file_;
  uint64_t commands_ = 0;
  std::set<std::pair<int, std::string>> seen_;
  std::vector<std::pair<int, std::string>> named_keys_;

  bool in_transaction_ = false;
  int db_before_unit_ = 0;
  std::vector<std::pair<int, std::vector<std::string>>> unit_;  // its writes and their databases
};

}  // namespace quorate::replication::core
