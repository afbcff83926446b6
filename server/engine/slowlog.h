// SLOWLOG: the last slow commands, newest first, with arguments shortened as Redis does (at most
// 32, each at most 128 bytes).
#pragma once

#include <cstdint>
#include <deque>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "shared/base/time.h"

namespace quorate::server::engine {

struct SlowlogEntry {
  int64_t id = 0;
  base::WallTime when;
  int64_t microseconds = 0;
  std::vector<std::string> args;
  std::string peer;
  std::string client_name;
};

class Slowlog {
 public:
  static constexpr size_t kMaxArgs = 32;
  static constexpr size_t kMaxArgBytes = 128;

  // `max_length` entries are kept; 0 keeps none.
  void Add(std::span<const std::string_view> args, base::WallTime when, int64_t microseconds,
           std::string peer, std::string client_name, size_t max_length);
  void Trim(size_t max_length);
  void Reset() { entries_.clear(); }
  const std::deque<SlowlogEntry>& entries() const { return entries_; }  // newest first

 private:
  std::deque<SlowlogEntry> entries_;
  int64_t next_id_ = 0;
};

}  // namespace quorate::server::engine
