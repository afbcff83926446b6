#include "replication/runtime/snapshot_transfer.h"

#include <algorithm>
#include <utility>

#include "shared/base/check.h"

namespace quorate::replication::runtime {
namespace {

// Asked of the producer at a time; bounds the time a turn spends on a snapshot.
constexpr size_t kSliceBytes = 256 * 1024;
// Sets the spool's block size (a sixteenth); bytes that every member has sent are kept up to this.
constexpr size_t kSpoolLimit = 1024 * 1024;

}  // namespace

SnapshotTransfer::SnapshotTransfer(const core::BeginSnapshot& begin,
                                   std::unique_ptr<SnapshotProducer> producer,
                                   const std::string& mark)
    : id_(begin.snapshot),
      framing_(begin.kind.framing),
      producer_(std::move(producer)),
      spool_(kSpoolLimit, base::Offset()) {
  for (const core::ReplicaId replica : begin.members) {
    Member& member = members_[replica];
    member.cursor = spool_.AtEnd();
    if (framing_ == core::Framing::kEofMark) {
      member.head = "$EOF:" + mark + "\r\n";
      member.tail = mark;
    }
  }
}

bool SnapshotTransfer::Pull() {
  if (produced()) return false;
  const SnapshotProducer::Progress progress = producer_->Produce(kSliceBytes, slice_);
  const bool pulled = !slice_.empty();
  spool_.Append(slice_.view());
  slice_.Clear();
  if (progress == SnapshotProducer::Progress::kComplete) {
    producer_.reset();
    slice_.Free();
    if (framing_ == core::Framing::kLength) AnnounceLength();
  }
  return pulled;
}

void SnapshotTransfer::AnnounceLength() {
  const std::string header = "$" + std::to_string(spool_.end().bytes()) + "\r\n";
  for (auto& [replica, member] : members_) member.head = header;
}

size_t SnapshotTransfer::Peek(core::ReplicaId replica, std::span<std::string_view> slices) {
  Member& member = members_.at(replica);
  if (framing_ == core::Framing::kLength) {
    while (Pull()) {
    }
    if (!produced()) return 0;
  }
  size_t count = 0;
  if (!member.head.empty()) slices[count++] = member.head;
  while (member.cursor.pending() == 0 && Pull()) {
  }
  count += member.cursor.Peek(slices.subspan(count));
  // The mark comes last: only when no more of the snapshot can follow what fits into the slices.
  if (!produced() || member.tail.empty() || count == slices.size()) return count;
  slices[count++] = member.tail;
  return count;
}

bool SnapshotTransfer::Delivered(core::ReplicaId replica) const {
  const Member& member = members_.at(replica);
  return produced() && member.head.empty() && member.cursor.pending() == 0 && member.tail.empty();
}

uint64_t SnapshotTransfer::Lag(core::ReplicaId replica) const {
  const Member& member = members_.at(replica);
  return member.cursor.pending() + (produced() ? 0 : producer_->WaitingBytes());
}

void SnapshotTransfer::Advance(core::ReplicaId replica, size_t n) {
  Member& member = members_.at(replica);
  const auto take = [&n](std::string& text) {
    const size_t taken = std::min(n, text.size());
    text.erase(0, taken);
    n -= taken;
  };
  take(member.head);
  const size_t sent = std::min<uint64_t>(n, member.cursor.pending());
  member.cursor.Advance(sent);
  n -= sent;
  if (n != 0) take(member.tail);
  CHECK(n == 0);
}

}  // namespace quorate::replication::runtime
