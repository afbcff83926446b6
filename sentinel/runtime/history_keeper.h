// Keeps the history of failovers that the core tells of: in memory for SENTINEL HISTORY, and on disk,
// written anew off the loop whenever it has changed. A write that fails is logged and made good by
// the next; nothing waits for it.
#pragma once

#include <cstddef>
#include <deque>
#include <string>
#include <string_view>
#include <vector>

#include "sentinel/config/history_file.h"
#include "sentinel/core/actions.h"
#include "shared/base/result.h"
#include "shared/io/io.h"
#include "shared/log/logger.h"

namespace quorate::sentinel::runtime {

// Of all groups together; the oldest go first.
inline constexpr size_t kMaxHistoryEntries = 1000;
inline constexpr size_t kMaxDiscardedPerEntry = 32;

class HistoryKeeper {
 public:
  HistoryKeeper(io::Io& io, log::Logger& logger, std::string path);

  // Reads what the last run left.
  void Load();
  void Take(core::RecordFailover news);
  void Take(core::RecordDiscarded news);
  // The newest `count` of a group, newest first.
  std::vector<config::HistoryEntry> View(std::string_view group, size_t count) const;
  // Starts a write if something has changed and none runs.
  void EndTurn();

 private:
  void OnWritten(const base::Status& status);

  io::Io& io_;
  log::Logger& logger_;
  const std::string path_;
  std::deque<config::HistoryEntry> entries_;  // oldest first
  bool changed_ = false;
  bool writing_ = false;
};

}  // namespace quorate::sentinel::runtime
