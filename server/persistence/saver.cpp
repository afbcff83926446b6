#include "server/persistence/saver.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "replication/core/history.h"

namespace quorate::server::persistence {

replication::snapshot::Meta HistoryOf(const engine::ReplicationPort& replication) {
  replication::snapshot::Meta meta;
  const replication::core::History& history = replication.history();
  if (history.backlog() == nullptr) return meta;
  meta.replication_id = history.id();
  meta.replication_offset = history.offset();
  meta.stream_db = std::max(replication.stream_db(), 0);
  return meta;
}

Saver::Saver(io::Io& io, engine::Engine& engine, Snapshots& snapshots, log::Logger& logger)
    : io_(io), engine_(engine), snapshots_(snapshots), logger_(logger) {}

Saver::~Saver() {
  *alive_ = false;
  if (in_progress_ != nullptr) in_progress_->file->Abandon();
}

// ---- in the foreground

base::Result<std::shared_ptr<SaveFile>> Saver::CreateFile() {
  return SaveFile::Create(io_.files(), engine_.settings().dbfilename,
                          fmt::format("{}-{}", engine_.run_id().ToString(), ++file_number_));
}

base::Status Saver::WriteFile() {
  flushed_ = false;
  base::Result<std::shared_ptr<SaveFile>> file = CreateFile();
  if (!file) return file.error();
  const replication::snapshot::Meta meta = HistoryOf(engine_.replication());
  base::Status status =
      snapshots_.WriteNow(meta, [&](std::string_view bytes) { return (*file)->Append(bytes); });
  if (status) status = (*file)->Sync();
  if (status) status = (*file)->Publish();
  if (status) file_ = DescribeFile(meta);
  return status;
}

base::Status Saver::WriteFileOrWarn() {
  base::Status status = WriteFile();
  if (status) {
    NoteSaved(engine_.unsaved_changes);
  } else {
    logger_.Warning(fmt::format("Write error saving DB on disk: {}", status.error().message));
  }
  return status;
}

base::Status Saver::Save() {
  if (in_progress_ != nullptr || snapshots_.busy())
    return base::Error{"ERR Background save already in progress"};
  if (!WriteFileOrWarn()) return base::Error{"ERR"};
  logger_.Notice("DB saved on disk");
  return {};
}

base::Status Saver::SaveAtExit() {
  GiveUp();
  logger_.Notice("Saving the final RDB snapshot before exiting.");
  return WriteFileOrWarn();
}

replication::core::SnapshotFile Saver::DescribeFile(const replication::snapshot::Meta& meta) {
  replication::core::SnapshotFile file{.exists = true, .position = {}};
  if (meta.replication_id && meta.replication_offset)
    file.position = {*meta.replication_id, *meta.replication_offset};
  return file;
}

void Saver::OnFileMoved() {
  file_ = {.exists = true, .position = {}};
  rest_until_ = {};
  if (in_progress_ != nullptr) in_progress_->moved = true;
}

void Saver::NoteSaved(int64_t changes) {
  engine_.unsaved_changes -= changes;
  engine_.last_save_seconds = engine_.wall().ms / 1000;
  engine_.snapshots_fail = false;
  ++shown_.saves;
}

void Saver::OnFlushedAll() {
  GiveUp();
  flushed_ = !engine_.settings().save.points.empty();
}

void Saver::WriteIfFlushed() {
  if (!flushed_) return;
  if (const base::Status written = WriteFileOrWarn(); !written) return;  // FLUSHALL is answered OK
}

// ---- in the background

base::Result<engine::PersistencePort::Background> Saver::SaveInBackground(bool in_transaction) {
  if (in_progress_ != nullptr || snapshots_.busy())
    return base::Error{"ERR Background save already in progress"};
  if (in_transaction) {
    scheduled_ = true;
    return Background::kScheduled;
  }
  if (const base::Status status = Begin(); !status) return base::Error{"ERR"};
  return Background::kStarted;
}

base::Status Saver::Begin() {
  WriteIfFlushed();  // not beside this save, whose older file would take its place
  last_try_ = io_.Now();
  base::Result<std::shared_ptr<SaveFile>> file = CreateFile();
  if (!file) {
    engine_.snapshots_fail = true;
    logger_.Warning(fmt::format("Can't save in background: {}", file.error().message));
    return file.error();
  }
  scheduled_ = false;
  in_progress_ = std::make_unique<InProgress>();
  in_progress_->file = *file;
  in_progress_->number = file_number_;
  in_progress_->changes = engine_.unsaved_changes;
  in_progress_->meta = HistoryOf(engine_.replication());
  in_progress_->job = snapshots_.Begin(
      {.meta = in_progress_->meta,
       .write = [target = *file](std::string_view bytes) { return target->Append(bytes); },
       .on_progress = [this] { OnProgress(); }});
  logger_.Notice("Background saving started");
  return {};
}

void Saver::OnProgress() {
  InProgress& current = *in_progress_;
  if (!current.job->complete() || current.publishing) return;
  if (const base::Status written = current.job->status(); !written) return Finish(written);
  current.publishing = true;
  // Two steps, so that whatever dies between them leaves the old file.
  const auto outcome = std::make_shared<base::Status>();
  const auto finish = [this, alive = alive_, number = current.number, outcome] {
    if (*alive && in_progress_ != nullptr && in_progress_->number == number) Finish(*outcome);
  };
  io_.Offload([file = current.file, outcome] { *outcome = file->Sync(); },
              [this, alive = alive_, number = current.number, outcome, finish] {
                if (!*alive || in_progress_ == nullptr || in_progress_->number != number) return;
                if (!*outcome) return Finish(*outcome);
                io_.Offload([file = in_progress_->file, outcome] { *outcome = file->Publish(); },
                            finish);
              });
}

void Saver::Finish(const base::Status& status) {
  const std::unique_ptr<InProgress> done = std::move(in_progress_);
  const base::Duration took = io_.Now() - done->job->begun();
  shown_.last_background_seconds = base::ToMs(took) / 1000;
  shown_.last_save_bytes_peak = done->job->PeakWaitingBytes();
  if (status) {
    NoteSaved(done->changes);
    logger_.Notice("Background saving terminated with success");
    if (done->moved) return;
    file_ = DescribeFile(done->meta);
    rest_until_ = io_.Now() + kDiskRest * took;
    return;
  }
  engine_.snapshots_fail = true;
  logger_.Warning(fmt::format("Background saving error: {}", status.error().message));
}

void Saver::GiveUp() {
  if (in_progress_ == nullptr) return;
  in_progress_->file->Abandon();
  in_progress_.reset();
  logger_.Notice("Background saving was given up");
}

void Saver::Cron() {
  if (in_progress_ != nullptr || engine_.loading || snapshots_.busy()) return;
  const bool may_retry = !engine_.snapshots_fail || io_.Now() - last_try_ > kRetryPause;
  if (!may_retry) return;
  bool wanted = scheduled_;
  const int64_t age = engine_.wall().ms / 1000 - engine_.last_save_seconds;
  for (const config::SavePoint& point : engine_.settings().save.points) {
    if (wanted) break;
    if (engine_.unsaved_changes < point.changes || age <= point.seconds) continue;
    wanted = true;
    logger_.Notice(
        fmt::format("{} changes in {} seconds. Saving...", point.changes, point.seconds));
  }
  if (!wanted && WantedByDisk()) {
    wanted = true;
    logger_.Notice("A restart needs a snapshot file to go on with the on-disk backlog. Saving...");
  }
  if (!wanted) return;
  if (const base::Status begun = Begin(); !begun) return;  // logged, and tried again
}

bool Saver::WantedByDisk() const {
  return io_.Now() >= rest_until_ && engine_.replication().DiskWantsSnapshot(file_);
}

engine::PersistenceStatus Saver::status() const {
  engine::PersistenceStatus status = shown_;
  status.disk_wants_snapshot = engine_.replication().DiskWantsSnapshot(file_);
  const std::shared_ptr<SnapshotJob> job =
      in_progress_ != nullptr ? in_progress_->job : snapshots_.Sweeping();
  if (job == nullptr) return status;
  status.saving = true;
  status.saving_keys_done = job->records();
  status.saving_keys_total = job->total_records();
  status.saving_bytes_waiting = job->WaitingBytes();
  status.saving_bytes_peak = job->PeakWaitingBytes();
  status.current_background_seconds = base::ToMs(io_.Now() - job->begun()) / 1000;
  return status;
}

}  // namespace quorate::server::persistence
