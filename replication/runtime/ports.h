// What replication needs of the server, as narrow interfaces that the server implements: its data,
// its connections, and the execution of replicated commands. Nothing in replication includes the
// server.
//
// Thread rule: everything on the loop thread. Any call that the server makes into Replication may
// call them before it returns: ReplicaOf, Promote, StartFailover and DropUpstream tell the
// listener, EndTurn writes to the links and begins snapshots. They find Replication in the middle
// of a change, so they may ask it for what is known, and change nothing in it but what they name.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "replication/core/fork.h"
#include "replication/core/views.h"
#include "replication/snapshot/reader.h"
#include "replication/snapshot/record.h"
#include "shared/base/buffer.h"
#include "shared/base/ids.h"
#include "shared/base/result.h"
#include "shared/base/time.h"

namespace quorate::replication::runtime {

// A snapshot being produced. Yields the state at the instant of BeginSnapshot, whatever is written
// meanwhile; whether it sweeps at once or in slices is its own business.
class SnapshotProducer {
 public:
  enum class Progress {
    kMore,      // ask again at once
    kWait,      // nothing more yet: `on_ready` will be called
    kComplete,  // those were the last bytes
  };
  virtual ~SnapshotProducer() = default;  // stops the sweep
  // Appends at most `budget` bytes of RDB to `out`.
  virtual Progress Produce(size_t budget, base::Buffer& out) = 0;
  // Bytes that exist and were not asked for, beyond what the producer makes ahead by itself: writes
  // add to them, however slow the asking is.
  virtual size_t WaitingBytes() const = 0;
};

// A dataset beside the one in use.
class Staging : public snapshot::Sink {};

struct SnapshotRequest {
  snapshot::Meta meta;  // the history's part is filled in; the server adds created and used_memory
  bool exclude_data = false;
  bool exclude_functions = false;
};

class Dataset {
 public:
  virtual ~Dataset() = default;
  // False while another snapshot is in the making (a BGSAVE): asked again at the end of each turn.
  virtual bool CanBeginSnapshot() const = 0;
  // `on_ready` is called after a Progress::kWait, never from inside a call of the producer.
  // Precondition: CanBeginSnapshot().
  virtual std::unique_ptr<SnapshotProducer> BeginSnapshot(const SnapshotRequest& request,
                                                          std::function<void()> on_ready) = 0;
  virtual snapshot::ReaderOptions reader_options() const = 0;
  // What clients are answered while it exists is the server's business, which may depend on whether
  // what comes is of the same history as the data in use.
  virtual std::unique_ptr<Staging> BeginStaging(bool same_history) = 0;
  // Swaps: from here on the staged data is the dataset. `staging` came from BeginStaging and holds
  // a whole snapshot.
  virtual void CommitStaging(std::unique_ptr<Staging> staging) = 0;
  // Nothing comes of it. Freeing what it holds may take long and is not the loop thread's work.
  virtual void DiscardStaging(std::unique_ptr<Staging> staging) = 0;
  // There is no key in it.
  virtual bool Empty() const = 0;
};

// The session in which the primary's commands run. It never answers, is not limited, and treats no
// key as expired.
class StreamApplier {
 public:
  virtual ~StreamApplier() = default;
  // Stream bytes arrived; the commands in them are applied after this call. For what is read once
  // for all of them, such as the clock.
  virtual void BeginBytes() = 0;
  // `coming` begins with the next command to apply: whatever makes it cheaper may be done now.
  // Returns for how many commands (at least 1) there is no need to ask again.
  virtual size_t LookAhead(std::string_view coming) = 0;
  // Runs one command of the stream; MULTI, the queued commands and EXEC come one by one, SELECT and
  // PING too. `args` is valid during the call. Error: the command cannot be run here at all
  // (unknown, not one of our data types) and nothing was changed; the stream ends before it. A
  // command that ran and answered an error is no such case: its primary got the same answer.
  virtual base::Status Apply(std::span<const std::string_view> args) = 0;
  virtual void SelectDb(int db) = 0;
  // The link broke inside MULTI: forget what was queued.
  virtual void AbortTransaction() = 0;
  // No more commands come of a stream that was replayed from disk.
  virtual void EndStream() = 0;
};

// The server's connections, seen as replica links: from PSYNC on, their output belongs to
// replication while the server goes on reading and parsing what they send.
class ReplicaLinks {
 public:
  virtual ~ReplicaLinks() = default;
  // As io::Stream: bytes accepted now; 0 on a dead connection.
  virtual size_t TryWrite(core::ReplicaId replica, std::span<const std::string_view> slices) = 0;
  // Asks for one Replication::OnReplicaWritable.
  virtual void NotifyWritable(core::ReplicaId replica) = 0;
  // Closes the connection soon. Replication has forgotten it already and wants no OnReplicaClosed
  // (one is harmless).
  virtual void Close(core::ReplicaId replica, std::string_view reason) = 0;
};

// The end of a history that a full synchronisation throws away.
struct DiscardedStream {
  base::ReplicationId history;
  core::Fork fork;
  bool unrelated = false;  // the dataset is thrown away whole, whatever the bytes tell
  base::Offset end;
  // Its bytes, from a place where a unit begins, at or before the fork if they are still there.
  base::Offset begin;
  int db = -1;  // selected at `begin`
  std::string bytes;
  // When they were written, as far as that is known.
  std::optional<base::WallTime> not_before;
  std::optional<base::WallTime> not_after;
  // What replaces it.
  base::Endpoint successor;
  base::ReplicationId successor_history;
  base::Offset successor_offset;
};

// Keeps what is thrown away. Its lifetime exceeds that of whom it serves.
class RollbackRecorder {
 public:
  virtual ~RollbackRecorder() = default;
  // `done` is called once, never from inside this call: the record is durable, or why there is
  // none.
  virtual void Record(DiscardedStream discarded, std::function<void(base::Status)> done) = 0;
};

// What the server is told.
class ReplicationListener {
 public:
  virtual ~ReplicationListener() = default;
  // A replica acknowledged more: look at the WAITs. May be called from inside HandleReplconf.
  virtual void OnAcknowledged() = 0;
  // After the change, and after a replica was given another primary. Unblock and redirect clients
  // as the role demands.
  virtual void OnRoleChanged(bool is_replica) = 0;
  // So much was received from our primary: handshake, snapshot or stream.
  virtual void OnUpstreamBytes(size_t bytes) = 0;
  // FAILOVER: writes are to be paused (true), or may go on (false). Who pauses them also holds the
  // stream (Replication::HoldStream).
  virtual void OnFailoverPause(bool paused) = 0;
  // The link to our primary came in sync or broke.
  virtual void OnPrimaryLink(bool up) = 0;
};

}  // namespace quorate::replication::runtime
