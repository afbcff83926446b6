#include "server/store/table.h"

#include <cstdlib>
#include <new>

#include "shared/base/check.h"

namespace quorate::server::store {

namespace {

// What the directory of a table without segments points to, so that lookups need no special case.
// Never written.
constinit const Segment kNoRecords{};
Segment* NoRecords() { return const_cast<Segment*>(&kNoRecords); }

constexpr unsigned kNone = kSlotsPerBucket;

// The first slot of `bits` that `accept` agrees with, or kNone.
template <typename Accept>
unsigned FirstOf(const Bucket& bucket, unsigned bits, Accept accept) {
  for (; bits != 0; bits &= bits - 1) {
    const unsigned slot = static_cast<unsigned>(std::countr_zero(bits));
    if (accept(bucket.Get(slot))) return slot;
  }
  return kNone;
}

// The one record of this home and fingerprint that `accept` agrees with.
template <typename Accept>
Table::Slot LocateIn(Segment& segment, unsigned home, unsigned next, uint8_t fingerprint,
                     Accept accept) {
  Bucket& own = segment.buckets[home];
  unsigned slot = FirstOf(own, own.Match(fingerprint) & ~unsigned{own.guests}, accept);
  if (slot != kNone) return {&own, slot};
  if (own.away != 0) {
    Bucket& neighbour = segment.buckets[next];
    slot = FirstOf(neighbour, neighbour.Match(fingerprint) & neighbour.guests, accept);
    if (slot != kNone) return {&neighbour, slot};
  }
  if (own.stashed == 0) return {};
  for (unsigned i = kHomeBuckets; i < kBucketsPerSegment; ++i) {
    Bucket& stash = segment.buckets[i];
    slot = FirstOf(stash, stash.Match(fingerprint), accept);
    if (slot != kNone) return {&stash, slot};
  }
  return {};
}

}  // namespace

Table::Table(const Hasher& hasher) : hasher_(&hasher), directory_{NoRecords()} {}

Table::Table(Table&& other) noexcept : Table(*other.hasher_) { *this = std::move(other); }

Table& Table::operator=(Table&& other) noexcept {
  std::swap(hasher_, other.hasher_);
  directory_.swap(other.directory_);
  std::swap(depth_, other.depth_);
  std::swap(size_, other.size_);
  std::swap(segment_count_, other.segment_count_);
  segments_at_depth_.swap(other.segments_at_depth_);
  std::swap(version_, other.version_);
  std::swap(sweep_cut_, other.sweep_cut_);
  std::swap(sweep_prefix_, other.sweep_prefix_);
  std::swap(sweep_bucket_, other.sweep_bucket_);
  std::swap(sweep_done_, other.sweep_done_);
  sweep_hook_.swap(other.sweep_hook_);
  return *this;
}

Table::~Table() {
  if (segment_count_ == 0) return;
  for (size_t i = 0; i < directory_.size();) {
    Segment* segment = directory_[i];
    i += size_t{1} << (depth_ - segment->depth);
    std::free(segment);
  }
}

size_t Table::MemoryBytes() const {
  return segment_count_ * sizeof(Segment) + directory_.capacity() * sizeof(Segment*);
}

Segment* Table::NewSegment(unsigned depth) {
  void* block = std::aligned_alloc(alignof(Segment), sizeof(Segment));
  CHECK(block != nullptr);
  Segment* segment = new (block) Segment{};
  segment->depth = static_cast<uint8_t>(depth);
  ++segment_count_;
  ++segments_at_depth_[depth];
  return segment;
}

void Table::FreeSegment(Segment* segment) {
  --segment_count_;
  --segments_at_depth_[segment->depth];
  std::free(segment);
}

Table::Slot Table::Locate(const Lookup& lookup) const {
  const unsigned home = HomeOf(lookup.hash);
  return LocateIn(*SegmentOf(lookup.hash), home, Next(home), FingerprintOf(lookup.hash),
                  [&](const Record* record) { return record->key() == lookup.key; });
}

Table::Slot Table::LocateRecord(const Record* wanted, uint64_t hash) const {
  const unsigned home = HomeOf(hash);
  return LocateIn(*SegmentOf(hash), home, Next(home), FingerprintOf(hash),
                  [&](const Record* record) { return record == wanted; });
}

void Table::Insert(Record* record, uint64_t hash) {
  if (segment_count_ == 0) directory_[0] = NewSegment(0);
  while (!Place(*SegmentOf(hash), record, HomeOf(hash), FingerprintOf(hash))) Split(hash);
  ++size_;
}

Record* Table::Erase(Slot slot, uint64_t hash) {
  WillWrite(slot);
  Segment& segment = *SegmentOf(hash);
  Bucket& home = segment.buckets[HomeOf(hash)];
  if (slot.bucket >= &segment.buckets[kHomeBuckets]) {
    --home.stashed;
  } else if (slot.bucket != &home) {
    --home.away;
  }
  Record* record = slot.record();
  slot.bucket->Remove(slot.index);
  --segment.count;
  --size_;
  // Not at every step, because it looks at another segment.
  if (segment.count <= kMergeAtMost / 2 && segment.count % 16 == 0) TryMerge(hash);
  return record;
}

// False if the segment has no room; then nothing has changed that matters.
bool Table::Place(Segment& segment, Record* record, unsigned home, uint8_t fingerprint) {
  Bucket& own = segment.buckets[home];
  Bucket& neighbour = segment.buckets[Next(home)];
  if (!own.full() || MoveGuestHome(segment, home)) {
    WillWrite(own);
    own.Put(own.FreeSlot(), record, fingerprint, false);
  } else if (!neighbour.full() || MoveNativeOn(segment, Next(home))) {
    WillWrite(neighbour);
    neighbour.Put(neighbour.FreeSlot(), record, fingerprint, true);
    ++own.away;
  } else if (!PlaceInStash(segment, record, home, fingerprint)) {
    return false;
  }
  ++segment.count;
  return true;
}

bool Table::PlaceInStash(Segment& segment, Record* record, unsigned home, uint8_t fingerprint) {
  for (unsigned i = kHomeBuckets; i < kBucketsPerSegment; ++i) {
    Bucket& stash = segment.buckets[i];
    if (stash.full()) continue;
    WillWrite(stash);
    stash.Put(stash.FreeSlot(), record, fingerprint, false);
    ++segment.buckets[home].stashed;
    return true;
  }
  return false;
}

// Frees a slot of a full bucket by sending one of its guests back to its home. False if impossible.
bool Table::MoveGuestHome(Segment& segment, unsigned bucket) {
  Bucket& from = segment.buckets[bucket];
  Bucket& to = segment.buckets[Previous(bucket)];
  if (from.guests == 0 || to.full()) return false;
  WillWrite(from);
  WillWrite(to);
  const unsigned slot = static_cast<unsigned>(std::countr_zero(from.guests));
  to.Put(to.FreeSlot(), from.Get(slot), from.fingerprints[slot], false);
  from.Remove(slot);
  --to.away;
  return true;
}

// Frees a slot of a full bucket by sending one of its own records to the next bucket. False if
// impossible.
bool Table::MoveNativeOn(Segment& segment, unsigned bucket) {
  Bucket& from = segment.buckets[bucket];
  Bucket& to = segment.buckets[Next(bucket)];
  const unsigned natives = from.used & ~unsigned{from.guests};
  if (natives == 0 || to.full()) return false;
  WillWrite(from);
  WillWrite(to);
  const unsigned slot = static_cast<unsigned>(std::countr_zero(natives));
  to.Put(to.FreeSlot(), from.Get(slot), from.fingerprints[slot], true);
  from.Remove(slot);
  ++from.away;
  return true;
}

}  // namespace quorate::server::store
