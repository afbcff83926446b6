// The replica's side of replication as a machine: one upstream link from "connect" to "connected",
// over and over. It talks the handshake, learns from the primary whether it gets the rest of the
// stream or a snapshot, delimits the snapshot, keeps the link alive and acknowledges. The runtime
// owns the socket, parses the stream into commands and stages the snapshot.
//
// The old data and the old history stay until a snapshot has been received and verified whole: a
// link that breaks in the middle of one, or a snapshot that is refused, costs nothing but time.
//
// States
//   Off          no upstream: this node is a primary
//   Waiting      link down; connects again at its time                       ("connect")
//   Connecting   TCP connect under way                                       ("connecting")
//   Handshaking  PING ... PSYNC; replies come in the order asked             ("handshake")
//   Receiving    +FULLRESYNC accepted; the snapshot's header, then its bytes ("sync")
//   Streaming    applying the stream                                         ("connected")
//
// | from        | on                          | to          | actions                           |
// |-------------|-----------------------------|-------------|-----------------------------------|
// | any         | Follow                      | Waiting     | CloseLink, (Demoted)              |
// | Waiting     | its time                    | Connecting  | OpenLink                          |
// | Connecting  | LinkOpened                  | Handshaking | Send PING                         |
// | Handshaking | +, or a NOAUTH-like error   | Handshaking | Send AUTH, REPLCONF; Send PSYNC   |
// | Handshaking | we are its ancestor         | Waiting     | CloseLink; asked again later      |
// | Handshaking | +CONTINUE [id]              | Streaming   | (DropSubReplicas,) ResumeStream   |
// | Handshaking | +FULLRESYNC id offset       | Receiving   | -                                 |
// | Handshaking | -NOMASTERLINK, -LOADING     | Waiting     | CloseLink; nothing is forgotten   |
// | Handshaking | other error to PSYNC        | Receiving   | Send SYNC                         |
// | Handshaking | answer to PSYNC ... FAILOVER| as above, an| HandoverAnswered                  |
// |             |                             | error Waits |                                   |
// | Handshaking | not who is to take the role | Waiting     | CloseLink, HandoverAnswered (U5)  |
// | Handshaking | "is a primary", asked twice | Waiting     | CloseLink; a plain PSYNC decides  |
// | Receiving   | the header                  | Receiving   | BeginStaging                      |
// | Receiving   | the last byte               | Receiving   | FinishStaging                     |
// | Receiving   | StagingVerified             | Receiving   | DropSubReplicas, CommitStaging;   |
// |             |                             |             | the latter after RecordDiscarded, |
// |             |                             |             | if it throws something away       |
// | Receiving   | DiscardedRecorded           | Receiving   | DropSubReplicas, CommitStaging    |
// | Receiving   | the same, failed, required  | Waiting     | AbandonStaging, CloseLink         |
// | Receiving   | StagingCommitted            | Streaming   | ResumeStream, Send ACK            |
// | Receiving   | StagingFailed               | Waiting     | AbandonStaging, CloseLink         |
// | Handshaking | INFO's reply or +FULLRESYNC:| Waiting     | CloseLink; asked again later (U7) |
// |             | its history is older        |             |                                   |
// | Receiving   | StagingVerified, it is empty| Waiting     | AbandonStaging, CloseLink (U7)    |
// | Waiting     | AllowSync, while we refuse  | Connecting  | OpenLink                          |
// | with a link | HoldLink                    | Waiting     | as LinkClosed                     |
// | Streaming   | StreamCorrupt               | Waiting     | as LinkClosed; next sync is full  |
// | Streaming   | StreamUnrunnable            | Waiting     | as LinkClosed, for longer         |
// | with a link | LinkClosed, timeout, rubbish| Waiting     | (AbandonStaging, AbortTransaction,)|
// |             |                             |             | CloseLink                         |
// | any         | Promote                     | Off         | CloseLink, DropSubReplicas,       |
// |             |                             |             | Promoted                          |
//
// Invariants
//   U1  the history moves only in Streaming (by what was applied), by StagingCommitted, by
//       +CONTINUE with a new id, by Promote, and before HistoryRestored (which tells of it).
//   U2  what is acknowledged is the history's offset: applied, at a command and transaction
//       boundary.
//   U3  a partial resync is asked for only while resumable(): our data is exactly the history's
//       first offset() bytes.
//   U4  a legacy SYNC link never acknowledges.
//   U5  data that was to be handed over is not replaced by that of a node which may have lost it
//       (failover.h, F3): unless it was forced, PSYNC ... FAILOVER goes to the process that
//       acknowledged, and a snapshot is taken only from it, or as its immediate answer, never
//       from before what it acknowledged. Whoever goes on with our history has all of it.
//   U6  with Options::rollback, what is lost by what is offered (loss.h) is recorded before
//       CommitStaging: what our history has beyond the fork, and all of the dataset, if there are
//       keys and it is not known to be of that primary's history. Nothing if +FULLRESYNC names our
//       own id and no less than our offset.
//   U7  what the gate refuses (sync_gate.h) does not replace our data. It is asked for again every
//       SyncGate::kPause, until AllowSync, Follow or Promote.
#pragma once

#include <chrono>
#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "replication/core/ancestry.h"
#include "replication/core/failover.h"
#include "replication/core/fork.h"
#include "replication/core/history.h"
#include "replication/core/loss.h"
#include "replication/core/options.h"
#include "replication/core/snapshot_framing.h"
#include "replication/core/stream_tracker.h"
#include "replication/core/sync_gate.h"
#include "replication/core/views.h"
#include "shared/base/ids.h"
#include "shared/base/random.h"
#include "shared/base/time.h"

namespace quorate::replication::core {

// ---- inputs

struct Follow {
  base::Endpoint primary;
  // True for REPLICAOF at run time: our own history is offered for a partial resync. False for a
  // node that starts as a replica with nothing.
  bool offer_own_history = true;
  // For a primary: what its own stream has selected last.
  int stream_db = -1;
  // FAILOVER: our PSYNC tells the other to take our role first. Until it has answered
  // (HandoverAnswered) it is asked again and again, whatever becomes of the link.
  std::optional<HandOver> hand_over = std::nullopt;
  base::Instant not_before{};  // the first attempt to connect
  // The most that our replicas acknowledged of our stream (loss.h).
  std::optional<base::Offset> acknowledged = std::nullopt;
};
// The history of a dataset that was loaded from disk is ours now, up to its offset: the primary is
// asked to go on from there.
struct HistoryRestored {
  int stream_db = -1;
};
struct Promote {};
struct LinkOpened {};
struct LinkClosed {
  std::string reason;
};
// The staged snapshot is complete and sound; `stream_db` is its repl-stream-db (-1 if it had none).
struct StagingVerified {
  int stream_db = -1;
  uint64_t keys = 0;  // that it holds
};
// The staged data is the dataset now, and no sub-replica is attached: its history is adopted.
struct StagingCommitted {};
// What RecordDiscarded asked for is durable, or could not be written.
struct DiscardedRecorded {
  uint64_t number = 0;
  bool ok = true;
};
// The snapshot is unreadable or was refused; the old data stays.
struct StagingFailed {
  std::string reason;
};
// The stream could not be parsed or applied: our position in it is worthless.
struct StreamCorrupt {
  std::string reason;
};
// The stream's next command cannot be run by this node. What came before it is applied, so the
// position is good: the link is tried again, unhurriedly, and stops at the same command until
// somebody mends the cause or the command has left the primary's backlog.
struct StreamUnrunnable {
  std::string reason;
};
// No link before `until`; one that is there is given up. Follow ends it, and so does an `until` that
// has passed.
struct HoldLink {
  base::Instant until;
};
// What is refused (U7) is to be taken after all: it is asked for at once. Nothing if nothing is
// refused.
struct AllowSync {};
struct ReplicaTick {};
using ReplicaInput =
    std::variant<Follow, HistoryRestored, Promote, LinkOpened, LinkClosed, StagingVerified,
                 StagingCommitted, DiscardedRecorded, StagingFailed, StreamCorrupt,
                 StreamUnrunnable, HoldLink, AllowSync, ReplicaTick>;

// ---- actions

struct OpenLink {
  base::Endpoint primary;
};
struct CloseLink {};
struct Send {
  std::string bytes;
};
// `same_history`: the snapshot is of the history that our data is of, only further on.
struct BeginStaging {
  bool same_history = false;
};
// Every byte has been staged: check that it is whole, then answer StagingVerified or StagingFailed.
struct FinishStaging {};
struct AbandonStaging {};
// Our history's bytes from the fork on are not in the one that replaces it: make a durable record
// of the writes in them, then answer DiscardedRecorded. Until then the stream is left unread.
struct RecordDiscarded {
  uint64_t number = 0;
  Fork fork;
  bool unrelated = false;    // as in Loss
  base::Endpoint successor;  // whose history it is
  base::ReplicationId id;    // zero from a legacy primary
  base::Offset offset;
};
// Make the staged data the dataset, at once, and answer StagingCommitted.
struct CommitStaging {};
// The stream starts: the applying session selects `db` (0 if -1).
struct ResumeStream {
  int db = -1;
};
// Forget the queued commands of an unfinished transaction.
struct AbortTransaction {};
struct DropSubReplicas {
  std::string reason;
};
// What became of a Follow with hand_over: the role is theirs, or they refused it.
struct HandoverAnswered {
  bool accepted = false;
};
// Whom our primary follows, itself first; empty = it does not say.
struct UpstreamAncestry {
  Ancestry ancestry;
};
// The role changed: the engine unblocks and disconnects who must be.
struct Demoted {};
struct Promoted {};
struct ReplicaNote {
  std::string text;
  bool problem = false;  // log as a warning
};
using ReplicaAction =
    std::variant<OpenLink, CloseLink, Send, BeginStaging, FinishStaging, AbandonStaging,
                 RecordDiscarded, CommitStaging, ResumeStream, AbortTransaction, DropSubReplicas,
                 HandoverAnswered, UpstreamAncestry, Demoted, Promoted, ReplicaNote>;
using ReplicaActions = std::vector<ReplicaAction>;

class Replica {
 public:
  Replica(History& history, const Options& options, uint16_t listening_port, base::Random random);
  Replica(const Replica&) = delete;
  Replica& operator=(const Replica&) = delete;

  ReplicaActions Step(base::Instant now, const ReplicaInput& input);
  // When Step(ReplicaTick) is due; Instant::max() if nothing waits for time.
  base::Instant NextDeadline() const;

  // ---- received bytes (hot path)

  // Takes one piece off the front of `input`: a line, or snapshot bytes. The payload is to be
  // staged first, then the actions are to be carried out; call again while `input` is not empty
  // and the link is open. kStream: what is left of `input` belongs to the stream and was left in
  // place.
  enum class Kind { kLine, kSnapshot, kStream };
  struct Segment {
    Kind kind = Kind::kLine;
    SnapshotFraming::Payload payload;
  };
  Segment Receive(base::Instant now, std::string_view& input, ReplicaActions& actions);
  // Stream bytes arrived, whole commands or not.
  void NoteStreamBytes(base::Instant now, size_t bytes) {
    last_io_ = now;
    read_ += static_cast<int64_t>(bytes);
  }
  StreamTracker& tracker() { return tracker_; }
  const StreamTracker& tracker() const { return tracker_; }
  // The acknowledgement to send now; empty on a legacy SYNC link or while not streaming.
  std::string Acknowledgement() const;

  // ---- what is known

  bool is_replica() const;
  bool link_up() const;  // Streaming
  const base::Endpoint& primary() const { return primary_; }
  LinkState link_state() const;
  bool resumable() const { return resumable_; }
  // Our data is what HistoryRestored told of, and nothing has come to it since: whoever knows of
  // more in its history knows it of an earlier process.
  bool only_restored() const { return only_restored_; }
  std::optional<UpstreamView> View(base::Instant now) const;

  // Whether the dataset holds a key; to be told before Receive while the link is not up.
  void SetHasKeys(bool has_keys) { gate_.SetHasKeys(has_keys); }

  void SetOptions(const Options& options);
  // Told to primaries from now on; a primary that follows it is refused.
  void SetRunId(const base::RunId& run_id) { run_id_ = run_id; }
  void CheckInvariants() const;

 private:
  // An acknowledgement, or "\n" while a snapshot arrives.
  static constexpr base::Duration kAlivePeriod = std::chrono::seconds(1);

  struct Off {};
  struct Waiting {
    base::Instant until;
  };
  struct Connecting {};
  enum class Expect { kPing, kAuth, kListeningPort, kIpAddress, kCapabilities, kHistory, kPsync };
  struct Handshaking {
    std::deque<Expect> expected;
    std::optional<size_t> text_left;  // of INFO's reply, its line end included
    std::string text;
  };
  struct Receiving {
    base::ReplicationId id;              // meaningless on a legacy SYNC link
    std::optional<base::Offset> offset;  // empty on a legacy SYNC link
    std::optional<SnapshotFraming> framing;
    int stream_db = -1;
    std::optional<uint64_t> recording;  // the RecordDiscarded that is waited for
  };
  struct Streaming {
    bool legacy = false;
  };
  using State = std::variant<Off, Waiting, Connecting, Handshaking, Receiving, Streaming>;

  void OnFollow(base::Instant now, const Follow& follow, ReplicaActions& actions);
  void OnRestored(base::Instant now, const HistoryRestored& restored, ReplicaActions& actions);
  void OnPromote(ReplicaActions& actions);
  void OnLinkOpened(base::Instant now, ReplicaActions& actions);
  void OnRecorded(base::Instant now, const DiscardedRecorded& recorded, ReplicaActions& actions);
  void OnCommitted(base::Instant now, ReplicaActions& actions);
  void OnVerified(base::Instant now, const StagingVerified& verified, ReplicaActions& actions);
  void OnHold(base::Instant now, const HoldLink& hold, ReplicaActions& actions);
  void OnAllowSync(base::Instant now, ReplicaActions& actions);
  // U7: false if it ends the link.
  bool PassGate(base::Instant now, const std::optional<SyncGate::Refused>& refused,
                ReplicaActions& actions);
  void Tick(base::Instant now, ReplicaActions& actions);
  // Leaves the link, if there is one, and tries again later.
  void Break(base::Instant now, const std::string& reason, ReplicaActions& actions,
             bool problem = true);
  std::string_view TimeoutText() const;
  void LeaveLink(ReplicaActions& actions);

  // False while the line is unfinished or too long.
  bool TakeLine(base::Instant now, std::string_view& input, ReplicaActions& actions);
  void OnLine(base::Instant now, std::string_view line, ReplicaActions& actions);
  void OnHandshakeReply(base::Instant now, std::string_view line, ReplicaActions& actions);
  // False if that primary would make us follow ourselves, or is not who is to take our role.
  bool AcceptAncestry(base::Instant now, std::string_view line, ReplicaActions& actions);
  void Introduce(Handshaking& handshake, ReplicaActions& actions);
  // Asks where the primary's history comes from, if a full sync would throw something away.
  bool AskHistory(Handshaking& handshake, ReplicaActions& actions);
  void OnHistoryReply(base::Instant now, std::string_view line, Handshaking& handshake,
                      ReplicaActions& actions);
  void TakeHistory(base::Instant now, Handshaking& handshake, std::string_view& input,
                   ReplicaActions& actions);
  void AskSync(Handshaking& handshake, ReplicaActions& actions);
  void OnPsyncReply(base::Instant now, std::string_view line, ReplicaActions& actions);
  // False if that ends the link.
  bool OnHandoverReply(base::Instant now, std::string_view line, ReplicaActions& actions);
  // U5: false if this is not who is to take the role, by its run id, by its INFO, or by the snapshot
  // that it offers. The first two end the link then.
  bool AcceptTarget(base::Instant now, ReplicaActions& actions);
  bool AcceptTargetHistory(base::Instant now, ReplicaActions& actions);
  bool AcceptTargetSnapshot(base::Offset offset) const;
  void RefuseHandover(base::Instant now, const std::string& reason, ReplicaActions& actions);
  void OnContinue(base::Instant now, std::string_view line, ReplicaActions& actions);
  void OnFullResync(base::Instant now, std::string_view line, ReplicaActions& actions);
  void OnSnapshotHeader(base::Instant now, std::string_view line, ReplicaActions& actions);
  void StartStreaming(base::Instant now, bool legacy, int db, ReplicaActions& actions);

  History& history_;
  Options options_;
  uint16_t listening_port_;
  std::optional<base::RunId> run_id_;
  base::Random random_;
  base::Endpoint primary_;
  State state_;
  StreamTracker tracker_;
  bool resumable_ = false;
  bool only_restored_ = false;
  std::optional<OwnStream> own_;          // since a demotion, until another's stream came
  std::optional<PrimaryHistory> theirs_;  // as the primary of this link said
  uint64_t next_record_ = 1;
  struct Handover {
    HandOver to;
    int asked = 0;  // PSYNC ... FAILOVER went out so often
    // It is a primary, and no answer says since when: ours (the link swallowed its answer), or of
    // whatever it found when it started anew. Or it is another process by now. A plain PSYNC tells.
    bool doubtful = false;
  };
  std::optional<Handover> handover_;
  SyncGate gate_;
  std::string line_;  // unfinished line
  int failed_attempts_ = 0;
  base::Offset read_;
  base::Instant last_io_{};
  base::Instant next_send_{};  // next acknowledgement or "\n"
  base::Instant down_since_{};
  base::Instant held_until_{};  // no link before
};

}  // namespace quorate::replication::core
