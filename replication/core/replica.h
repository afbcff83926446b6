// The replica's side of replication as a machine: one upstream link from "connect" to "connected",
// over and over. It talks the handshake, decides with the primary between partial and full resync,
// delimits the snapshot, keeps the link alive and acknowledges. The runtime owns the socket, parses
// the stream into commands and stages the snapshot.
//
// The old data and the old history stay until a snapshot has been received and verified whole
// (CommitStaging): a link that breaks in the middle of one, or a snapshot that is refused, costs
// nothing but time.
//
// States
//   Off          no upstream: this node is a primary
//   Waiting      link down; connects again at its time ("connect") Connecting   TCP connect under
//   way                                                       ("connecting") Handshaking  PING ...
//   PSYNC; replies are expected in the order sent                      ("handshake") Receiving
//   +FULLRESYNC accepted; the snapshot's header, then its bytes                 ("sync") Streaming
//   applying the stream                                                         ("connected")
//
// | from        | on                                   | to          | actions |
// |-------------|--------------------------------------|-------------|--------------------------------------------------|
// | Off, any    | Follow                               | Waiting     | CloseLink, (Demoted) | |
// Waiting     | its time                             | Connecting  | OpenLink | | Connecting  |
// LinkOpened                           | Handshaking | Send PING | | Handshaking | + or an
// authentication error to PING | Handshaking | Send AUTH, REPLCONF ..., PSYNC                   |
// | Handshaking | +CONTINUE [id]                       | Streaming   | ResumeStream,
// (DropSubReplicas if the id is new) | | Handshaking | +FULLRESYNC id offset                |
// Receiving   | -                                                | | Handshaking | -NOMASTERLINK,
// -LOADING              | Waiting     | CloseLink; nothing is forgotten                  | |
// Handshaking | any other error to PSYNC             | Receiving   | Send SYNC | | Receiving   |
// the header                           | Receiving   | BeginStaging | | Receiving   | the last byte
// | Receiving   | FinishStaging                                    | | Receiving   |
// StagingVerified                      | Streaming   | DropSubReplicas, CommitStaging, Send ACK |
// | Receiving   | StagingFailed                        | Waiting     | AbandonStaging, CloseLink |
// | any         | LinkClosed, timeout, bad protocol    | Waiting     | (AbandonStaging,
// AbortTransaction,) CloseLink    | | any         | Promote                              | Off |
// CloseLink, Promoted, DropSubReplicas             |
//
// Invariants
//   U1  the history moves only in Streaming (by Applied), in StagingVerified (adopts the
//   snapshot's) and by Promote. U2  what is acknowledged is the history's offset: applied, at a
//   command and transaction boundary. U3  a partial resync is asked for only if our data is exactly
//   the history's first offset() bytes (resumable()). U4  a legacy SYNC link never acknowledges.
#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "replication/core/history.h"
#include "replication/core/options.h"
#include "replication/core/snapshot_framing.h"
#include "replication/core/stream_tracker.h"
#include "replication/core/views.h"
#include "shared/base/ids.h"
#include "shared/base/random.h"
#include "shared/base/time.h"

namespace quorate::replication::core {

// ---- inputs
// -----------------------------------------------------------------------------------------------------------
struct Follow {
  base::Endpoint primary;
  // True for REPLICAOF at run time: our own history is offered for a partial resync. False for a
  // node that starts as a replica with nothing.
  bool offer_own_history = true;
};
struct Promote {};
struct LinkOpened {};
struct LinkClosed {
  std::string reason;
};
// The staged snapshot is complete and sound; `stream_db` is its repl-stream-db (-1 if it had none).
// The machine adopts the snapshot's history and orders the swap.
struct StagingVerified {
  int stream_db = -1;
};
// The snapshot is unreadable or was refused; the old data stays.
struct StagingFailed {
  std::string reason;
};
// The stream could not be parsed or applied: the link's state is worthless, the next sync is a full
// one.
struct StreamCorrupt {
  std::string reason;
};
struct ReplicaTick {};
using ReplicaInput = std::variant<Follow, Promote, LinkOpened, LinkClosed, StagingVerified,
                                  StagingFailed, StreamCorrupt, ReplicaTick>;

// ---- actions
// ----------------------------------------------------------------------------------------------------------
struct OpenLink {
  base::Endpoint primary;
};
struct CloseLink {};
struct Send {
  std::string bytes;
};
struct BeginStaging {};
// Every byte has been given to the staging: check it is complete, then answer StagingVerified or
// StagingFailed.
struct FinishStaging {};
struct AbandonStaging {};
// Make the staged data the dataset, at once.
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
// The role changed: the engine unblocks and disconnects who must be.
struct Demoted {};
struct Promoted {};
struct ReplicaNote {
  std::string text;
  bool problem = false;  // log as a warning
};
using ReplicaAction = std::variant<OpenLink, CloseLink, Send, BeginStaging, FinishStaging,
                                   AbandonStaging, CommitStaging, ResumeStream, AbortTransaction,
                                   DropSubReplicas, Demoted, Promoted, ReplicaNote>;
using ReplicaActions = std::vector<ReplicaAction>;

class Replica {
 public:
  Replica(History& history, const Options& options, uint16_t listening_port, base::Random random);

  ReplicaActions Step(base::Instant now, const ReplicaInput& input);
  base::Instant NextDeadline() const;

  // ---- received bytes (hot path)
  // --------------------------------------------------------------------------------------- What
  // the front of the received bytes is. kStream: the rest of `input` belongs to the stream (left in
  // place; the runtime parses it from here on and calls StreamBytes). kSnapshot: `payload` is to be
  // staged; call again. kNothing: `input` is used up. After each call the actions come first; stop
  // if they close the link.
  enum class Kind { kNothing, kSnapshot, kStream };
  struct Segment {
    Kind kind = Kind::kNothing;
    SnapshotFraming::Payload payload;
  };
  Segment Receive(base::Instant now, std::string_view& input, ReplicaActions& actions);
  // Stream bytes arrived (whole commands or not): keeps the link alive and counts
  // slave_read_repl_offset.
  void NoteStreamBytes(base::Instant now, size_t bytes) {
    last_io_ = now;
    read_ += static_cast<int64_t>(bytes);
  }

  // ---- the stream
  // ------------------------------------------------------------------------------------------------------
  StreamTracker& tracker() { return tracker_; }
  // The acknowledgement to send now, for GETACK and for ticks; empty on a legacy SYNC link or while
  // not streaming.
  std::string Acknowledgement() const;

  // ---- what is known
  // -----------------------------------------------------------------------------------------------------
  bool is_replica() const;
  bool link_up() const;  // Streaming
  const base::Endpoint& primary() const { return primary_; }
  LinkState link_state() const;
  // True if a partial resync may be asked for.
  bool resumable() const { return resumable_; }
  std::optional<UpstreamView> View(base::Instant now) const;

  void SetOptions(const Options& options);
  // Data was loaded from disk together with its history: the next PSYNC may continue it.
  void SetResumable(int stream_db);
  void CheckInvariants() const;

 private:
  struct Off {};
  struct Waiting {
    base::Instant until;
  };
  struct Connecting {
    base::Instant deadline;
  };
  enum class Expect { kPing, kAuth, kListeningPort, kIpAddress, kCapa, kPsync };
  struct Handshaking {
    base::Instant deadline;
    std::deque<Expect> expected;
  };
  struct Receiving {
    base::ReplicationId id;
    std::optional<base::Offset> offset;  // empty on a legacy SYNC link
    std::optional<SnapshotFraming> framing;
    bool finished = false;
  };
  struct Streaming {
    bool legacy = false;
  };
  using State = std::variant<Off, Waiting, Connecting, Handshaking, Receiving, Streaming>;

  void Break(base::Instant now, std::string reason, bool problem, ReplicaActions& actions);
  void LeaveLink(ReplicaActions& actions);
  bool TakeLine(std::string_view& input, std::string& line, base::Instant now,
                ReplicaActions& actions);
  void OnLine(base::Instant now, const std::string& line, ReplicaActions& actions);
  void OnHandshakeReply(base::Instant now, const std::string& line, ReplicaActions& actions);
  void OnPsyncReply(base::Instant now, const std::string& line, ReplicaActions& actions);
  void OnSnapshotHeader(base::Instant now, const std::string& line, ReplicaActions& actions);
  void StartHandshake(ReplicaActions& actions);
  void StartStreaming(base::Instant now, bool legacy, int db, ReplicaActions& actions);
  void OnFollow(base::Instant now, const Follow& follow, ReplicaActions& actions);
  void OnPromote(base::Instant now, ReplicaActions& actions);
  void OnVerified(base::Instant now, const StagingVerified& verified, ReplicaActions& actions);
  void Tick(base::Instant now, ReplicaActions& actions);

  History& history_;
  Options options_;
  uint16_t listening_port_;
  base::Random random_;
  base::Endpoint primary_;
  State state_;
  StreamTracker tracker_;
  bool resumable_ = false;
  std::string line_;  // unfinished line
  base::Offset read_;
  base::Instant last_io_{};
  base::Instant next_send_{};  // next acknowledgement or "\n"
  base::Instant down_since_{};
};

}  // namespace quorate::replication::core
