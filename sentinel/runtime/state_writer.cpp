#include "sentinel/runtime/state_writer.h"

#include <utility>

#include "sentinel/config/journal.h"

namespace quorate::sentinel::runtime {

struct StateWriter::Job {
  std::shared_ptr<io::WritableFile> file;
  base::Status status;
};

StateWriter::StateWriter(io::Io& io, log::Logger& logger, Paths paths, Snapshot snapshot,
                         Render render, std::function<void(core::Persisted)> done)
    : io_(io),
      logger_(logger),
      paths_(std::move(paths)),
      snapshot_(std::move(snapshot)),
      render_(std::move(render)),
      done_(std::move(done)) {
  timer_ = io_.CreateTimer([this] { consolidate_ = true; });
  gather_timer_ = io_.CreateTimer([this] { due_ = true; });
}

StateWriter::~StateWriter() { *alive_ = false; }

void StateWriter::Start(Saved on_disk) {
  generation_ = on_disk.durable.journal;
  on_disk_ = std::move(on_disk);
  BeginJournal();
}

void StateWriter::Want(const core::PersistState& order) {
  wanted_ = order.version;
  consolidate_ = consolidate_ || order.whole;
  if (!order.soon)
    due_ = true;
  else if (!due_ && !gather_timer_->armed())
    gather_timer_->StartAt(io_.Now() + kGather);
}

void StateWriter::EndTurn() {
  if (busy_ || (!due_ && !consolidate_)) return;
  due_ = false;
  gather_timer_->Stop();
  started_ = wanted_;
  Saved next = snapshot_();
  std::string line;
  if (!consolidate_ && MayAppend(next, line)) return Append(std::move(next), std::move(line));
  Rewrite(std::move(next));
}

bool StateWriter::MayAppend(const Saved& next, std::string& line) const {
  if (!journal_ || next.settings != on_disk_.settings || next.loglevel != on_disk_.loglevel)
    return false;
  const std::optional<config::JournalEntry> entry =
      config::Difference(on_disk_.durable, next.durable);
  if (!entry) return false;
  line = config::JournalLine(*entry);
  return journal_bytes_ + line.size() <= kMaxJournalBytes;
}

void StateWriter::Append(Saved next, std::string line) {
  busy_ = true;
  if (std::exchange(journal_bytes_, journal_bytes_ + line.size()) == 0)
    timer_->StartAt(io_.Now() + kConsolidateAfter);
  on_disk_ = std::move(next);
  auto job = std::make_shared<Job>(Job{journal_, {}});
  io_.Offload(
      [job, line = std::move(line)] {
        job->status = job->file->Append(line);
        if (job->status) job->status = job->file->Sync();
      },
      [this, alive = alive_, job, version = started_] {
        if (!*alive) return;
        busy_ = false;
        if (!job->status) journal_.reset();
        Report(version, job->status);
      });
}

void StateWriter::Rewrite(Saved next) {
  busy_ = true;
  consolidate_ = false;
  timer_->Stop();
  journal_.reset();
  next.durable.journal = ++generation_;
  base::Result<std::string> text = render_(next);
  if (!text) {
    io_.Defer([this, alive = alive_, error = text.error()] {
      if (*alive) OnRewritten({}, error);
    });
    return;
  }
  io_.files().ReplaceAsync(
      paths_.state, std::move(*text), kStateMode,
      [this, alive = alive_, written = std::move(next)](const base::Status& status) mutable {
        if (*alive) OnRewritten(std::move(written), status);
      });
}

void StateWriter::OnRewritten(Saved written, const base::Status& status) {
  busy_ = false;
  if (status) {
    on_disk_ = std::move(written);
    BeginJournal();
  }
  Report(started_, status);
}

void StateWriter::BeginJournal() {
  busy_ = true;
  auto job = std::make_shared<Job>();
  io_.Offload(
      [job, &files = io_.files(), path = paths_.journal,
       header = config::JournalHeader(generation_, on_disk_.durable.myid)] {
        const std::string fresh = path + ".new";
        (void)files.Remove(fresh);  // a leftover, if there is one
        base::Result<std::unique_ptr<io::WritableFile>> file = files.Create(fresh, kStateMode);
        if (!file) {
          job->status = file.error();
          return;
        }
        job->file = std::move(*file);
        job->status = job->file->Append(header);
        if (job->status) job->status = job->file->Sync();
        if (job->status) job->status = files.Rename(fresh, path);
      },
      [this, alive = alive_, job] {
        if (!*alive) return;
        busy_ = false;
        journal_bytes_ = 0;
        journal_ = job->status ? std::move(job->file) : nullptr;
        if (!job->status)
          logger_.Warning(
              "The journal of the state cannot be begun, the whole is written instead: " +
              job->status.error().message);
      });
}

void StateWriter::Finish() {
  if (busy_ || (journal_bytes_ == 0 && started_ == wanted_)) return;
  Saved next = snapshot_();
  next.durable.journal = ++generation_;
  const base::Result<std::string> text = render_(next);
  base::Status status;
  if (text)
    status = io_.files().Replace(paths_.state, *text, kStateMode);
  else
    status = text.error();
  if (!status)
    logger_.Warning("The state's file is not up to date, its journal is: " +
                    status.error().message);
}

void StateWriter::Report(uint64_t version, const base::Status& status) {
  if (status) {
    logger_.Debug("Sentinel new configuration saved on disk");
  } else {
    logger_.Warning("WARNING: Sentinel was not able to save the new configuration on disk!!!: " +
                    status.error().message);
  }
  done_({version, status.ok()});
}

}  // namespace quorate::sentinel::runtime
