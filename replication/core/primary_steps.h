// What the primary's machine (primary.h) is told, and what it asks the runtime for.
#pragma once

#include <compare>
#include <cstdint>
#include <string>
#include <variant>
#include <vector>

#include "replication/core/ancestry.h"
#include "replication/core/psync.h"
#include "replication/core/views.h"
#include "shared/base/ids.h"

namespace quorate::replication::core {

enum class SnapshotId : uint64_t {};
enum class Framing { kLength, kEofMark };

// ---- inputs

// The connection asks to become a replica. Its traits came by Replconf before.
struct PsyncReceived {
  ReplicaId replica{};
  std::string peer_ip;
  PsyncRequest request;
  PsyncConditions conditions;
};
// The connection died or was closed by the server; also for connections that only sent REPLCONF.
struct ReplicaClosed {
  ReplicaId replica{};
};
// Snapshot and mark are in the kernel's hands for this replica.
struct SnapshotDelivered {
  ReplicaId replica{};
};
// Every byte of the snapshot has been produced; the next one may begin.
struct SnapshotProduced {
  SnapshotId snapshot{};
};
// A piece of what ReadDisk asked for was read; it ends at `next`. The runtime sends it.
struct DiskRead {
  ReplicaId replica{};
  base::Offset next;
};
// The piece is in the kernel's hands.
struct DiskSent {
  ReplicaId replica{};
};
struct DiskFailed {
  ReplicaId replica{};
  std::string reason;
};
// Every replica must come back and ask again (role change, new history).
struct DropReplicas {
  std::string reason;
};
// Whom this node follows has become known, itself first. Who was told otherwise is to come back
// and ask again.
struct AncestryKnown {
  Ancestry ancestry;
};
// Time passed; see NextDeadline.
struct PrimaryTick {};
using PrimaryInput =
    std::variant<PsyncReceived, ReplicaClosed, SnapshotDelivered, SnapshotProduced, DiskRead,
                 DiskSent, DiskFailed, DropReplicas, AncestryKnown, PrimaryTick>;

// ---- actions

// Write these bytes to the connection, before anything that follows.
struct SendLine {
  ReplicaId replica{};
  std::string bytes;
};
// What a replica wants of a snapshot. Who wants the same may share one.
struct SnapshotKind {
  Framing framing = Framing::kLength;
  bool exclude_data = false;
  bool exclude_functions = false;
  auto operator<=>(const SnapshotKind&) const = default;
};
// Cut a snapshot of the dataset now, at history().offset(), and send it to the members.
struct BeginSnapshot {
  SnapshotId snapshot{};
  base::Offset cut;
  int stream_db = -1;  // selected in the stream at the cut; -1 = none
  SnapshotKind kind;
  std::vector<ReplicaId> members;
};
// Nobody wants the snapshot any more.
struct CancelSnapshot {
  SnapshotId snapshot{};
};
// From now on write what Stream(replica) yields.
struct StartStreaming {
  ReplicaId replica{};
};
// Read the next piece from disk, from here on, and send it.
struct ReadDisk {
  ReplicaId replica{};
  base::Offset from;
};
struct DropReplica {
  ReplicaId replica{};
  std::string reason;
};
// Some replica acknowledged more: WAITs may be satisfied.
struct Acknowledged {};
// A fact for the log.
struct PrimaryNote {
  std::string text;
};
using PrimaryAction = std::variant<SendLine, BeginSnapshot, CancelSnapshot, StartStreaming,
                                   ReadDisk, DropReplica, Acknowledged, PrimaryNote>;
using PrimaryActions = std::vector<PrimaryAction>;

}  // namespace quorate::replication::core
