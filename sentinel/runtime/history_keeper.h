// Keeps the history of failovers that the core tells of: in memory for SENTINEL HISTORY, and on
// disk, written anew off the loop whenever it has changed. A write that fails is logged and made
// good by the next; nothing waits for it.
#pragma once

#include <cstddef>
#include <deque>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "sentinel/config/history_file.h"
#include "sentinel/core/actions.h"
#include "shared/base/result.h"
#include "shared/io/io.h"
#include "shared/log/logger.h"

namespace quorate::sentinel::runtime {

// Of all groups together; the oldest go first. What failed again in the same way (nobody was
// eligible, say, every few seconds) is one entry with a count.
inline constexpr size_t kMaxHistoryEntries = 1000;
inline constexpr size_t kMaxDiscardedPerEntry = 32;

class HistoryKeeper {
 public:
  HistoryKeeper(io::Io& io, log::Logger& logger, std::string path);
  ~HistoryKeeper();

  // Reads what the last run left.
  void Load();
  void Take(core::RecordFailover news);
  void Take(core::RecordDiscarded news);
  // The newest `count` of a group, newest first.
  std::vector<config::HistoryEntry> View(std::string_view group, size_t count) const;
  // Starts a write if something has changed and none runs.
  void EndTurn();
  // The process ends in good order: what has changed is written, unless a write is under way.
  void Finish();

 private:
  struct Kept {
    config::HistoryEntry entry;
    std::string line;  // as in the file
  };
  void Add(config::HistoryEntry entry);
  void Keep(Kept& kept);
  std::string Text() const;
  void OnWritten(const base::Status& status);

  io::Io& io_;
  log::Logger& logger_;
  const std::string path_;
  std::deque<Kept> entries_;  // oldest first
  bool changed_ = false;
  bool writing_ = false;
  const std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

}  // namespace quorate::sentinel::runtime
