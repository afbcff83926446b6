// Growth and shrinking of the table: splitting and merging segments, and the directory that
// follows.
#include <algorithm>
#include <cstdlib>

#include "server/store/table.h"
#include "shared/base/check.h"

namespace quorate::server::store {

namespace {

template <typename Function>
void ForEachBit(unsigned bits, Function function) {
  for (; bits != 0; bits &= bits - 1) function(static_cast<unsigned>(std::countr_zero(bits)));
}

}  // namespace

// Gives the records whose next hash bit is 1 to a new segment, each to the same bucket and slot
// that it had: this cannot fail, and versions are inherited, so a sweep under way is not disturbed.
void Table::Split(uint64_t hash) {
  Segment& low = *SegmentOf(hash);
  // Keys with 32 equal hash bits by the hundred: cannot happen while the secret is one.
  CHECK(low.depth < kMaxDepth);
  if (low.depth == depth_) DoubleDirectory();
  const size_t span = size_t{1} << (depth_ - low.depth);
  const size_t first = DirectoryIndex(hash) & ~(span - 1);

  --segments_at_depth_[low.depth];
  ++low.depth;
  ++segments_at_depth_[low.depth];
  Segment& high = *NewSegment(low.depth);
  const uint64_t bit = uint64_t{1} << (64 - low.depth);

  low.buckets[0].FetchRecords(1);  // keys
  for (unsigned i = 0; i < kBucketsPerSegment; ++i) {
    Bucket& from = low.buckets[i];
    Bucket& to = high.buckets[i];
    if (i + 1 < kBucketsPerSegment) low.buckets[i + 1].FetchRecords(1);
    to.version = from.version;
    ForEachBit(from.used, [&](unsigned slot) {
      Record* record = from.Get(slot);
      const uint64_t record_hash = hasher_->Hash(record->key());
      if ((record_hash & bit) == 0) return;
      const bool guest = (from.guests >> slot & 1) != 0;
      const unsigned home = HomeOf(record_hash);
      if (guest) {
        --low.buckets[home].away;
        ++high.buckets[home].away;
      } else if (i >= kHomeBuckets) {
        --low.buckets[home].stashed;
        ++high.buckets[home].stashed;
      }
      to.Put(slot, record, from.fingerprints[slot], guest);
      from.Remove(slot);
      --low.count;
      ++high.count;
    });
  }
  std::fill_n(directory_.begin() + static_cast<std::ptrdiff_t>(first + span / 2), span / 2, &high);
  Settle(low);
  Settle(high);
}

// After a split there is room: what lay in the stash or with a neighbour moves towards its home.
void Table::Settle(Segment& segment) {
  for (unsigned i = 0; i < kHomeBuckets; ++i)
    while (segment.buckets[i].guests != 0 && MoveGuestHome(segment, i)) {
    }
  for (unsigned i = kHomeBuckets; i < kBucketsPerSegment; ++i) {
    Bucket& stash = segment.buckets[i];
    ForEachBit(stash.used, [&](unsigned slot) {
      Record* record = stash.Get(slot);
      const uint64_t hash = hasher_->Hash(record->key());
      const unsigned home = HomeOf(hash);
      if (segment.buckets[home].full() && segment.buckets[Next(home)].full()) return;
      WillWrite(stash);
      stash.Remove(slot);
      --segment.buckets[home].stashed;
      --segment.count;
      CHECK(Place(segment, record, home, FingerprintOf(hash)));
    });
  }
}

// Unites the segment of `hash` with its buddy if both are of the same depth and together well below
// the point of the next split. Not during a sweep: swept and unswept buckets would mix.
void Table::TryMerge(uint64_t hash) {
  Segment* segment = SegmentOf(hash);
  if (segment->depth == 0 || sweep_cut_ != 0) return;
  const size_t span = size_t{1} << (depth_ - segment->depth);
  const size_t mine = DirectoryIndex(hash) & ~(span - 1);
  Segment* buddy = directory_[mine ^ span];
  if (buddy->depth != segment->depth || segment->count + buddy->count > kMergeAtMost) return;

  Segment* united = NewSegment(segment->depth - 1u);
  if (!CopyInto(*united, *segment) || !CopyInto(*united, *buddy)) {
    FreeSegment(united);
    return;
  }
  const size_t first = mine & ~span;
  std::fill_n(directory_.begin() + static_cast<std::ptrdiff_t>(first), 2 * span, united);
  FreeSegment(segment);
  FreeSegment(buddy);
  HalveDirectory();
}

bool Table::CopyInto(Segment& target, const Segment& source) {
  bool placed = true;
  for (unsigned i = 0; i < kBucketsPerSegment; ++i) {
    const Bucket& bucket = source.buckets[i];
    ForEachBit(bucket.used, [&](unsigned slot) {
      Record* record = bucket.Get(slot);
      const bool guest = (bucket.guests >> slot & 1) != 0;
      const unsigned home = i >= kHomeBuckets ? HomeOf(hasher_->Hash(record->key()))
                            : guest           ? Previous(i)
                                              : i;
      placed = placed && Place(target, record, home, bucket.fingerprints[slot]);
    });
  }
  return placed;
}

void Table::DoubleDirectory() {
  std::vector<Segment*> doubled(directory_.size() * 2);
  for (size_t i = 0; i < doubled.size(); ++i) doubled[i] = directory_[i / 2];
  directory_ = std::move(doubled);
  ++depth_;
}

// As far as no segment needs the last bit.
void Table::HalveDirectory() {
  unsigned depth = depth_;
  while (depth > 0 && segments_at_depth_[depth] == 0) --depth;
  if (depth == depth_) return;
  std::vector<Segment*> halved(size_t{1} << depth);
  for (size_t i = 0; i < halved.size(); ++i) halved[i] = directory_[i << (depth_ - depth)];
  directory_ = std::move(halved);
  depth_ = depth;
}

}  // namespace quorate::server::store
