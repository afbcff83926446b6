#include "replication/runtime/replica_feeder.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <span>
#include <utility>

#include "shared/base/check.h"

namespace quorate::replication::runtime {
namespace {

// Slices of one writev.
constexpr size_t kMaxSlices = 64;
// A replica gets at most about this much of a snapshot in one turn, so that the others and the
// clients have theirs; then it waits for the next OnWritable.
constexpr size_t kSnapshotBytesPerTurn = 512 * 1024;

constexpr base::Duration kKeepAlivePeriod = std::chrono::seconds(1);

size_t TotalSize(std::span<const std::string_view> slices) {
  size_t total = 0;
  for (const std::string_view slice : slices) total += slice.size();
  return total;
}

}  // namespace

void ReplicaFeeder::SendLine(core::ReplicaId replica, std::string_view bytes) {
  outlets_[replica].lines.Append(bytes);
}

void ReplicaFeeder::BeginTransfer(const core::BeginSnapshot& begin,
                                  std::unique_ptr<SnapshotProducer> producer, std::string mark) {
  auto transfer = std::make_unique<SnapshotTransfer>(begin, std::move(producer), std::move(mark));
  for (const core::ReplicaId member : begin.members) outlets_[member].transfer = transfer.get();
  transfers_.push_back(std::move(transfer));
}

void ReplicaFeeder::CancelTransfer(core::SnapshotId snapshot) {
  for (auto& [replica, outlet] : outlets_) {
    if (outlet.transfer != nullptr && outlet.transfer->id() == snapshot) outlet.transfer = nullptr;
  }
  std::erase_if(transfers_, [&](const auto& transfer) { return transfer->id() == snapshot; });
}

void ReplicaFeeder::SendPiece(core::ReplicaId replica, std::string_view bytes) {
  outlets_[replica].piece.Append(bytes);
}

void ReplicaFeeder::StartStream(core::ReplicaId replica) { outlets_[replica].streaming = true; }

void ReplicaFeeder::Forget(core::ReplicaId replica) {
  const auto outlet = outlets_.find(replica);
  if (outlet == outlets_.end()) return;
  if (outlet->second.transfer != nullptr) outlet->second.transfer->RemoveMember(replica);
  outlets_.erase(outlet);
  DropEmptyTransfers();
}

void ReplicaFeeder::DropEmptyTransfers() {
  std::erase_if(transfers_, [](const auto& transfer) { return transfer->empty(); });
}

void ReplicaFeeder::CheckInvariants() const {
  CHECK(std::ranges::count_if(transfers_, [](const auto& t) { return !t->produced(); }) <= 1);
  for (const auto& [replica, outlet] : outlets_) {
    const SnapshotTransfer* transfer = outlet.transfer;
    if (transfer == nullptr) continue;
    CHECK(std::ranges::any_of(transfers_, [&](const auto& t) { return t.get() == transfer; }));
    CHECK(!outlet.streaming);
  }
}

uint64_t ReplicaFeeder::SpoolBytes() const {
  uint64_t total = 0;
  for (const auto& transfer : transfers_) total += transfer->SpoolBytes();
  return total;
}

void ReplicaFeeder::OnWritable(base::Instant now, core::ReplicaId replica) {
  now_ = now;
  const auto outlet = outlets_.find(replica);
  if (outlet == outlets_.end()) return;
  outlet->second.blocked = false;
  Pump(replica, outlet->second);
}

void ReplicaFeeder::Flush(base::Instant now) {
  now_ = now;
  for (auto& [replica, outlet] : outlets_) {
    Pump(replica, outlet);
    primary_.NoteSnapshotLag(replica, outlet.transfer ? outlet.transfer->Lag(replica) : 0);
  }
  DropEmptyTransfers();
}

void ReplicaFeeder::Pump(core::ReplicaId replica, Outlet& outlet) {
  if (outlet.blocked) return;
  if (!WriteLines(replica, outlet) || !WriteSnapshot(replica, outlet)) return;
  if (!WritePiece(replica, outlet)) return;
  if (outlet.streaming) WriteStream(replica, outlet);
}

size_t ReplicaFeeder::Write(core::ReplicaId replica, Outlet& outlet,
                            std::span<const std::string_view> slices) {
  const size_t written = links_.TryWrite(replica, slices);
  if (written != 0) primary_.NoteSnapshotProgress(now_, replica);
  if (written < TotalSize(slices)) {
    outlet.blocked = true;
    links_.NotifyWritable(replica);
  }
  return written;
}

bool ReplicaFeeder::WriteLines(core::ReplicaId replica, Outlet& outlet) {
  if (outlet.lines.empty()) return true;
  const std::string_view lines = outlet.lines.view();
  outlet.lines.Consume(Write(replica, outlet, {&lines, 1}));
  return outlet.lines.empty();
}

bool ReplicaFeeder::WriteSnapshot(core::ReplicaId replica, Outlet& outlet) {
  if (outlet.transfer == nullptr) return true;
  SnapshotTransfer& transfer = *outlet.transfer;
  const bool was_produced = transfer.produced();
  std::array<std::string_view, kMaxSlices> slices;
  size_t total = 0;
  while (true) {
    const size_t count = transfer.Peek(replica, slices);
    if (count == 0) {
      if (!transfer.produced()) KeepAlive(replica, outlet);
      break;
    }
    const size_t written = Write(replica, outlet, std::span(slices).first(count));
    transfer.Advance(replica, written);
    total += written;
    if (!outlet.blocked && total >= kSnapshotBytesPerTurn) {
      outlet.blocked = true;
      links_.NotifyWritable(replica);
    }
    if (outlet.blocked) break;
  }
  if (!was_produced && transfer.produced()) {
    events_.emplace_back(core::SnapshotProduced{transfer.id()});
  }
  if (!transfer.Delivered(replica)) return false;
  transfer.RemoveMember(replica);
  outlet.transfer = nullptr;
  events_.emplace_back(core::SnapshotDelivered{replica});
  return !outlet.blocked;
}

bool ReplicaFeeder::WritePiece(core::ReplicaId replica, Outlet& outlet) {
  if (outlet.piece.empty()) return true;
  const std::string_view piece = outlet.piece.view();
  outlet.piece.Consume(Write(replica, outlet, {&piece, 1}));
  if (!outlet.piece.empty()) return false;
  outlet.piece.Free();
  events_.emplace_back(core::DiskSent{replica});
  return true;
}

void ReplicaFeeder::KeepAlive(core::ReplicaId replica, Outlet& outlet) {
  primary_.NoteSnapshotProgress(now_, replica);
  if (!outlet.transfer->AwaitsLength() || now_ < outlet.kept_alive + kKeepAlivePeriod) return;
  outlet.kept_alive = now_;
  constexpr std::string_view kNewline = "\n";
  Write(replica, outlet, {&kNewline, 1});
}

void ReplicaFeeder::WriteStream(core::ReplicaId replica, Outlet& outlet) {
  core::Backlog::Cursor* cursor = primary_.Stream(replica);
  if (cursor == nullptr) return;
  std::array<std::string_view, kMaxSlices> slices;
  while (!outlet.blocked) {
    const size_t count = cursor->Peek(slices);
    if (count == 0) return;
    cursor->Advance(Write(replica, outlet, std::span(slices).first(count)));
  }
}

}  // namespace quorate::replication::runtime
