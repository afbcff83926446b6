// A server reduced to what the on-disk backlog needs of it, on a simulated host whose disk can
// fail: a history that is appended to, crashes, and what is found afterwards. It remembers every
// byte of every history, to compare with.
#pragma once

#include <algorithm>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "replication/runtime/disk_backlog.h"
#include "tests/simulation/world/world.h"

namespace quorate::replication::runtime::testing {

inline base::ReplicationId HistoryId(size_t number) {
  return *base::ReplicationId::Parse(std::string(38, 'a') + static_cast<char>('0' + number / 10) +
                                     static_cast<char>('0' + number % 10));
}

// What lies in a folder's segments.
struct Recovered {
  bool any = false;  // segments, readable or not
  core::DiskIndex index;
  std::string bytes;  // of the run
  std::vector<std::string> notes;
  std::string scan_error;  // why they could not be looked through
  std::string error;       // of reading them
  std::optional<core::DiskIndex::Choice> choice;

  int64_t start() const { return index.start().bytes(); }
  int64_t end() const { return index.end().bytes(); }
};

class DiskNode {
 public:
  static constexpr uint64_t kLimit = 64 * 1024 * 1024;
  static constexpr size_t kMemory = 8 * 1024 * 1024;

  DiskNode(simulation::World& world, simulation::Host& host, uint64_t limit = kLimit,
           uint64_t max_unwritten = DiskBacklog::kMaxUnwritten, size_t memory = kMemory)
      : world_(world),
        host_(host),
        limit_(limit),
        max_unwritten_(max_unwritten),
        history_(HistoryId(0), memory) {
    written[HistoryId(0).ToString()] = "";
    history_.EnsureBacklog();
    StartProcess();
  }

  // ---- the process

  // Begins to write, after what Recover found and Resume took over; or anew.
  void Start(bool resumed = false) { disk_->Start(resumed); }
  void Kill() {
    disk_.reset();
    process_->Kill();
  }
  void PowerOff() {
    host_.PowerOff();
    disk_.reset();
  }
  // The process is gone: another one looks at the files, and chooses what goes on from `file`; by
  // default it has the last run.
  Recovered Recover(const std::optional<core::SnapshotFile>& file = std::nullopt) {
    if (!host_.powered()) host_.PowerOn();
    StartProcess();
    Recovered found;
    bool done = false;
    const base::Result<bool> any = disk_->Recover([&](const base::Status& status) {
      done = true;
      if (!status) found.scan_error = status.error().message;
    });
    if (!any) found.scan_error = any.error().message;
    found.any = any && *any;
    if (found.any) world_.RunUntil([&] { return done; }, std::chrono::minutes(1));
    if (file) found.choice = disk_->Choose(*file);
    found.index = disk_->index();
    found.index.CheckInvariants();
    Read(found);
    found.notes = notes;
    return found;
  }
  // The dataset is rebuilt up to `end` of what was found; the history goes on under a new id.
  void Resume(int64_t end) {
    const base::ReplicationId from = disk_->index().latest().id;
    disk_->Resume(base::Offset(end));
    Detach();
    const base::ReplicationId id = HistoryId(++histories_);
    written[id.ToString()] = written.at(from.ToString()).substr(0, static_cast<size_t>(end));
    history_.Restore(id, base::Offset(end), from, base::Offset(end));
    dataset_empty = end == 0;
    Start(true);
  }

  // ---- the history

  void Append(std::string_view bytes) {
    history_.Append(bytes);
    written.at(history_.id().ToString()).append(bytes);
    dataset_empty = false;
    disk_->EndTurn();
    disk_->CheckInvariants();
  }
  void Promote() {
    const std::string inherited = written.at(history_.id().ToString());
    history_.Promote(HistoryId(++histories_));
    written[history_.id().ToString()] = inherited;
    disk_->EndTurn();
    disk_->CheckInvariants();
  }
  // A snapshot of another history, `ahead` bytes further on, is the dataset now.
  void AdoptSnapshot(int64_t ahead) {
    disk_->Leave();
    const base::Offset offset = history_.offset() + ahead;
    history_.AdoptSnapshot(HistoryId(++histories_), offset);
    written[history_.id().ToString()] = std::string(static_cast<size_t>(offset.bytes()), '?');
    dataset_empty = false;
    disk_->EndTurn();
    disk_->CheckInvariants();
  }

  void CheckInvariants() const {
    if (disk_) disk_->CheckInvariants();
  }
  DiskBacklog& disk() { return *disk_; }
  core::History& history() { return history_; }
  // By replication id, from offset 0 on.
  std::map<std::string, std::string> written;
  bool dataset_empty = true;
  std::vector<std::string> notes;

 private:
  void StartProcess() {
    Detach();
    process_ = &host_.StartProcess("server");
    notes.clear();
    disk_ = std::make_unique<DiskBacklog>(
        process_->io(), history_, limit_,
        DiskBacklog::Ports{[this] { return dataset_empty; }, [] { return 0; },
                           [this](std::string_view text, bool) { notes.emplace_back(text); }},
        max_unwritten_);
  }
  // Of the process before, whose cursor would be in the way.
  void Detach() {
    if (disk_) disk_->Leave();
  }
  void Read(Recovered& found) {
    if (found.index.empty()) return;
    const std::shared_ptr<SegmentReader> reader = disk_->ReaderFrom(found.index.start());
    for (bool more = true; more;) {
      bool done = false;
      disk_->Read(reader, 100'000, [&](const base::Result<std::string>& bytes) {
        done = true;
        more = bytes.ok() && !bytes->empty();
        if (bytes.ok()) found.bytes += *bytes;
        if (!bytes.ok()) found.error = bytes.error().message;
      });
      world_.RunUntil([&] { return done; }, std::chrono::minutes(1));
    }
  }

  simulation::World& world_;
  simulation::Host& host_;
  const uint64_t limit_;
  const uint64_t max_unwritten_;
  core::History history_;
  size_t histories_ = 0;
  simulation::Process* process_ = nullptr;
  std::unique_ptr<DiskBacklog> disk_;
};

}  // namespace quorate::replication::runtime::testing
