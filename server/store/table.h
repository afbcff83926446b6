// The index of a keyspace: extendible hashing over fixed-size segments of buckets with one-byte
// fingerprints. It holds pointers to records and owns the segments, not the records. Growth splits
// one segment, shrinking merges two; the whole table is never rehashed (doubling the directory
// copies pointers to segments, nothing else).
//
// Where a record is: the leading hash bits choose the segment, the low 32 bits its home bucket
// (independent of the segment's depth), the low 8 bits the fingerprint. It lies in its home, or as
// a guest in the next bucket, or in the segment's stash; the home counts those that are elsewhere,
// so most lookups touch one bucket.
//
// Invariants
//  1. Every directory entry points to a segment; one of depth d fills 2^(global depth - d)
//     consecutive entries, aligned to that number.
//  2. A record's hash starts with its segment's prefix; its bucket is its home, the home's
//     successor (guest bit set) or a stash bucket. `away` and `stashed` of the home count the
//     last two kinds exactly.
//  3. Splits and merges keep every record's home bucket.
//  4. Bucket::version never falls, and every change of a bucket's records or of which records
//     are in it goes through WillWrite first.
//
// Scan guarantee: a cursor is a place in the order (hash prefix, home bucket). A record that is in
// the table from the start of a scan to its end is returned at least once, whatever is inserted,
// erased, split or merged meanwhile. Invariant 3 is why: the buckets that a cursor has passed in a
// segment are passed in its halves too. A merge adds hashes that are not passed; so the cursor
// carries the depth at which its pass began, and the rest of the union gets a pass of its own.
//
// Sweep: BeginSweep freezes an instant. From then on each bucket's records are handed to the hook
// exactly once, either by SweepSome or before the bucket's first change, so the hook sees the
// content of that instant. No merges happen meanwhile. A sweep goes with its table when that is
// moved.
//
// One thread at a time. Hooks and visitors must not change the table unless they say so.
#pragma once

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

#include "server/store/bucket.h"
#include "server/store/hash.h"
#include "server/store/record.h"
#include "shared/base/random.h"

namespace quorate::server::store {

class Table {
 public:
  // A record's place. Valid until the next Insert or Erase.
  struct Slot {
    Bucket* bucket = nullptr;
    unsigned index = 0;
    explicit operator bool() const { return bucket != nullptr; }
    Record* record() const { return bucket->Get(index); }
  };
  // The records of one home bucket: own slots, the neighbour's, the stash's.
  struct Group {
    static constexpr size_t kMax = kSlotsPerBucket * (2 + kStashBuckets);
    std::array<Record*, kMax> records;
    size_t size = 0;
    std::span<Record* const> view() const { return {records.data(), size}; }
  };
  using SweepHook = std::function<void(std::span<Record* const>)>;

  // `hasher` must outlive the table.
  explicit Table(const Hasher& hasher);
  ~Table();
  Table(Table&& other) noexcept;
  Table& operator=(Table&& other) noexcept;

  size_t size() const { return size_; }
  bool empty() const { return size_ == 0; }
  // Bytes of segments and directory.
  size_t MemoryBytes() const;
  // Slots, used or not (for statistics; Redis' HT size).
  size_t Capacity() const { return segment_count_ * kSlotsPerSegment; }

  // Null if absent.
  Record* Find(const Lookup& lookup) const {
    const Slot slot = Locate(lookup);
    return slot ? slot.record() : nullptr;
  }
  Slot Locate(const Lookup& lookup) const;
  // The place of this very record (compares addresses, not keys).
  Slot LocateRecord(const Record* record, uint64_t hash) const;
  // Start loading what Locate will read first: the bucket; then, called later, the record.
  void Prefetch(uint64_t hash) const {
    const char* bucket = reinterpret_cast<const char*>(&SegmentOf(hash)->buckets[HomeOf(hash)]);
    FetchLine(bucket);
    FetchLine(bucket + 64);
  }
  void PrefetchRecord(uint64_t hash) const {
    const Bucket& bucket = SegmentOf(hash)->buckets[HomeOf(hash)];
    const unsigned match = bucket.Match(FingerprintOf(hash));
    if (match == 0) return;
    const char* record =
        reinterpret_cast<const char*>(bucket.Get(static_cast<unsigned>(std::countr_zero(match))));
    FetchLine(record);
    FetchLine(record + 64);
  }

  // Precondition: the table has no record with this key.
  void Insert(Record* record, uint64_t hash);
  // Takes the record out (the caller frees it). Precondition: `slot` is valid and `hash` the hash
  // of its record.
  Record* Erase(Slot slot, uint64_t hash);
  // The record moved or was exchanged for another with the same key. Counts as a change of the
  // bucket.
  void Replace(Slot slot, Record* record) {
    WillWrite(slot);
    slot.bucket->SetPointer(slot.index, record);
  }
  // To be called before a record is changed in place.
  void WillWrite(Slot slot) { WillWrite(*slot.bucket); }

  // The records of the home bucket at `cursor`, and the next cursor; 0 starts, and 0 returned means
  // the end. Any number is a valid cursor.
  uint64_t Visit(uint64_t cursor, Group& group) const;
  // Calls visitor(Record*) for all records. The table must not change meanwhile.
  template <typename Visitor>
  void ForEach(Visitor&& visitor) const;

  // A uniformly random record, null if empty.
  Record* RandomRecord(base::Random& random) const;
  // Up to `count` records that lie together at a random place: cheaper than RandomRecord, less
  // even. For sampling.
  size_t Sample(base::Random& random, std::span<Record*> out) const;

  // See "Sweep" above. At most one at a time. SweepSome handles up to `max_buckets` buckets; false
  // when all are done.
  void BeginSweep(SweepHook hook);
  bool SweepSome(size_t max_buckets);
  void EndSweep();
  bool sweeping() const { return sweep_cut_ != 0; }

  // Verifies the invariants; for tests.
  void CheckInvariants() const;

 private:
  static constexpr unsigned kMaxDepth = 32;
  static constexpr unsigned kMergeAtMost = kSlotsPerSegment * 2 / 5;

  static unsigned HomeOf(uint64_t hash) {
    return static_cast<unsigned>((hash & 0xffffffff) * kHomeBuckets >> 32);
  }
  static uint8_t FingerprintOf(uint64_t hash) { return static_cast<uint8_t>(hash); }
  static unsigned Next(unsigned home) { return home + 1 == kHomeBuckets ? 0 : home + 1; }
  static unsigned Previous(unsigned home) { return home == 0 ? kHomeBuckets - 1 : home - 1; }

  size_t DirectoryIndex(uint64_t hash) const { return hash >> 1 >> (63 - depth_); }
  Segment* SegmentOf(uint64_t hash) const { return directory_[DirectoryIndex(hash)]; }

  void WillWrite(Bucket& bucket) {
    if (bucket.version < sweep_cut_) [[unlikely]]
      SweepBucket(bucket);
    bucket.version = ++version_;
  }
  void SweepBucket(Bucket& bucket);

  Segment* NewSegment(unsigned depth);
  void FreeSegment(Segment* segment);
  bool Place(Segment& segment, Record* record, unsigned home, uint8_t fingerprint);
  bool PlaceInStash(Segment& segment, Record* record, unsigned home, uint8_t fingerprint);
  bool MoveNativeOn(Segment& segment, unsigned bucket);
  bool MoveGuestHome(Segment& segment, unsigned bucket);
  void Split(uint64_t hash);
  void Settle(Segment& segment);
  void TryMerge(uint64_t hash);
  bool CopyInto(Segment& target, const Segment& source);
  void Gather(const Segment& segment, unsigned home, Group& group) const;
  const Segment* RandomSegment(base::Random& random) const;
  void CheckSegment(const Segment& segment, size_t index) const;
  void DoubleDirectory();
  void HalveDirectory();

  const Hasher* hasher_;
  std::vector<Segment*> directory_;
  unsigned depth_ = 0;
  size_t size_ = 0;
  size_t segment_count_ = 0;
  std::array<uint32_t, kMaxDepth + 1> segments_at_depth_{};
  uint64_t version_ = 0;
  uint64_t sweep_cut_ = 0;
  uint64_t sweep_prefix_ = 0;
  unsigned sweep_bucket_ = 0;
  bool sweep_done_ = true;
  SweepHook sweep_hook_;
};

template <typename Visitor>
void Table::ForEach(Visitor&& visitor) const {
  if (segment_count_ == 0) return;
  for (size_t i = 0; i < directory_.size(); i += size_t{1} << (depth_ - directory_[i]->depth))
    for (const Bucket& bucket : directory_[i]->buckets)
      for (unsigned bits = bucket.used; bits != 0; bits &= bits - 1)
        visitor(bucket.Get(static_cast<unsigned>(std::countr_zero(bits))));
}

}  // namespace quorate::server::store
