// Replication of one server, both roles: owns the history and the two machines (core/primary.h,
// core/replica.h) and carries their actions out over io. The server's engine talks to this class
// alone.
//
// Lifetime: outlived by everything passed to the constructor. Thread rule: the loop thread.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "replication/core/disk_index.h"
#include "replication/core/failover.h"
#include "replication/core/history.h"
#include "replication/core/offset_clock.h"
#include "replication/core/options.h"
#include "replication/core/primary.h"
#include "replication/core/replica.h"
#include "replication/core/unit_marks.h"
#include "replication/core/views.h"
#include "replication/runtime/discarded_reader.h"
#include "replication/runtime/ports.h"
#include "shared/base/ids.h"
#include "shared/base/random.h"
#include "shared/base/result.h"
#include "shared/io/io.h"
#include "shared/log/logger.h"

namespace quorate::replication::runtime {

class DiskBacklog;
class DiskReplay;
class ReplicaFeeder;
class SegmentReader;
class UpstreamLink;

struct ReplicationPorts {
  Dataset& dataset;
  StreamApplier& applier;
  ReplicaLinks& links;
  ReplicationListener& listener;
  log::Logger* logger = nullptr;                     // for facts of the links; null = none wanted
  std::optional<base::RunId> run_id = std::nullopt;  // ours; without, cycles are not noticed
  RollbackRecorder* rollback = nullptr;              // null: what is thrown away is not recorded
};

class Replication {
 public:
  // `listening_port`: what we announce to a primary unless replica-announce-port is set.
  Replication(io::Io& io, const ReplicationPorts& ports, const core::Options& options,
              uint16_t listening_port);
  ~Replication();
  Replication(const Replication&) = delete;
  Replication& operator=(const Replication&) = delete;

  // ---- role

  bool is_replica() const { return replica_.is_replica(); }
  bool primary_link_up() const { return replica_.link_up(); }
  // REPLICAOF host port. False if that is our primary already ("OK Already connected to specified
  // master"); what it offers is not refused any longer.
  bool ReplicaOf(const base::Endpoint& primary);
  // Start-up with `replicaof` configured: nothing of our own is offered.
  void StartAsReplicaOf(const base::Endpoint& primary);
  // The same while the dataset is being loaded: nothing is sent before OnLoaded.
  void FollowOnceLoaded(const base::Endpoint& primary);
  // The history that a loaded snapshot is a prefix of. A replica asks its primary to go on from
  // there; a primary begins a new id whose predecessor is the saved one, so that replicas may.
  struct SavedHistory {
    base::ReplicationId id;
    base::Offset offset;
    int stream_db = -1;
    base::ReplicationId previous_id = {};  // the history had this id up to previous_end
    std::optional<base::Offset> previous_end = std::nullopt;
  };
  void OnLoaded(const std::optional<SavedHistory>& saved);

  // ---- the on-disk backlog at start, in this order

  // Looks for what an earlier process left. False: there is nothing, and `done` is not called. An
  // error, here or there: it cannot be read, and the server must not go on without it.
  base::Result<bool> RecoverDisk(std::function<void(const base::Status&)> done);
  // The disk may have more than the snapshot file.
  bool recovered_disk() const;
  // The dataset is that of `saved` (nullopt: it is empty): runs what the disk has beyond it, if it
  // has the same history. `done` gets the history that the dataset has then, and OnLoaded is to
  // follow; or an error, as above. It may be called from inside this call.
  using OnReplayed = std::function<void(const base::Result<std::optional<SavedHistory>>&)>;
  void ReplayDisk(const std::optional<SavedHistory>& saved, OnReplayed done);
  // Last: begins to write, if that is configured.
  void StartDisk();
  // At the end of the process: writes what is not yet written.
  void CloseDisk(std::function<void()> done);

  // ---- role, continued

  // REPLICAOF NO ONE. False if we are a primary already.
  bool Promote();
  // Nothing as a primary; else no link before `until` (core/replica.h, HoldLink).
  void HoldUpstream(base::Instant until);
  // Closes the link to our primary; it is opened again soon. Nothing without a link.
  void DropUpstream(std::string_view reason);

  // ---- FAILOVER

  // The error is the text of a RESP error with its code.
  base::Status StartFailover(const core::FailoverRequest& request);
  base::Status AbortFailover();
  core::FailoverState failover_state() const { return failover_.state(); }

  // ---- the stream (role primary)

  bool streaming() const { return primary_.streaming(); }
  void Append(int db, std::string_view command) { primary_.Append(db, command); }
  void AppendMulti(int db) { primary_.AppendMulti(db); }
  void AppendExec() { primary_.AppendExec(); }
  // Call once at the end of every loop turn: writes the replicas.
  void EndTurn();

  // ---- connections that speak replication

  core::ReplconfReply HandleReplconf(core::ReplicaId connection,
                                     std::span<const std::string_view> args);
  struct PsyncReply {
    core::PsyncOutcome outcome = core::PsyncOutcome::kIgnored;
    std::string error;  // kRefused: RESP error text with its code, without "-"
  };
  // May write to the connection through ReplicaLinks from inside this call (outcome kReplicaLink).
  PsyncReply HandlePsync(core::ReplicaId connection, const std::string& peer_ip,
                         bool pending_output, std::span<const std::string_view> args);
  // Bytes from a replica link, be they an empty line: it is alive, and perhaps busy loading.
  void OnReplicaNewline(core::ReplicaId connection);
  void OnReplicaWritable(core::ReplicaId connection);
  // Any connection that closed; unknown ones are ignored.
  void OnReplicaClosed(core::ReplicaId connection);

  // ---- acknowledgements

  int64_t CountAcknowledged(base::Offset offset) const {
    return primary_.CountAcknowledged(offset);
  }
  void ScheduleGetAck() { primary_.ScheduleGetAck(); }
  void SendGetAck() { primary_.SendGetAck(); }
  void HoldStream(bool held) { primary_.HoldStream(held); }
  int64_t CountGoodReplicas() const;

  // ---- what is known

  const core::History& history() const { return history_; }
  base::Offset offset() const { return history_.offset(); }
  std::vector<core::ReplicaView> Replicas() const;
  std::optional<core::UpstreamView> Upstream() const;
  core::BacklogView Backlog() const;
  // The on-disk backlog is of no use to a restart, or soon is not, until a snapshot file takes the
  // place of `file`.
  bool DiskWantsSnapshot(const core::SnapshotFile& file) const;
  // Memory that only slow replicas need: snapshots that they were not sent yet, and the stream
  // beyond what the backlog keeps for itself.
  uint64_t SlowReplicaBytes() const;
  const core::SyncCounters& counters() const { return primary_.counters(); }
  void ResetCounters() { primary_.ResetCounters(); }
  // What the stream has selected last; -1 = nothing yet. Saved as repl-stream-db.
  int stream_db() const;

  // Aborts if an invariant of the history or of a machine is broken; for tests.
  void CheckInvariants() const;

  // CONFIG SET of any replication directive.
  void SetOptions(const core::Options& options);
  // CONFIG SET dir: the on-disk backlog begins anew there.
  void OnDirectoryChanged();

 private:
  void Run(core::PrimaryActions actions);
  void Run(core::ReplicaActions actions);
  void Run(core::FailoverActions actions);
  // A refused full sync (core/replica.h, U7) is to be taken.
  void AllowSync();
  // With the stream's database filled in.
  void Follow(core::Follow follow);
  // Ourselves, then `upstream`.
  void SetAncestry(const core::Ancestry& upstream);
  // Lets a failover see what has become of its replicas.
  void LookAtFailover();
  core::Options Effective(core::Options options) const;
  void NoteOffset();
  void Record(const core::RecordDiscarded& record);
  void GiveToRecorder(uint64_t number, DiscardedStream discarded);
  void StartSnapshot(const core::BeginSnapshot& begin);
  void ReadDisk(const core::ReadDisk& read);
  void OnDiskPiece(core::ReplicaId replica, const std::shared_ptr<SegmentReader>& reader,
                   const base::Result<std::string>& bytes);
  void MakeDisk();
  void DropDisk();
  // At run time, as soon as one that was dropped is gone. What enters the stream from now on is
  // written, whenever that begins.
  void TurnOnDisk();
  // What is not counted cannot be written: a primary counts from now on, followed or not.
  void CountStream();
  void DrainFeeder();
  void ArmTimer();
  void OnTimer();
  void SetLinkUp(bool up);
  void Note(std::string_view text, bool problem);

  io::Io& io_;
  ReplicationPorts ports_;
  core::Options options_;
  base::Random random_;
  core::History history_;
  core::Primary primary_;
  core::Replica replica_;
  core::Failover failover_;
  core::OffsetClock offset_clock_;
  std::unique_ptr<ReplicaFeeder> feeder_;
  std::unique_ptr<UpstreamLink> upstream_;
  std::unique_ptr<DiskBacklog> disk_;          // while it is configured
  std::unique_ptr<DiskBacklog> leaving_disk_;  // it was, and removes its files
  std::unique_ptr<DiskReplay> replay_;         // at start
  bool disk_resumed_ = false;                  // our history goes on where the disk ends
  bool disk_started_ = false;
  std::map<core::ReplicaId, std::shared_ptr<SegmentReader>> disk_readers_;
  core::UnitMarks replayed_units_;  // until the history is restored
  DiscardedReader discarded_reader_;
  std::unique_ptr<io::Timer> timer_;
  base::Instant armed_for_{};
  bool link_up_ = false;  // as the listener was told
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

}  // namespace quorate::replication::runtime
