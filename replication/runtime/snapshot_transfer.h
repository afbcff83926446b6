// One snapshot on its way to the replicas that share it: pulled from its producer in slices, kept
// as long as the slowest of them needs it, and framed for all of them alike. The length framing
// must announce the size first, so nothing is sent until everything is produced; with the mark no
// more is pulled than the fastest member can send. What a member has not taken is counted with its
// stream against client-output-buffer-limit (Lag).
#pragma once

#include <map>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "replication/core/backlog.h"
#include "replication/core/primary.h"
#include "replication/runtime/ports.h"
#include "shared/base/buffer.h"

namespace quorate::replication::runtime {

class SnapshotTransfer {
 public:
  // `mark`: 40 bytes that end the mark framing.
  SnapshotTransfer(const core::BeginSnapshot& begin, std::unique_ptr<SnapshotProducer> producer,
                   const std::string& mark);

  core::SnapshotId id() const { return id_; }
  // Every byte has come out of the producer.
  bool produced() const { return producer_ == nullptr; }

  // Fills `slices` with what `replica` is to be sent next, pulling from the producer if it has
  // caught up; 0 if there is nothing yet, or nothing any more. Precondition: a member.
  size_t Peek(core::ReplicaId replica, std::span<std::string_view> slices);
  // `n` bytes of those were accepted.
  void Advance(core::ReplicaId replica, size_t n);

  // It has been sent everything.
  bool Delivered(core::ReplicaId replica) const;
  // Its first bytes cannot be known before everything is produced.
  bool AwaitsLength() const { return !produced() && framing_ == core::Framing::kLength; }
  // Bytes that exist and that it has not been sent; with the length framing all that were produced.
  uint64_t Lag(core::ReplicaId replica) const;

  // Memory that keeps what some member has not been sent.
  uint64_t SpoolBytes() const { return spool_.memory() + slice_.capacity(); }

  void RemoveMember(core::ReplicaId replica) { members_.erase(replica); }
  bool empty() const { return members_.empty(); }

 private:
  struct Member {
    std::string head;  // what is left of the header line
    std::string tail;  // what is left of the mark
    core::Backlog::Cursor cursor;
  };

  // False if there was nothing to pull.
  bool Pull();
  void AnnounceLength();

  core::SnapshotId id_;
  core::Framing framing_;
  std::unique_ptr<SnapshotProducer> producer_;
  base::Buffer slice_;
  core::Backlog spool_;  // only as an untrimmed list of shared blocks; offsets count from 0
  std::map<core::ReplicaId, Member> members_;
};

}  // namespace quorate::replication::runtime
