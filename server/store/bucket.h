// The memory of the table: a Bucket is 128 bytes (two cache lines) with 16 slots, a Segment is 79
// buckets. A slot is a one-byte fingerprint and a 48-bit pointer, split in two arrays so that one
// 16-byte comparison finds the candidates and a lookup that misses touches one line. Only Table
// (table.h) reads and writes these; the rules are there.
#pragma once

#include <cstddef>
#include <cstdint>

#ifdef __SSE2__
#include <emmintrin.h>
#endif

#include "shared/base/check.h"

namespace quorate::server::store {

class Record;

// Asks for the cache line at `address`. g++ 12 takes a function that does nothing but prefetch for
// one without effect and drops its calls; the empty asm keeps them.
inline void FetchLine(const void* address) {
  __builtin_prefetch(address);
  asm volatile("");
}

inline constexpr size_t kCacheLine = 64;
inline constexpr unsigned kSlotsPerBucket = 16;
inline constexpr unsigned kHomeBuckets = 75;
inline constexpr unsigned kStashBuckets = 4;
inline constexpr unsigned kBucketsPerSegment = kHomeBuckets + kStashBuckets;
inline constexpr unsigned kSlotsPerSegment = kBucketsPerSegment * kSlotsPerBucket;

struct alignas(128) Bucket {
  uint8_t fingerprints[kSlotsPerBucket];
  uint64_t version;  // the table's change counter when this bucket last changed
  uint16_t used;     // bit i: slot i holds a record
  uint16_t guests;   // bit i: the record in slot i has the previous bucket as its home
  uint8_t away;      // how many records of this home are guests of the next bucket
  uint8_t stashed;   // how many records of this home are in the stash
  uint16_t reserved;
  uint16_t high[kSlotsPerBucket];
  uint32_t low[kSlotsPerBucket];

  // Bits of the used slots with this fingerprint.
  unsigned Match(uint8_t fingerprint) const {
#ifdef __SSE2__
    const __m128i all = _mm_load_si128(reinterpret_cast<const __m128i*>(fingerprints));
    const __m128i equal = _mm_cmpeq_epi8(all, _mm_set1_epi8(static_cast<char>(fingerprint)));
    return static_cast<unsigned>(_mm_movemask_epi8(equal)) & used;
#else
    unsigned bits = 0;
    for (unsigned i = 0; i < kSlotsPerBucket; ++i)
      bits |= static_cast<unsigned>(fingerprints[i] == fingerprint) << i;
    return bits & used;
#endif
  }
  bool full() const { return used == 0xffff; }
  unsigned FreeSlot() const {
    return static_cast<unsigned>(__builtin_ctz(~static_cast<unsigned>(used)));
  }

  Record* Get(unsigned slot) const {
    return reinterpret_cast<Record*>(static_cast<uintptr_t>(high[slot]) << 32 | low[slot]);
  }
  // Asks for the first `lines` lines of every record.
  void FetchRecords(size_t lines) const {
    for (unsigned bits = used; bits != 0; bits &= bits - 1) {
      const Record* const record = Get(static_cast<unsigned>(__builtin_ctz(bits)));
      for (size_t line = 0; line < lines; ++line)
        FetchLine(reinterpret_cast<const char*>(record) + line * kCacheLine);
    }
  }
  void SetPointer(unsigned slot, Record* record) {
    const uintptr_t address = reinterpret_cast<uintptr_t>(record);
    CHECK(address >> 48 == 0);
    low[slot] = static_cast<uint32_t>(address);
    high[slot] = static_cast<uint16_t>(address >> 32);
  }
  void Put(unsigned slot, Record* record, uint8_t fingerprint, bool guest) {
    SetPointer(slot, record);
    fingerprints[slot] = fingerprint;
    used = static_cast<uint16_t>(used | 1u << slot);
    if (guest) guests = static_cast<uint16_t>(guests | 1u << slot);
  }
  void Remove(unsigned slot) {
    used = static_cast<uint16_t>(used & ~(1u << slot));
    guests = static_cast<uint16_t>(guests & ~(1u << slot));
  }
};
static_assert(sizeof(Bucket) == 128);

struct alignas(128) Segment {
  uint32_t count;  // records
  uint8_t depth;   // how many leading hash bits all its records share
  Bucket buckets[kBucketsPerSegment];
};
static_assert(sizeof(Segment) == 10240);  // a size class of jemalloc: nothing is lost to rounding

}  // namespace quorate::server::store
