// One snapshot on its way from the keyspace to bytes, without stopping the engine. The engine's
// thread sweeps the cut in slices, between the loop's turns, and only copies records; a worker
// thread encodes, compresses and checksums them, and writes them if they go to a file.
//
//   keyspace --slice, pre-write hook--> batch --worker--> encoded --> write() | ready()
//
// Invariants
//   J1  A slice ends after kSliceTime, kSliceBytes or kSliceBuckets, whichever comes first, give or
//       take one bucket; then the loop serves everybody else, and sleeps if there is nobody: the
//       next slice comes kSlicePause later, so that sweeping takes a third of a core at most and
//       the loop's thread is not one that the kernel makes wait. A bucket has no limit of its own:
//       values are copied whole, by a slice and by the first write to the bucket alike, so a value
//       of 100 MB costs its neighbourhood one copy of 100 MB for each snapshot.
//   J2  One batch at a time is with the worker, so the bytes keep their order.
//   J3  While kAheadBytes or more wait for the worker or the consumer, the sweep rests: a slow
//       consumer slows its own snapshot. The entries that writes push out come in any case; what
//       they may add up to is the consumer's limit.
//   J4  After destruction nothing is called back; a batch that is with the worker is finished
//       there and thrown away.
//
// Thread rule: the loop thread, but for `write`, which runs in the worker.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string_view>
#include <vector>

#include "replication/snapshot/record.h"
#include "replication/snapshot/writer.h"
#include "server/persistence/record_batch.h"
#include "server/persistence/record_form.h"
#include "server/store/cut.h"
#include "shared/base/buffer.h"
#include "shared/base/result.h"
#include "shared/base/time.h"
#include "shared/io/io.h"

namespace quorate::server::persistence {

class SnapshotJob {
 public:
  static constexpr base::Duration kSliceTime = std::chrono::microseconds(500);
  static constexpr base::Duration kSlicePause = std::chrono::milliseconds(1);
  static constexpr size_t kSliceBytes = 512 * 1024;
  static constexpr size_t kSliceBuckets = 512;
  // What the worker is woken for, but for the last.
  static constexpr size_t kBatchBytes = 128 * 1024;
  static constexpr size_t kAheadBytes = 1024 * 1024;

  struct Plan {
    replication::snapshot::Meta meta;
    replication::snapshot::WriterOptions options;
    RecordForm form;
    bool exclude_data = false;
    base::Duration rest_per_record{};  // of the sweep
    // Takes the bytes in order; empty: they are collected in ready().
    std::function<base::Status(std::string_view)> write = {};
    // A batch came back from the worker. Not called from inside a call of the job; may destroy it.
    std::function<void()> on_progress;
  };
  // The cut is made here. Precondition: no other cut of `databases`.
  SnapshotJob(io::Io& io, store::Databases& databases, Plan plan);
  ~SnapshotJob();
  SnapshotJob(const SnapshotJob&) = delete;
  SnapshotJob& operator=(const SnapshotJob&) = delete;

  // The keyspace is still being swept; until then there can be no other cut.
  bool sweeping() const { return cut_ != nullptr; }
  // Every byte is in ready() or was written; or an error ended it.
  bool complete() const { return complete_; }
  // What `write` said.
  const base::Status& status() const { return status_; }
  uint64_t records() const { return records_; }
  // At the cut.
  uint64_t total_records() const { return total_records_; }
  base::Instant begun() const { return begun_; }

  // Encoded bytes that were not taken yet.
  const base::Buffer& ready() const { return ready_; }
  // The first `n` of them were. Goes on sweeping if it had to rest.
  void Consume(size_t n);
  // Everything that exists beside the keyspace and waits for the worker or the consumer.
  size_t WaitingBytes() const { return batch_.bytes() + in_work_ + ready_.size(); }
  // What of it writes have added to what the sweep left waiting, which is bounded by itself.
  size_t PushedOutBytes() const {
    return WaitingBytes() > left_by_sweep_ ? WaitingBytes() - left_by_sweep_ : 0;
  }

  // The most that it has been.
  size_t PeakWaitingBytes() const { return std::max(peak_, WaitingBytes()); }
  // The memory behind all that, with what is retained: it goes when the snapshot does.
  size_t HeldBytes() const;

  // What was taken out of the databases and is not swept yet is kept here.
  void Retain(std::vector<store::Keyspace::Content>& contents);

 private:
  struct Work;

  void OnTurn();
  void SweepSlice();
  void Submit();
  void OnEncoded();
  void GoOnSweeping();
  void EndCut();
  void FreeElsewhere(std::vector<store::Keyspace::Content> contents);

  io::Io& io_;
  const Plan plan_;
  const base::Instant begun_;
  RecordBatch batch_;  // being filled
  std::unique_ptr<store::Cut> cut_;
  std::unique_ptr<io::Timer> timer_;
  // Shared with the worker, which has it alone while `busy_`.
  std::shared_ptr<Work> work_;
  bool busy_ = false;
  bool complete_ = false;
  size_t in_work_ = 0;
  base::Instant next_slice_{};  // not before; the cut does not end before either
  size_t left_by_sweep_ = 0;    // WaitingBytes() after the last slice
  size_t held_by_work_ = 0;     // the storage of its batch
  size_t peak_ = 0;             // of WaitingBytes, seen whenever they are about to fall
  uint64_t records_ = 0;
  uint64_t total_records_ = 0;
  base::Buffer ready_;
  base::Status status_;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

}  // namespace quorate::server::persistence
