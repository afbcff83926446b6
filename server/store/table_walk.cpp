// Walks over the table: scan cursors, random records, samples, the sweep, and the check of the
// invariants.
#include <algorithm>

#include "server/store/table.h"
#include "shared/base/check.h"

namespace quorate::server::store {

namespace {

// A cursor: 32 bits of hash prefix (left-aligned), 6 bits of depth, 7 bits of bucket. It says: all
// hashes below the prefix are done, and of those that share `depth` bits with it, the buckets below
// `bucket`.
constexpr unsigned kBucketBits = 7;
constexpr unsigned kDepthBits = 6;
constexpr unsigned kPrefixBits = 32;
static_assert(kBucketsPerSegment <= 1 << kBucketBits);

struct Cursor {
  uint64_t prefix;
  unsigned depth;
  unsigned bucket;

  static Cursor Decode(uint64_t cursor) {
    return {cursor >> (kBucketBits + kDepthBits),
            static_cast<unsigned>(cursor >> kBucketBits) % (1u << kDepthBits),
            static_cast<unsigned>(cursor) % (1u << kBucketBits)};
  }
  uint64_t Encode() const { return ((prefix << kDepthBits) | depth) << kBucketBits | bucket; }
};

// The encoded cursor of the first bucket from `prefix` on; 0 if that is behind the last hash.
uint64_t StartOf(uint64_t prefix) {
  return prefix >> kPrefixBits != 0 ? 0 : Cursor{prefix, 0, 0}.Encode();
}

// The first prefix behind the segment at directory index `index`.
uint64_t PrefixBehind(const std::vector<Segment*>& directory, unsigned depth, size_t index) {
  const size_t span = size_t{1} << (depth - directory[index]->depth);
  return uint64_t{(index & ~(span - 1)) + span} << (kPrefixBits - depth);
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

uint64_t Table::Visit(uint64_t encoded, Group& group) const {
  group.size = 0;
  Cursor cursor = Cursor::Decode(encoded);
  if (cursor.prefix >> kPrefixBits != 0) return 0;
  const size_t index = cursor.prefix >> (kPrefixBits - depth_);
  const Segment& segment = *directory_[index];
  if (segment.count == 0) return StartOf(PrefixBehind(directory_, depth_, index));
  if (cursor.bucket < kHomeBuckets) Gather(segment, cursor.bucket, group);
  // The range of hashes that this pass over the buckets serves: the segment's, or less if it was
  // united with others after the pass began, for of those nothing is done. (A range begins at a
  // multiple of its length.)
  const unsigned alignment =
      cursor.prefix == 0 ? kPrefixBits : static_cast<unsigned>(std::countr_zero(cursor.prefix));
  const unsigned depth = std::max<unsigned>(segment.depth, kPrefixBits - alignment);
  cursor.depth = std::clamp(cursor.depth, depth, kPrefixBits);
  if (++cursor.bucket < kHomeBuckets) return cursor.Encode();
  return StartOf(cursor.prefix + (uint64_t{1} << (kPrefixBits - cursor.depth)));
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
  sweep_prefix_ = 0;
  sweep_bucket_ = 0;
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
    // Segments only split meanwhile; the second half begins behind the first, and what is swept in
    // it is skipped.
    const size_t index = sweep_prefix_ >> (kPrefixBits - depth_);
    Bucket& bucket = directory_[index]->buckets[sweep_bucket_];
    // What the next bucket's hook will read, fetched while this one's is at work.
    if (sweep_bucket_ + 1 < kBucketsPerSegment) (&bucket)[1].FetchRecords(2);
    if (bucket.version < sweep_cut_) SweepBucket(bucket);
    if (++sweep_bucket_ < kBucketsPerSegment) continue;
    sweep_bucket_ = 0;
    sweep_prefix_ = PrefixBehind(directory_, depth_, index);
    sweep_done_ = sweep_prefix_ >> kPrefixBits != 0;
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
