// The primary's side of replication as a machine: which replicas follow us, what each is being
// sent, who acknowledged how far, and what the stream carries besides the commands (SELECT,
// MULTI/EXEC frames, PING, GETACK). A replica that has replicas of its own runs it too; then the
// stream is what its own primary sent, verbatim, and nothing is added.
//
// It decides; the runtime writes bytes, makes snapshots and drops connections. Not here: the
// rewriting of commands (the engine's), the upstream link (replica.h).
//
// A replica's states
//   WaitSnapshot   asked for a full sync; "\n" every second
//   SendSnapshot   told +FULLRESYNC; its cursor pins the stream from the cut on
//   AwaitAck       mark framing: all is sent, and nothing more may be until its first ACK
//   FromDisk       what it missed is read from disk, piece by piece, until memory has the next byte
//   Streaming      the stream flows
//
// | from         | on                         | to           | actions                           |
// |--------------|----------------------------|--------------|-----------------------------------|
// | -            | PSYNC, partial             | Streaming    | SendLine +CONTINUE,               |
// |              |                            |              | StartStreaming                    |
// | -            | PSYNC, partial, on disk    | FromDisk     | SendLine +CONTINUE, ReadDisk      |
// | FromDisk     | DiskRead, in memory now    | Streaming    | StartStreaming, after the piece   |
// | FromDisk     | DiskRead, DiskSent         | FromDisk     | ReadDisk, when the piece was sent |
// | FromDisk     | DiskFailed                 | -            | DropReplica                       |
// | -            | PSYNC or SYNC, full        | WaitSnapshot | -                                 |
// | -            | the same, too many already | -            | refused with -NOMASTERLINK: it    |
// |              |                            |              | keeps its data and asks again     |
// | -            | PSYNC, ahead of us, who    | -            | the same (P7)                     |
// |              | follow somebody            |              |                                   |
// | WaitSnapshot | its time, none in progress | SendSnapshot | SendLine +FULLRESYNC (not for     |
// |              |                            |              | SYNC), BeginSnapshot              |
// | SendSnapshot | SnapshotDelivered, length  | Streaming    | StartStreaming                    |
// | SendSnapshot | SnapshotDelivered, mark    | AwaitAck     | -                                 |
// | SendSnapshot | SnapshotDelivered, rdb-only| -            | DropReplica                       |
// | AwaitAck     | acknowledgement            | Streaming    | StartStreaming                    |
// | any          | timeout, limit, new role   | -            | DropReplica                       |
// | any          | ReplicaClosed              | -            | (CancelSnapshot, if it was the    |
// |              |                            |              | last one who wanted it)           |
//
// Invariants
//   P1  a replica has an attached cursor exactly in SendSnapshot, AwaitAck and Streaming, unless
//       it wants the snapshot only.
//   P2  acknowledged offsets never fall and never exceed the history's offset.
//   P3  the first bytes fed after a cut select a database: a replica knows none after a snapshot.
//   P4  at most one snapshot is in the making; every member of it was cut at the same offset, and
//       is sent it in the same framing: who is to be told its length first needs all of it at
//       once, which would leave a slow reader of the same snapshot behind its output limit.
//   P5  in the role of a replica nothing but ForwardApplied moves the history.
//   P6  with Options::max_full_syncs, no more snapshots than that are being sent or waited for.
//       Counted are snapshots, not receivers: who shares one, be it that it joins those who wait
//       for the next, costs nothing more.
//   P7  who has more of our own history than we, who follow somebody, is not sent back to an older
//       snapshot while we are catching up: it is told to come again, until we have come to where
//       it is, or for repl-timeout. Then it gets the snapshot, as from Redis.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "replication/core/ancestry.h"
#include "replication/core/backlog.h"
#include "replication/core/history.h"
#include "replication/core/options.h"
#include "replication/core/primary_steps.h"
#include "replication/core/psync.h"
#include "replication/core/replconf.h"
#include "replication/core/stream_clock.h"
#include "replication/core/views.h"
#include "shared/base/ids.h"
#include "shared/base/random.h"
#include "shared/base/time.h"

namespace quorate::replication::core {

// Answer to REPLCONF; the engine writes it.
struct ReplconfReply {
  bool silent = false;
  std::string error;  // RESP error text with its code, without "-"; empty and not silent = +text
  std::string text = "OK";
};
// What became of a PSYNC or SYNC.
enum class PsyncOutcome {
  kReplicaLink,  // the connection is a replica link now; its output belongs to replication
  kRefused,      // PsyncReply::error is the answer
  kIgnored,      // it already was a replica link: no answer at all
};

class Primary {
 public:
  Primary(History& history, const Options& options, base::Random random);
  ~Primary();

  PrimaryActions Step(base::Instant now, const PrimaryInput& input);
  // PSYNC/SYNC with its outcome: Step(PsyncReceived) plus what the connection must be told.
  struct PsyncReply {
    PsyncOutcome outcome = PsyncOutcome::kIgnored;
    std::string error;
    PrimaryActions actions;
  };
  PsyncReply Psync(base::Instant now, const PsyncReceived& request);
  // REPLCONF from any connection: traits before PSYNC, acknowledgements after.
  ReplconfReply Replconf(base::Instant now, ReplicaId connection,
                         std::span<const std::string_view> args, PrimaryActions& actions);
  // "\n" or any other sign of life of a replica link that is busy loading.
  void NoteAlive(base::Instant now, ReplicaId replica);
  // The connection took bytes: while a snapshot is being sent that is the only sign of life.
  void NoteSnapshotProgress(base::Instant now, ReplicaId replica);
  // Bytes of its snapshot that exist and that it has not taken; they count against the output
  // limits with its stream.
  void NoteSnapshotLag(ReplicaId replica, uint64_t bytes);
  // While held no snapshot begins; whoever waits for one goes on waiting.
  void HoldSnapshots(bool hold) { snapshots_held_ = hold; }
  // When Step(PrimaryTick) is due at the latest; Instant::max() if nothing waits for time.
  base::Instant NextDeadline() const;

  // ---- the stream, role primary (hot path)

  // True if effects must be appended. False on a primary that nobody follows: offsets stand still.
  bool streaming() const { return history_.backlog() != nullptr && role_ == Role::kPrimary; }
  // One complete RESP array that ran in `db`; SELECT is put before it when the database differs
  // from the last one. Preconditions of these: streaming().
  void Append(int db, std::string_view command) {
    if (history_.backlog()->wants_unit_start()) MarkUnit();
    if (db != selected_db_) Select(db);
    history_.Append(command);
  }
  // Frames a unit of several effects: MULTI, then Append for each, then EXEC. SELECT comes before
  // MULTI.
  void AppendMulti(int db);
  void AppendExec();
  // REPLCONF GETACK * at the next EndTurn; idempotent until then. Does nothing without
  // streaming replicas.
  void ScheduleGetAck() { getack_scheduled_ = true; }
  // REPLCONF GETACK * at once, in a held stream too.
  void SendGetAck();
  // The same at once, so that an acknowledgement of the returned offset comes from one that has
  // read every byte of the stream, this question included: it is asked twice, and who acknowledges
  // the first question has come to the second.
  base::Offset AskForEveryByte();
  // While held (writes are paused, the role may move) the offset stands still but for what the
  // holder asks for: a requested GETACK waits, and PING is sent only where longer silence would
  // cost a link.
  void HoldStream(bool held) { stream_held_ = held; }
  // This node is about to be promoted by `connection`, which knows that it will follow nobody.
  void ExpectsPromotion(ReplicaId connection) {
    const auto told = told_ancestry_.find(connection);
    if (told != told_ancestry_.end() && !told->second.empty()) told->second.resize(1);
  }
  // Another primary is tried: until AncestryKnown, replicas are told of this node alone.
  void ForgetUpstream() {
    if (!ancestry_.empty()) ancestry_.resize(1);
  }
  // Call at the end of a turn, before the replicas are written: puts the GETACK in and enforces the
  // output limits.
  void EndTurn(base::Instant now, PrimaryActions& actions);

  // Notes at the end of a turn when the stream's bytes came, whether anybody follows or not.
  bool stream_moved() const { return history_.offset() != stream_clock_.end(); }
  void NoteStreamTime(base::Instant now) { stream_clock_.Advance(now, history_.offset()); }
  // The history was restored: its bytes came before our time.
  void ForgetStreamTime() { stream_clock_.Reset(history_.offset()); }

  // ---- the stream, role replica

  // Applied upstream bytes, verbatim: whole units. `db` is what they leave selected.
  void ForwardApplied(std::string_view bytes, int db) {
    history_.Append(bytes);
    if (history_.backlog()->wants_unit_start()) history_.backlog()->NoteUnitStart(db);
  }

  // ---- role

  enum class Role { kPrimary, kReplica };
  Role role() const { return role_; }
  // The role changes first; DropReplicas follows as a separate input where the rules say so.
  // Promotion forces a SELECT.
  void SetRole(Role role);

  // ---- what is known

  // The database that the stream has selected last; -1 = unknown. Snapshots carry it as
  // repl-stream-db.
  int selected_db() const { return selected_db_; }
  void set_selected_db(int db) { selected_db_ = db; }
  // The unwritten stream of a replica in Streaming; nullptr otherwise.
  Backlog::Cursor* Stream(ReplicaId replica);
  bool IsReplica(ReplicaId connection) const;
  size_t replica_count() const;
  int64_t CountAcknowledged(base::Offset offset) const;
  // The most that any replica ever had of the stream since this node became a primary or a new
  // stream began; nothing if none had any of it.
  std::optional<base::Offset> most_acknowledged() const { return most_acknowledged_; }
  // Online replicas whose last acknowledgement is at most min-replicas-max-lag old.
  int64_t CountGood(base::Instant now) const;
  std::vector<ReplicaView> Replicas(base::Instant now) const;
  BacklogView BacklogInfo() const;
  const SyncCounters& counters() const { return counters_; }
  void ResetCounters() { counters_ = {}; }

  void SetOptions(const Options& options);
  void CheckInvariants() const;

 private:
  // Keepalives to waiting replicas and timeouts are looked at this often.
  static constexpr base::Duration kTickPeriod = std::chrono::seconds(1);

  struct WaitSnapshot {
    base::Instant since;
  };
  struct SendSnapshot {
    SnapshotId snapshot{};
    Framing framing = Framing::kLength;
  };
  struct AwaitAck {};
  struct FromDisk {
    base::Offset next;
    bool reading = false;
  };
  struct Streaming {};
  using State = std::variant<WaitSnapshot, SendSnapshot, AwaitAck, FromDisk, Streaming>;
  struct Replica {
    State state;
    std::string peer_ip;
    bool legacy_sync = false;
    Backlog::Cursor cursor;
    base::Offset acknowledged;
    bool told_offset = false;  // `acknowledged` is what it said, be it zero
    base::Instant last_alive;
    uint64_t snapshot_lag = 0;
    base::Instant over_soft_limit_since;  // Instant{} = not over
  };
  struct Producing {
    SnapshotId id{};
  };
  // Somebody wants more of our history than we have, who follow somebody (P7).
  struct Behind {
    base::ReplicationId id;
    base::Offset awaited;
    base::Instant since;
  };

  void Select(int db);
  // The next byte begins a unit, unless one is open.
  void MarkUnit() {
    if (!unit_open_) history_.backlog()->NoteUnitStart(selected_db_);
  }
  void NoteAcknowledged(base::Offset offset) {
    if (!most_acknowledged_ || *most_acknowledged_ < offset) most_acknowledged_ = offset;
  }
  void Feed(std::string_view bytes) { history_.Append(bytes); }
  Replica& Attach(base::Instant now, const PsyncReceived& received);
  void AttachPartial(base::Instant now, const PsyncReceived& received, const PartialResync& partial,
                     PsyncReply& reply);
  void AttachFull(base::Instant now, const PsyncReceived& received, FullResyncReason reason,
                  PsyncReply& reply);
  void StartStream(ReplicaId id, Replica& replica, PrimaryActions& actions);
  void OnAck(base::Instant now, ReplicaId id, Replica& replica, base::Offset acknowledged,
             PrimaryActions& actions);
  void OnDelivered(base::Instant now, ReplicaId id, PrimaryActions& actions);
  void OnDisk(ReplicaId id, std::optional<base::Offset> read_to, PrimaryActions& actions);
  void OnAncestryKnown(const Ancestry& ancestry, PrimaryActions& actions);
  void Remove(ReplicaId id, PrimaryActions& actions);
  void Drop(ReplicaId id, std::string reason, PrimaryActions& actions);
  void Tick(base::Instant now, PrimaryActions& actions);
  void DropSilent(base::Instant now, PrimaryActions& actions);
  base::Duration PingPeriod() const;
  void FreeIdleBacklog(base::Instant now, PrimaryActions& actions);
  static SnapshotKind KindFor(const ReplicaTraits& traits, bool legacy_sync);
  // Another full sync would be one too many (P6).
  bool TooManyFullSyncs(const SnapshotKind& newcomer) const;
  // We may yet come to `awaited` (P7).
  bool IsCatchingUp(base::Instant now, base::Offset awaited);
  base::Instant SnapshotDue(const WaitSnapshot& waiting, Framing framing) const;
  // What the first is to be sent whose time has come, if there is one.
  std::optional<SnapshotKind> KindDue(base::Instant now) const;
  void MaybeBeginSnapshot(base::Instant now, PrimaryActions& actions);
  void EnforceOutputLimits(base::Instant now, PrimaryActions& actions);
  // For people: "ip:port" as announced.
  std::string NameOf(ReplicaId id) const;
  const ReplicaTraits& TraitsOf(ReplicaId id) const;
  ReplicaPhase PhaseOf(const Replica& replica) const;

  History& history_;
  Options options_;
  base::Random random_;
  Role role_ = Role::kPrimary;
  int selected_db_ = -1;
  bool getack_scheduled_ = false;
  bool stream_held_ = false;
  bool unit_open_ = false;  // between AppendMulti and AppendExec
  std::optional<base::Offset> most_acknowledged_;
  Ancestry ancestry_;
  std::map<ReplicaId, Ancestry> told_ancestry_;  // also to connections that may yet ask to sync
  size_t streaming_count_ = 0;
  StreamClock stream_clock_;
  std::map<ReplicaId, Replica> replicas_;
  std::map<ReplicaId, ReplicaTraits> traits_;
  std::optional<Producing> producing_;
  std::optional<Behind> behind_;
  bool snapshots_held_ = false;
  uint64_t next_snapshot_ = 1;
  base::Instant next_tick_{};
  base::Instant last_ping_{};  // the period may change before the next one
  base::Instant
      alone_since_{};  // when the last replica left; Instant{} = there is one, or never was
  SyncCounters counters_;
};

}  // namespace quorate::replication::core
