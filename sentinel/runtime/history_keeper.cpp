#include "sentinel/runtime/history_keeper.h"

#include <algorithm>
#include <utility>

#include "sentinel/runtime/state_writer.h"

namespace quorate::sentinel::runtime {

HistoryKeeper::HistoryKeeper(io::Io& io, log::Logger& logger, std::string path)
    : io_(io), logger_(logger), path_(std::move(path)) {}

void HistoryKeeper::Load() {
  if (!io_.files().Exists(path_)) return;
  const base::Result<std::string> text = io_.files().Read(path_);
  if (!text)
    return logger_.Warning("The history of failovers is not read: " + text.error().message);
  config::History history = config::ReadHistory(*text);
  if (history.damaged_lines > 0)
    logger_.Warning("The history of failovers in " + path_ + " has " +
                    std::to_string(history.damaged_lines) + " damaged lines; they are skipped");
  entries_ = std::move(history.entries);
}

void HistoryKeeper::Take(core::RecordFailover news) {
  changed_ = true;
  core::FailoverRecord& failover = news.record;
  const auto same = std::ranges::find_if(entries_, [&](const config::HistoryEntry& entry) {
    return entry.failover.group == failover.group && entry.failover.epoch == failover.epoch;
  });
  if (same != entries_.end()) {
    same->failover = std::move(failover);
    return;
  }
  entries_.push_back({io_.WallNow(), std::move(failover), {}});
  if (entries_.size() > kMaxHistoryEntries) entries_.pop_front();
}

void HistoryKeeper::Take(core::RecordDiscarded news) {
  const auto newest =
      std::find_if(entries_.rbegin(), entries_.rend(), [&](const config::HistoryEntry& entry) {
        return entry.failover.group == news.group && entry.failover.epoch <= news.epoch &&
               entry.failover.to;
      });
  if (newest == entries_.rend() || newest->discarded.size() >= kMaxDiscardedPerEntry) return;
  newest->discarded.push_back(std::move(news.discarded));
  changed_ = true;
}

std::vector<config::HistoryEntry> HistoryKeeper::View(std::string_view group, size_t count) const {
  std::vector<config::HistoryEntry> view;
  for (auto entry = entries_.rbegin(); entry != entries_.rend() && view.size() < count; ++entry)
    if (entry->failover.group == group) view.push_back(*entry);
  return view;
}

void HistoryKeeper::EndTurn() {
  if (!changed_ || writing_) return;
  changed_ = false;
  writing_ = true;
  io_.files().ReplaceAsync(path_, config::WriteHistory(entries_), kStateMode,
                           [this](const base::Status& status) { OnWritten(status); });
}

void HistoryKeeper::OnWritten(const base::Status& status) {
  writing_ = false;
  if (!status)
    logger_.Warning("The history of failovers could not be saved: " + status.error().message);
}

}  // namespace quorate::sentinel::runtime
