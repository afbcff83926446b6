// The history of failovers on disk, for SENTINEL HISTORY: one JSON object a line, oldest first,
// beside the configuration file as <file>.history. No decision rests on it, so a line that is not
// understood is skipped and counted, and the sentinel starts.
#pragma once

#include <cstddef>
#include <deque>
#include <string>
#include <string_view>
#include <vector>

#include "sentinel/core/failover_record.h"
#include "shared/base/time.h"

namespace quorate::sentinel::config {

struct HistoryEntry {
  base::WallTime at{};    // when it was first written down
  uint64_t attempts = 1;  // that failed in the same way
  core::FailoverRecord failover;
  std::vector<core::DiscardedWrites> discarded;

  friend bool operator==(const HistoryEntry&, const HistoryEntry&) = default;
};

struct History {
  std::deque<HistoryEntry> entries;
  size_t damaged_lines = 0;
};

std::string HistoryPath(const std::string& config_path);
std::string WriteHistory(const std::deque<HistoryEntry>& entries);
History ReadHistory(std::string_view text);

}  // namespace quorate::sentinel::config
