// Walks over the table: scan cursors, random records, samples, the sweep, and the check of the
// invariants.
#include <algorithm>

#include "server/store/table.h"
#include "shared/base/check.h"

namespace quorate::server::store {

namespace {

// A cursor: the place in hash-prefix order (32 bits, left-aligned), then the bucket.
constexpr unsigned kBucketBits = 7;
constexpr unsigned kPrefixBits = 32;
static_assert(kBucketsPerSegment <= 1 << kBucketBits);

unsigned BucketOf(uint64_t cursor) { return cursor & ((1u << kBucketBits) - 1); }
uint64_t PrefixOf(uint64_t cursor) { return cursor >> kBucketBits; }

// The cursor of the first bucket behind the segment at directory index `index`; 0 behind the last.
uint64_t BehindSegment(const std::vector<Segment*>& directory, unsigned depth, size_t index) {
  const size_t span = size_t{1} << (depth - directory[index]->depth);
  const size_t end = (index & ~(span - 1)) + span;
  if (end == directory.size()) return 0;
  return uint64_t{end} << (kPrefixBits - depth) << kBucketBits;
}

Record* NthRecord(const Segment& segment, size_t n) {
  for (const Bucket& bucket : segment.buckets) {
    const size_t used = static_cast<size_t>(std::popcount(bucket.used));
    if (n >= used) {
      n -= used;
      continue;
    }
    unsigned bits = bucket.used;
    while (n-- > 0) bits &= bits - 1;
    return bucket.Get(static_cast<unsigned>(std::countr_zero(bits)));
  }
  return nullptr;
}

}  // namespace

uint64_t Table::Visit(uint64_t cursor, Group& group) const {
  group.size = 0;
  const uint64_t prefix = PrefixOf(cursor);
  if (prefix >> kPrefixBits != 0) return 0;
  const size_t index = prefix >> (kPrefixBits - depth_);
  const Segment& segment = *directory_[index];
  const unsigned home = BucketOf(cursor);
  if (home < kHomeBuckets) Gather(segment, home, group);
  // An empty segment is passed in one step.
  if (home + 1 < kHomeBuckets && segment.count != 0) return cursor + 1;
  return BehindSegment(directory_, depth_, index);
}

void Table::Gather(const Segment& segment, unsigned home, Group& group) const {
  const auto add = [&](const Bucket& bucket, unsigned bits) {
    for (; bits != 0; bits &= bits - 1)
      group.records[group.size++] = bucket.Get(static_cast<unsigned>(std::countr_zero(bits)));
  };
  const Bucket& own = segment.buckets[home];
  const Bucket& neighbour = segment.buckets[Next(home)];
  add(own, own.used & ~unsigned{own.guests});
  if (own.away != 0) add(neighbour, neighbour.guests);
  if (own.stashed == 0) return;
  for (unsigned i = kHomeBuckets; i < kBucketsPerSegment; ++i) {
    const Bucket& stash = segment.buckets[i];
    for (unsigned bits = stash.used; bits != 0; bits &= bits - 1) {
      Record* record = stash.Get(static_cast<unsigned>(std::countr_zero(bits)));
      if (HomeOf(hasher_->Hash(record->key())) == home) group.records[group.size++] = record;
    }
  }
}

const Segment* Table::RandomSegment(base::Random& random) const {
  for (;;) {
    const size_t index = random.Below(directory_.size());
    const Segment* segment = directory_[index];
    // Only the first entry of each segment counts, or shallow segments would be drawn more often.
    const size_t span = size_t{1} << (depth_ - segment->depth);
    if ((index & (span - 1)) == 0) return segment;
  }
}

Record* Table::RandomRecord(base::Random& random) const {
  if (size_ == 0) return nullptr;
  // Any slot of any segment, until it is a used one: even, and quick when the table is not sparse.
  constexpr int kTries = 64;
  for (int i = 0; i < kTries; ++i) {
    const Bucket& bucket = RandomSegment(random)->buckets[random.Below(kBucketsPerSegment)];
    const unsigned slot = static_cast<unsigned>(random.Below(kSlotsPerBucket));
    if ((bucket.used >> slot & 1) != 0) return bucket.Get(slot);
  }
  const Segment* segment = RandomSegment(random);
  while (segment->count == 0) segment = RandomSegment(random);
  return NthRecord(*segment, random.Below(segment->count));
}

size_t Table::Sample(base::Random& random, std::span<Record*> out) const {
  if (size_ == 0 || out.empty()) return 0;
  const Segment* segment = RandomSegment(random);
  while (segment->count == 0) segment = RandomSegment(random);
  const size_t wanted = std::min<size_t>(out.size(), segment->count);
  size_t found = 0;
  unsigned index = static_cast<unsigned>(random.Below(kBucketsPerSegment));
  // From a random slot on, so that the end of a bucket is sampled as often as its start.
  const int rotation = static_cast<int>(random.Below(kSlotsPerBucket));
  for (unsigned visited = 0; visited < kBucketsPerSegment && found < wanted; ++visited) {
    const Bucket& bucket = segment->buckets[index];
    unsigned bits = std::rotl(bucket.used, rotation);
    for (; bits != 0 && found < wanted; bits &= bits - 1) {
      const unsigned turned = static_cast<unsigned>(std::countr_zero(bits));
      out[found++] = bucket.Get((turned - static_cast<unsigned>(rotation)) % kSlotsPerBucket);
    }
    index = index + 1 == kBucketsPerSegment ? 0 : index + 1;
  }
  return found;
}

// ---- the sweep

void Table::BeginSweep(SweepHook hook) {
  CHECK(sweep_cut_ == 0);
  sweep_hook_ = std::move(hook);
  sweep_cut_ = version_ + 1;
  sweep_cursor_ = 0;
  sweep_done_ = segment_count_ == 0;
}

void Table::SweepBucket(Bucket& bucket) {
  Group group;
  for (unsigned bits = bucket.used; bits != 0; bits &= bits - 1)
    group.records[group.size++] = bucket.Get(static_cast<unsigned>(std::countr_zero(bits)));
  if (group.size != 0) sweep_hook_(group.view());
  bucket.version = ++version_;
}

bool Table::SweepSome(size_t max_buckets) {
  CHECK(sweep_cut_ != 0);
  for (; max_buckets > 0 && !sweep_done_; --max_buckets) {
    const size_t index = PrefixOf(sweep_cursor_) >> (kPrefixBits - depth_);
    Bucket& bucket = directory_[index]->buckets[BucketOf(sweep_cursor_)];
    if (bucket.version < sweep_cut_) SweepBucket(bucket);
    if (BucketOf(sweep_cursor_) + 1 < kBucketsPerSegment) {
      ++sweep_cursor_;
      continue;
    }
    sweep_cursor_ = BehindSegment(directory_, depth_, index);
    sweep_done_ = sweep_cursor_ == 0;
  }
  return !sweep_done_;
}

void Table::EndSweep() {
  sweep_cut_ = 0;
  sweep_hook_ = nullptr;
}

// ---- the invariants

void Table::CheckInvariants() const {
  CHECK(directory_.size() == size_t{1} << depth_);
  size_t total = 0;
  size_t segments = 0;
  if (segment_count_ == 0) {
    CHECK(depth_ == 0 && size_ == 0);
    return;
  }
  for (size_t i = 0; i < directory_.size(); ++segments) {
    const Segment& segment = *directory_[i];
    CHECK(segment.depth <= depth_);
    const size_t span = size_t{1} << (depth_ - segment.depth);
    CHECK((i & (span - 1)) == 0);
    for (size_t j = 0; j < span; ++j) CHECK(directory_[i + j] == &segment);
    CheckSegment(segment, i);
    total += segment.count;
    i += span;
  }
  CHECK(total == size_);
  CHECK(segments == segment_count_);
}

void Table::CheckSegment(const Segment& segment, size_t index) const {
  std::array<unsigned, kHomeBuckets> away{};
  std::array<unsigned, kHomeBuckets> stashed{};
  size_t count = 0;
  for (unsigned i = 0; i < kBucketsPerSegment; ++i) {
    const Bucket& bucket = segment.buckets[i];
    CHECK((bucket.guests & ~unsigned{bucket.used}) == 0);
    CHECK(bucket.version <= version_);
    for (unsigned bits = bucket.used; bits != 0; bits &= bits - 1, ++count) {
      const unsigned slot = static_cast<unsigned>(std::countr_zero(bits));
      const uint64_t hash = hasher_->Hash(bucket.Get(slot)->key());
      const bool guest = (bucket.guests >> slot & 1) != 0;
      const unsigned home = HomeOf(hash);
      CHECK(directory_[DirectoryIndex(hash)] == directory_[index]);
      CHECK(bucket.fingerprints[slot] == FingerprintOf(hash));
      if (i >= kHomeBuckets) {
        CHECK(!guest);
        ++stashed[home];
      } else {
        CHECK(i == (guest ? Next(home) : home));
        away[home] += guest;
      }
    }
  }
  CHECK(count == segment.count);
  for (unsigned i = 0; i < kHomeBuckets; ++i) {
    CHECK(segment.buckets[i].away == away[i]);
    CHECK(segment.buckets[i].stashed == stashed[i]);
  }
}

}  // namespace quorate::server::store
