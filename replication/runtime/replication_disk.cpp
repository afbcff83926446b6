// Replication's dealings with the on-disk backlog: its life, the replay at a start, and the
// replicas that are fed from it.
#include <algorithm>
#include <string>
#include <utility>

#include "replication/runtime/disk_backlog.h"
#include "replication/runtime/disk_replay.h"
#include "replication/runtime/replica_feeder.h"
#include "replication/runtime/replication.h"

namespace quorate::replication::runtime {
namespace {

// Read at once for a replica.
constexpr size_t kPieceBytes = 1024 * 1024;

}  // namespace

// ---- its life

void Replication::MakeDisk() {
  disk_ = std::make_unique<DiskBacklog>(
      io_, history_, options_.backlog_disk_size,
      DiskBacklog::Ports{
          .dataset_empty = [this] { return ports_.dataset.Empty(); },
          .stream_db = [this] { return stream_db(); },
          .note = [this](std::string_view text, bool problem) { Note(text, problem); },
      });
}

void Replication::DropDisk() {
  if (leaving_disk_) leaving_disk_->Leave();
  if (!disk_) return;
  discarded_reader_.OnDiskGone();
  std::vector<core::ReplicaId> fed;
  for (const auto& [replica, reader] : disk_readers_) fed.push_back(replica);
  leaving_disk_ = std::move(disk_);
  leaving_disk_->Clear([this] {
    const std::unique_ptr<DiskBacklog> left = std::move(leaving_disk_);  // it may keep the place
    TurnOnDisk();
  });
  for (const core::ReplicaId replica : fed)
    Run(primary_.Step(io_.Now(), core::DiskFailed{replica, "it was turned off"}));
  disk_readers_.clear();
}

void Replication::TurnOnDisk() {
  if (options_.backlog_disk_size == 0 || disk_) return;
  if (disk_started_) CountStream();
  if (leaving_disk_) return leaving_disk_->KeepPlace();
  MakeDisk();
  if (!disk_started_) return;
  disk_->Clear([this] { StartDisk(); });
  disk_->KeepPlace();
}

void Replication::OnDirectoryChanged() {
  if (!disk_ || disk_->InPlace()) return;
  DropDisk();
  TurnOnDisk();
}

void Replication::CountStream() {
  if (is_replica() || history_.backlog() != nullptr) return;
  history_.StartNew(base::ReplicationId::Generate(random_));
  primary_.set_selected_db(-1);
}

void Replication::StartDisk() {
  disk_started_ = true;
  if (!disk_) return;
  CountStream();
  disk_->Start(std::exchange(disk_resumed_, false));
}

void Replication::CloseDisk(std::function<void()> done) {
  if (!disk_) return done();
  disk_->Close(std::move(done));
}

bool Replication::DiskWantsSnapshot(const core::SnapshotFile& file) const {
  return disk_ && disk_->WantsSnapshot(file);
}

core::BacklogView Replication::Backlog() const {
  core::BacklogView view = primary_.BacklogInfo();
  if (disk_) disk_->Describe(view);
  return view;
}

// ---- at start

base::Result<bool> Replication::RecoverDisk(std::function<void(const base::Status&)> done) {
  if (disk_) return disk_->Recover(std::move(done));
  if (const size_t segments = DiskBacklog::CountSegments(io_.files()); segments != 0)
    Note("On-disk backlog: it is turned off: " + std::to_string(segments) +
             " segments are ignored here, and removed when it is turned on at run time.",
         true);
  return false;
}

bool Replication::recovered_disk() const { return disk_ && !disk_->index().empty(); }

void Replication::ReplayDisk(const std::optional<SavedHistory>& saved, OnReplayed done) {
  if (!recovered_disk()) return done(saved);
  core::SnapshotFile file{.exists = saved || !ports_.dataset.Empty(), .position = {}};
  if (saved) file.position = {saved->id, saved->offset};
  const std::optional<core::DiskIndex::Choice> choice = disk_->Choose(file);
  if (!choice) {
    Note("On-disk backlog: set aside, because it " +
             std::string(saved ? "does not go on from the snapshot file."
                               : "does not begin with an empty dataset, and there is no snapshot "
                                 "file with a history."),
         true);
    return done(saved);
  }
  const core::DiskIndex& index = disk_->index();
  Note("On-disk backlog: replaying from offset " + std::to_string(choice->from.bytes()) + " to " +
           std::to_string(index.end().bytes()),
       false);
  for (const auto& [start, end] : choice->unreachable)
    Note(
        "On-disk backlog: set aside, because something is missing before it: what it holds from "
        "offset " +
            std::to_string(start.bytes()) + " to " + std::to_string(end.bytes()),
        true);
  const auto finish = [this, done = std::move(done)](const DiskReplay::Outcome& outcome) {
    if (!outcome.status) return done(outcome.status.error());
    Note("On-disk backlog: " + std::to_string(outcome.commands) + " commands replayed, at offset " +
             std::to_string(outcome.end.bytes()) +
             (outcome.problem.empty() ? "" : "; not beyond: " + outcome.problem),
         !outcome.problem.empty());
    SavedHistory reached;
    const core::LogPosition& latest = disk_->index().latest();
    reached.id = latest.id;
    reached.offset = outcome.end;
    reached.stream_db = outcome.stream_db;
    reached.previous_id = latest.previous_id;
    if (latest.previous_end) reached.previous_end = std::min(*latest.previous_end, outcome.end);
    disk_->Resume(outcome.end);
    disk_resumed_ = true;
    replayed_units_ = outcome.units;
    const auto next = done;
    replay_.reset();
    next(std::optional(reached));
  };
  const DiskReplay::Position from{choice->from, saved ? saved->stream_db : index.first_db()};
  replay_ = std::make_unique<DiskReplay>(*disk_, ports_.applier, from,
                                         ports_.dataset.reader_options().databases, finish);
  replay_->Start();
}

// ---- replicas

void Replication::ReadDisk(const core::ReadDisk& read) {
  std::shared_ptr<SegmentReader>& reader = disk_readers_[read.replica];
  if (!reader) reader = disk_->ReaderFrom(read.from);
  disk_->Read(reader, kPieceBytes,
              [this, replica = read.replica, mine = reader](
                  const base::Result<std::string>& bytes) { OnDiskPiece(replica, mine, bytes); });
}

void Replication::OnDiskPiece(core::ReplicaId replica, const std::shared_ptr<SegmentReader>& reader,
                              const base::Result<std::string>& bytes) {
  const auto found = disk_readers_.find(replica);
  if (found == disk_readers_.end() || found->second != reader) return;
  const base::Instant now = io_.Now();
  if (!bytes) {
    // Unless the segment has only gone to make room.
    if (reader->next() >= disk_->index().start()) disk_->Distrust();
    Run(primary_.Step(now, core::DiskFailed{replica, bytes.error().message}));
    return;
  }
  feeder_->SendPiece(replica, *bytes);
  Run(primary_.Step(now, core::DiskRead{replica, reader->next()}));
  if (bytes->empty() && primary_.Stream(replica) == nullptr) {
    Run(primary_.Step(now, core::DiskFailed{replica, "it ends before memory begins"}));
    return;
  }
  feeder_->Flush(now);
  DrainFeeder();
  ArmTimer();
}

}  // namespace quorate::replication::runtime
