// One snapshot on its way to the replicas that share it: pulled from its producer in slices, kept
// as long as the slowest of them needs it, and framed for each as it asked. The length framing must
// announce the size first, so with such a member everything is produced before its first byte
// leaves; otherwise no more is pulled than the fastest member can send.
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
                   std::string mark);

  core::SnapshotId id() const { return id_; }
  // Every byte has come out of the producer.
  bool produced() const { return producer_ == nullptr; }

  // Fills `slices` with what `replica` is to be sent next, pulling from the producer if it has
  // caught up; 0 when it has been sent everything. Precondition: a member.
  size_t Peek(core::ReplicaId replica, std::span<std::string_view> slices);
  // `n` bytes of those were accepted.
  void Advance(core::ReplicaId replica, size_t n);

  bool IsMember(core::ReplicaId replica) const { return members_.contains(replica); }
  void RemoveMember(core::ReplicaId replica) { members_.erase(replica); }
  bool empty() const { return members_.empty(); }

 private:
  struct Member {
    core::Framing framing = core::Framing::kLength;
    std::string head;  // what is left of the header line
    std::string tail;  // what is left of the mark
    core::Backlog::Cursor cursor;
  };

  void Pull();

  core::SnapshotId id_;
  std::unique_ptr<SnapshotProducer> producer_;
  base::Buffer slice_;
  core::Backlog spool_;  // only as an untrimmed list of shared blocks; offsets count from 0
  std::map<core::ReplicaId, Member> members_;
};

}  // namespace quorate::replication::runtime
