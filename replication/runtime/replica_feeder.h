// The writing side of the replicas: for each its lines (+FULLRESYNC, "\n"), then its snapshot or
// what was read from disk for it, then the stream, never out of this order, as fast as its
// connection takes them. What the connection does not take stays where it is (a cursor's position);
// the rest of a replica is not copied.
#pragma once

#include <cstddef>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "replication/core/primary.h"
#include "replication/runtime/ports.h"
#include "replication/runtime/snapshot_transfer.h"
#include "shared/base/buffer.h"
#include "shared/base/time.h"

namespace quorate::replication::runtime {

class ReplicaFeeder {
 public:
  ReplicaFeeder(core::Primary& primary, ReplicaLinks& links) : primary_(primary), links_(links) {}

  void SendLine(core::ReplicaId replica, std::string_view bytes);
  void BeginTransfer(const core::BeginSnapshot& begin, std::unique_ptr<SnapshotProducer> producer,
                     std::string mark);
  void CancelTransfer(core::SnapshotId snapshot);
  // Bytes of the stream from disk, before what StartStream goes on with.
  void SendPiece(core::ReplicaId replica, std::string_view bytes);
  void StartStream(core::ReplicaId replica);
  void Forget(core::ReplicaId replica);

  // The connection takes bytes again.
  void OnWritable(base::Instant now, core::ReplicaId replica);
  // Writes whatever waits and can be written.
  void Flush(base::Instant now);
  // Memory that keeps snapshots which some replica has not been sent yet.
  uint64_t SpoolBytes() const;
  // At most one snapshot is in the making (P4 of core/primary.h); none is pointed to that is gone,
  // and no stream overtakes one.
  void CheckInvariants() const;
  // What came of the writing, for the machine: SnapshotProduced, SnapshotDelivered, DiskSent.
  std::vector<core::PrimaryInput> TakeEvents() { return std::exchange(events_, {}); }

 private:
  struct Outlet {
    base::Buffer lines;
    SnapshotTransfer* transfer = nullptr;
    base::Buffer piece;  // from disk
    bool streaming = false;
    bool blocked = false;  // waits for OnWritable
    base::Instant kept_alive{};
  };

  // Each writes one part; true if it is done and the next part may follow.
  bool WriteLines(core::ReplicaId replica, Outlet& outlet);
  bool WriteSnapshot(core::ReplicaId replica, Outlet& outlet);
  bool WritePiece(core::ReplicaId replica, Outlet& outlet);
  // Whoever waits for a snapshot's length is told every second that it is being made.
  void KeepAlive(core::ReplicaId replica, Outlet& outlet);
  void WriteStream(core::ReplicaId replica, Outlet& outlet);
  void Pump(core::ReplicaId replica, Outlet& outlet);
  size_t Write(core::ReplicaId replica, Outlet& outlet, std::span<const std::string_view> slices);
  void DropEmptyTransfers();

  core::Primary& primary_;
  ReplicaLinks& links_;
  std::map<core::ReplicaId, Outlet> outlets_;
  std::vector<std::unique_ptr<SnapshotTransfer>> transfers_;
  std::vector<core::PrimaryInput> events_;
  base::Instant now_{};  // of the call in progress
};

}  // namespace quorate::replication::runtime
