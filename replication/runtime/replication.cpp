#include "replication/runtime/replication.h"

#include <algorithm>
#include <string>
#include <utility>

#include "replication/runtime/disk_backlog.h"
#include "replication/runtime/disk_replay.h"
#include "replication/runtime/replica_feeder.h"
#include "replication/runtime/upstream_link.h"
#include "shared/base/overloaded.h"

namespace quorate::replication::runtime {
namespace {

// The random part of "$EOF:".
std::string MakeMark(base::Random& random) { return base::RunId::Generate(random).ToString(); }

}  // namespace

Replication::Replication(io::Io& io, const ReplicationPorts& ports, const core::Options& options,
                         uint16_t listening_port)
    : io_(io),
      ports_(ports),
      options_(Effective(options)),
      random_(io.RandomSeed()),
      history_(base::ReplicationId::Generate(random_), options.backlog_size),
      primary_(history_, options_, random_.Fork()),
      replica_(history_, options_, listening_port, random_.Fork()),
      feeder_(std::make_unique<ReplicaFeeder>(primary_, ports_.links)),
      upstream_(std::make_unique<UpstreamLink>(
          io_, replica_, primary_, ports_.dataset, ports_.applier, ports_.listener,
          [this](core::ReplicaActions actions) { Run(std::move(actions)); })),
      discarded_reader_(history_, [this](std::string_view text) { Note(text, true); }),
      timer_(io_.CreateTimer([this] { OnTimer(); })) {
  if (ports_.run_id) replica_.SetRunId(*ports_.run_id);
  SetAncestry({});
  offset_clock_.Note(history_.offset(), io_.WallNow());
  if (options_.backlog_disk_size != 0) MakeDisk();
}

Replication::~Replication() { *alive_ = false; }

core::Options Replication::Effective(core::Options options) const {
  options.rollback = options.rollback && ports_.rollback != nullptr;
  return options;
}

// ---- role

bool Replication::ReplicaOf(const base::Endpoint& primary) {
  if (replica_.is_replica() && replica_.primary() == primary) {
    AllowSync();
    return false;
  }
  Follow({.primary = primary});
  return true;
}

void Replication::AllowSync() {
  Run(replica_.Step(io_.Now(), core::AllowSync{}));
  ArmTimer();
}

void Replication::Follow(core::Follow follow) {
  primary_.ForgetUpstream();
  follow.stream_db = primary_.selected_db();
  follow.acknowledged = primary_.most_acknowledged();
  Run(replica_.Step(io_.Now(), follow));
  ports_.listener.OnRoleChanged(true);
  ArmTimer();
}

void Replication::StartAsReplicaOf(const base::Endpoint& primary) {
  Run(replica_.Step(io_.Now(), core::Follow{primary, false, -1}));
  ports_.listener.OnRoleChanged(true);
  ArmTimer();
}

void Replication::FollowOnceLoaded(const base::Endpoint& primary) {
  Run(replica_.Step(io_.Now(), core::Follow{.primary = primary,
                                            .offer_own_history = false,
                                            .not_before = base::Instant::max()}));
  ports_.listener.OnRoleChanged(true);
  ArmTimer();
}

void Replication::OnLoaded(const std::optional<SavedHistory>& saved) {
  if (!replica_.is_replica()) {
    if (saved) history_.Restore(history_.id(), saved->offset, saved->id, saved->offset);
  } else if (saved) {
    history_.Restore(saved->id, saved->offset, saved->previous_id, saved->previous_end);
    Run(replica_.Step(io_.Now(), core::HistoryRestored{saved->stream_db}));
  } else {
    Run(replica_.Step(io_.Now(), core::Follow{replica_.primary(), false, -1}));
  }
  if (disk_resumed_ && history_.backlog() != nullptr)
    history_.backlog()->RememberUnits(std::exchange(replayed_units_, {}));
  primary_.ForgetStreamTime();
  ArmTimer();
}

bool Replication::Promote() {
  if (!replica_.is_replica()) return false;
  Run(replica_.Step(io_.Now(), core::Promote{}));
  ports_.listener.OnRoleChanged(false);
  ArmTimer();
  return true;
}

void Replication::HoldUpstream(base::Instant until) {
  if (!replica_.is_replica()) return;
  Run(replica_.Step(io_.Now(), core::HoldLink{until}));
  ArmTimer();
}

void Replication::DropUpstream(std::string_view reason) {
  if (!replica_.is_replica()) return;
  Run(replica_.Step(io_.Now(), core::LinkClosed{std::string(reason)}));
  ArmTimer();
}

// ---- FAILOVER

base::Status Replication::StartFailover(const core::FailoverRequest& request) {
  core::FailoverActions actions;
  base::Status status =
      failover_.Start(io_.Now(), request, replica_.is_replica(), Replicas(), actions);
  Run(std::move(actions));
  ArmTimer();
  return status;
}

base::Status Replication::AbortFailover() {
  core::FailoverActions actions;
  base::Status status = failover_.Abort(actions);
  Run(std::move(actions));
  ArmTimer();
  return status;
}

void Replication::LookAtFailover() {
  if (failover_.state() != core::FailoverState::kWaitingForSync) return;
  core::FailoverActions actions;
  failover_.Look(io_.Now(), history_.offset(), Replicas(), actions);
  Run(std::move(actions));
}

void Replication::SetAncestry(const core::Ancestry& upstream) {
  if (!ports_.run_id) return;
  core::Ancestry ancestry{*ports_.run_id};
  ancestry.insert(ancestry.end(), upstream.begin(), upstream.end());
  Run(primary_.Step(io_.Now(), core::AncestryKnown{std::move(ancestry)}));
}

// ---- turns and time

void Replication::EndTurn() {
  if (primary_.stream_moved()) primary_.NoteStreamTime(io_.Now());
  LookAtFailover();
  NoteOffset();
  if (primary_.replica_count() != 0) {
    core::PrimaryActions actions;
    primary_.HoldSnapshots(!ports_.dataset.CanBeginSnapshot());
    primary_.EndTurn(io_.Now(), actions);
    Run(std::move(actions));
    feeder_->Flush(io_.Now());
    DrainFeeder();
  }
  if (disk_) disk_->EndTurn();
  if (leaving_disk_) leaving_disk_->EndTurn();
  ArmTimer();
}

void Replication::DrainFeeder() {
  while (true) {
    const std::vector<core::PrimaryInput> events = feeder_->TakeEvents();
    if (events.empty()) return;
    const base::Instant now = io_.Now();
    for (const core::PrimaryInput& event : events) Run(primary_.Step(now, event));
    // A snapshot that was produced lets the next one begin; a delivered one starts a stream.
    core::PrimaryActions actions;
    primary_.HoldSnapshots(!ports_.dataset.CanBeginSnapshot());
    primary_.EndTurn(now, actions);
    Run(std::move(actions));
    feeder_->Flush(now);
  }
}

void Replication::ArmTimer() {
  const base::Instant deadline =
      std::min({primary_.NextDeadline(), replica_.NextDeadline(), failover_.NextDeadline()});
  if (timer_->armed() && deadline == armed_for_) return;
  armed_for_ = deadline;
  if (deadline == base::Instant::max()) {
    timer_->Stop();
  } else {
    timer_->StartAt(deadline);
  }
}

void Replication::OnTimer() {
  const base::Instant now = io_.Now();
  primary_.HoldSnapshots(!ports_.dataset.CanBeginSnapshot());
  if (now >= primary_.NextDeadline()) Run(primary_.Step(now, core::PrimaryTick{}));
  if (now >= replica_.NextDeadline()) Run(replica_.Step(now, core::ReplicaTick{}));
  if (now >= failover_.NextDeadline()) LookAtFailover();
  ArmTimer();
}

// ---- connections that speak replication

core::ReplconfReply Replication::HandleReplconf(core::ReplicaId connection,
                                                std::span<const std::string_view> args) {
  core::PrimaryActions actions;
  core::ReplconfReply reply = primary_.Replconf(io_.Now(), connection, args, actions);
  Run(std::move(actions));
  return reply;
}

Replication::PsyncReply Replication::HandlePsync(core::ReplicaId connection,
                                                 const std::string& peer_ip, bool pending_output,
                                                 std::span<const std::string_view> args) {
  base::Result<core::PsyncRequest> request = core::ParsePsync(args);
  if (!request.ok()) {
    Note("Replica " + peer_ip + " asks for synchronization but with a wrong offset", true);
    return {core::PsyncOutcome::kRefused, request.error().message};
  }
  if (request->failover) {
    Note("Failover request received for replid " + request->id + ".", true);
    if (replica_.is_replica() && request->id == history_.id().view()) {
      // A process that is no more acknowledged what we do not have. "Later", as those who ask us to
      // sync understand it: they go on as primaries.
      if (replica_.only_restored() && base::Offset(request->next_byte) > history_.offset() + 1)
        return {core::PsyncOutcome::kRefused,
                "NOMASTERLINK Can't take the role: started again, with less than was acknowledged"};
      // While our own role is being handed over none is taken: nobody may sync then.
      if (!failover_.active()) {
        primary_.ExpectsPromotion(connection);
        Promote();
      }
      request->failover = false;
    }
  }
  core::PsyncReceived received;
  received.replica = connection;
  received.peer_ip = peer_ip;
  received.request = std::move(request).value();
  received.conditions.is_replica = replica_.is_replica();
  received.conditions.upstream_in_sync = replica_.link_up();
  received.conditions.failing_over = failover_.active();
  received.conditions.pending_output = pending_output;
  core::Primary::PsyncReply reply = primary_.Psync(io_.Now(), received);
  Run(std::move(reply.actions));
  return {reply.outcome, std::move(reply.error)};
}

void Replication::OnReplicaNewline(core::ReplicaId connection) {
  primary_.NoteAlive(io_.Now(), connection);
}

void Replication::OnReplicaWritable(core::ReplicaId connection) {
  feeder_->OnWritable(io_.Now(), connection);
  DrainFeeder();
}

void Replication::OnReplicaClosed(core::ReplicaId connection) {
  feeder_->Forget(connection);
  disk_readers_.erase(connection);
  Run(primary_.Step(io_.Now(), core::ReplicaClosed{connection}));
}

// ---- what is known

int64_t Replication::CountGoodReplicas() const { return primary_.CountGood(io_.Now()); }

std::vector<core::ReplicaView> Replication::Replicas() const {
  return primary_.Replicas(io_.Now());
}

std::optional<core::UpstreamView> Replication::Upstream() const { return replica_.View(io_.Now()); }

uint64_t Replication::SlowReplicaBytes() const {
  const core::Backlog* backlog = history_.backlog();
  return feeder_->SpoolBytes() + (backlog == nullptr ? 0 : backlog->excess());
}

int Replication::stream_db() const {
  return replica_.is_replica() ? replica_.tracker().db() : primary_.selected_db();
}

void Replication::CheckInvariants() const {
  primary_.CheckInvariants();
  replica_.CheckInvariants();
  feeder_->CheckInvariants();
  offset_clock_.CheckInvariants();
  if (disk_) disk_->CheckInvariants();
}

void Replication::SetOptions(const core::Options& options) {
  options_ = Effective(options);
  if (options_.backlog_disk_size == 0) {
    DropDisk();
  } else if (disk_) {
    disk_->SetLimit(options_.backlog_disk_size);
  } else {
    TurnOnDisk();
  }
  primary_.SetOptions(options_);
  replica_.SetOptions(options_);
  if (!options_.refuse_empty_primary) AllowSync();
  ArmTimer();
}

// ---- actions

void Replication::Run(core::PrimaryActions actions) {
  for (core::PrimaryAction& action : actions) {
    std::visit(base::Overloaded{
                   [&](core::SendLine& send) { feeder_->SendLine(send.replica, send.bytes); },
                   [&](core::BeginSnapshot& begin) { StartSnapshot(begin); },
                   [&](core::CancelSnapshot& cancel) { feeder_->CancelTransfer(cancel.snapshot); },
                   [&](core::StartStreaming& start) {
                     disk_readers_.erase(start.replica);
                     feeder_->StartStream(start.replica);
                   },
                   [&](core::ReadDisk& read) { ReadDisk(read); },
                   [&](core::DropReplica& drop) {
                     feeder_->Forget(drop.replica);
                     disk_readers_.erase(drop.replica);
                     ports_.links.Close(drop.replica, drop.reason);
                   },
                   [&](core::Acknowledged&) { ports_.listener.OnAcknowledged(); },
                   [&](core::PrimaryNote& note) { Note(note.text, false); },
               },
               action);
  }
}

void Replication::StartSnapshot(const core::BeginSnapshot& begin) {
  SnapshotRequest request;
  request.meta.replication_id = history_.id();
  request.meta.replication_offset = begin.cut;
  // A primary selects a database before anything else it sends; a middle node's stream goes on in
  // the database that its own primary selected.
  const int db = replica_.is_replica() ? replica_.tracker().db() : begin.stream_db;
  request.meta.stream_db = std::max(db, 0);
  request.exclude_data = begin.kind.exclude_data;
  request.exclude_functions = begin.kind.exclude_functions;
  const auto on_ready = [this] {
    feeder_->Flush(io_.Now());
    DrainFeeder();
    ArmTimer();
  };
  feeder_->BeginTransfer(begin, ports_.dataset.BeginSnapshot(request, on_ready), MakeMark(random_));
}

void Replication::Run(core::ReplicaActions actions) {
  for (core::ReplicaAction& action : actions) {
    std::visit(base::Overloaded{
                   [&](core::OpenLink& open) {
                     upstream_->Open(open.primary, options_.timeout, options_.keepalive);
                   },
                   [&](core::CloseLink&) {
                     upstream_->Close();
                     SetLinkUp(false);
                   },
                   [&](core::Send& send) { upstream_->Send(send.bytes); },
                   [&](core::BeginStaging& begin) { upstream_->BeginStaging(begin.same_history); },
                   [&](core::FinishStaging&) { upstream_->FinishStaging(); },
                   [&](core::AbandonStaging&) { upstream_->AbandonStaging(); },
                   [&](core::RecordDiscarded& discarded) { Record(discarded); },
                   [&](core::CommitStaging&) {
                     if (disk_) disk_->Leave();
                     if (leaving_disk_) leaving_disk_->Leave();
                     upstream_->CommitStaging();
                   },
                   [&](core::ResumeStream& resume) {
                     ports_.applier.SelectDb(std::max(resume.db, 0));
                     SetLinkUp(true);
                   },
                   [&](core::AbortTransaction&) { ports_.applier.AbortTransaction(); },
                   [&](core::DropSubReplicas& drop) {
                     Run(primary_.Step(io_.Now(), core::DropReplicas{drop.reason}));
                   },
                   [&](core::HandoverAnswered& answer) {
                     core::FailoverActions next;
                     failover_.Answered(answer.accepted, next);
                     Run(std::move(next));
                   },
                   [&](core::UpstreamAncestry& upstream) { SetAncestry(upstream.ancestry); },
                   [&](core::Demoted&) { primary_.SetRole(core::Primary::Role::kReplica); },
                   [&](core::Promoted&) {
                     primary_.SetRole(core::Primary::Role::kPrimary);
                     SetAncestry({});
                   },
                   [&](core::ReplicaNote& note) { Note(note.text, note.problem); },
               },
               action);
  }
}

void Replication::Run(core::FailoverActions actions) {
  for (core::FailoverAction& action : actions) {
    std::visit(base::Overloaded{
                   [&](core::PauseForFailover&) { ports_.listener.OnFailoverPause(true); },
                   [&](core::EndFailoverPause&) { ports_.listener.OnFailoverPause(false); },
                   [&](core::AskReplicas&) {
                     const base::Offset awaited = primary_.AskForEveryByte();
                     failover_.Asked(awaited, history_.offset());
                   },
                   [&](core::HandOver& to) { Follow({.primary = to.target, .hand_over = to}); },
                   [&](core::TakeRoleBack&) { Promote(); },
                   [&](core::FailoverNote& note) { Note(note.text, false); },
               },
               action);
  }
}

void Replication::SetLinkUp(bool up) {
  if (up == link_up_) return;
  link_up_ = up;
  ports_.listener.OnPrimaryLink(up);
}

void Replication::Note(std::string_view text, bool problem) {
  if (ports_.logger == nullptr) return;
  ports_.logger->Log(problem ? log::Level::kWarning : log::Level::kNotice, text);
}

}  // namespace quorate::replication::runtime
