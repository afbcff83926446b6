// What the engine needs of replication, and nothing more: where write effects go, what role we
// have, and the few commands that replication answers itself. server/runtime implements it over
// replication/runtime; unit tests use a fake.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "replication/core/disk_index.h"
#include "replication/core/failover.h"
#include "replication/core/history.h"
#include "replication/core/views.h"
#include "shared/base/ids.h"
#include "shared/base/result.h"
#include "shared/base/time.h"

namespace quorate::server::engine {

class Session;

class ReplicationPort {
 public:
  virtual ~ReplicationPort() = default;

  // ---- role
  virtual bool is_replica() const = 0;
  // As a replica: the link to the primary is up and in sync.
  virtual bool primary_link_up() const = 0;
  // Online replicas whose last acknowledgement is recent enough for min-replicas-max-lag.
  virtual int64_t good_replicas() const = 0;
  // Of the history: as a primary the end of the stream, as a replica what has been applied.
  virtual base::Offset offset() const = 0;

  // ---- the stream
  // True if write effects must be appended: we are a primary and have a backlog.
  virtual bool streaming() const = 0;
  // Appends one complete command (a RESP array) that ran in database `db`; SELECT is injected when
  // needed.
  virtual void Append(int db, std::string_view command) = 0;
  // The frames of a unit with several effects: before the first, which runs in `db`, and after the
  // last.
  virtual void AppendMulti(int db) = 0;
  virtual void AppendExec() = 0;

  // ---- commands that replication answers
  // REPLCONF; PSYNC and SYNC, which may turn `session` into a replica link. They answer themselves.
  virtual void HandleReplconf(Session& session, std::span<const std::string_view> args) = 0;
  virtual void HandlePsync(Session& session, std::span<const std::string_view> args) = 0;
  // REPLICAOF host port; nullopt = NO ONE. Writes nothing; the caller answers.
  enum class ReplicaOfOutcome { kChanged, kUnchanged };
  virtual base::Result<ReplicaOfOutcome> ReplicaOf(std::optional<base::Endpoint> primary) = 0;
  // FAILOVER and FAILOVER ABORT. The error is the text of a RESP error with its code.
  virtual base::Status StartFailover(const replication::core::FailoverRequest& request) = 0;
  virtual base::Status AbortFailover() = 0;
  virtual replication::core::FailoverState failover_state() const = 0;
  // A replica gives its link up, and opens none before `until`, or until it follows anew. Nothing as
  // a primary.
  virtual void HoldUpstream(base::Instant until) = 0;
  // CLIENT KILL of the primary's link, which then comes back by itself. Nothing as a primary.
  virtual void DropUpstream(std::string_view reason) = 0;

  // ---- what ROLE, INFO and CLIENT LIST show
  virtual const replication::core::History& history() const = 0;
  virtual std::vector<replication::core::ReplicaView> Replicas() const = 0;
  // As a replica: the link to our primary.
  virtual std::optional<replication::core::UpstreamView> Upstream() const = 0;
  virtual replication::core::BacklogView Backlog() const = 0;
  virtual const replication::core::SyncCounters& counters() const = 0;
  // CONFIG RESETSTAT.
  virtual void ResetCounters() = 0;

  // The database that the stream has selected last; -1 = none.
  virtual int stream_db() const = 0;

  // A new snapshot file is to take the place of `file`, lest the on-disk backlog be of no use to a
  // restart.
  virtual bool DiskWantsSnapshot(const replication::core::SnapshotFile& file) const = 0;

  // ---- WAIT
  // Replicas that have acknowledged `offset`.
  virtual int64_t ReplicasAcknowledged(base::Offset offset) const = 0;
  // Puts REPLCONF GETACK * into the stream at the end of this turn; of a held stream when the hold
  // ends.
  virtual void ScheduleGetAck() = 0;
  // While clients are paused the stream stands still but for what commands, a FAILOVER's questions
  // and the rarest keepalive add.
  virtual void HoldStream(bool held) = 0;
};

}  // namespace quorate::server::engine
