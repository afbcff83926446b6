#include "sentinel/runtime/history_keeper.h"

#include <algorithm>
#include <utility>

#include "sentinel/runtime/state_writer.h"

namespace quorate::sentinel::runtime {

HistoryKeeper::HistoryKeeper(io::Io& io, log::Logger& logger, std::string path)
    : io_(io), logger_(logger), path_(std::move(path)) {}

HistoryKeeper::~HistoryKeeper() { *alive_ = false; }

void HistoryKeeper::Load() {
  if (!io_.files().Exists(path_)) return;
  const base::Result<std::string> text = io_.files().Read(path_);
  if (!text)
    return logger_.Warning("The history of failovers is not read: " + text.error().message);
  config::History history = config::ReadHistory(*text);
  if (history.damaged_lines > 0)
    logger_.Warning("The history of failovers in " + path_ + " has " +
                    std::to_string(history.damaged_lines) + " damaged lines; they are skipped");
  for (config::HistoryEntry& entry : history.entries) Add(std::move(entry));
  changed_ = false;
}

void HistoryKeeper::Add(config::HistoryEntry entry) {
  entries_.push_back({std::move(entry), {}});
  Keep(entries_.back());
}

void HistoryKeeper::Keep(Kept& kept) {
  kept.line = config::WriteHistory({kept.entry});
  changed_ = true;
}

void HistoryKeeper::Take(core::RecordFailover news) {
  core::FailoverRecord& failover = news.record;
  const auto newest = std::find_if(entries_.rbegin(), entries_.rend(), [&](const Kept& kept) {
    return kept.entry.failover.group == failover.group;
  });
  if (newest != entries_.rend()) {
    core::FailoverRecord& last = newest->entry.failover;
    if (last.epoch == failover.epoch) {
      if (last.led && !failover.led) {  // what the leader of it knew stays
        last.outcome = failover.outcome;
        last.to = failover.to;
      } else {
        last = std::move(failover);
      }
      return Keep(*newest);
    }
    if (!last.to && !failover.to && last.outcome == failover.outcome &&
        last.from == failover.from) {
      ++newest->entry.attempts;
      last = std::move(failover);
      return Keep(*newest);
    }
  }
  Add({io_.WallNow(), 1, std::move(failover), {}});
  if (entries_.size() > kMaxHistoryEntries) entries_.pop_front();
}

void HistoryKeeper::Take(core::RecordDiscarded news) {
  const auto newest = std::find_if(entries_.rbegin(), entries_.rend(), [&](const Kept& kept) {
    const core::FailoverRecord& failover = kept.entry.failover;
    return failover.group == news.group && failover.epoch <= news.epoch && failover.to;
  });
  if (newest == entries_.rend() || newest->entry.discarded.size() >= kMaxDiscardedPerEntry) return;
  newest->entry.discarded.push_back(std::move(news.discarded));
  Keep(*newest);
}

std::vector<config::HistoryEntry> HistoryKeeper::View(std::string_view group, size_t count) const {
  std::vector<config::HistoryEntry> view;
  for (auto kept = entries_.rbegin(); kept != entries_.rend() && view.size() < count; ++kept)
    if (kept->entry.failover.group == group) view.push_back(kept->entry);
  return view;
}

std::string HistoryKeeper::Text() const {
  std::string text;
  for (const Kept& kept : entries_) text += kept.line;
  return text;
}

void HistoryKeeper::EndTurn() {
  if (!changed_ || writing_) return;
  changed_ = false;
  writing_ = true;
  io_.files().ReplaceAsync(path_, Text(), kStateMode,
                           [this, alive = alive_](const base::Status& status) {
                             if (*alive) OnWritten(status);
                           });
}

void HistoryKeeper::Finish() {
  if (!changed_ || writing_) return;
  changed_ = false;
  OnWritten(io_.files().Replace(path_, Text(), kStateMode));
}

void HistoryKeeper::OnWritten(const base::Status& status) {
  writing_ = false;
  if (!status)
    logger_.Warning("The history of failovers could not be saved: " + status.error().message);
}

}  // namespace quorate::sentinel::runtime
