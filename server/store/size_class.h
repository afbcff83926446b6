// The size classes of the allocator that the server runs with (jemalloc: 16-byte steps to 128, then
// four classes per doubling). Rounding requests ourselves tells, without asking the allocator, how
// many bytes a block has, whether a new value fits the old block, and what a record costs; and it
// makes the accounting the same on every machine and run.
#pragma once

#include <bit>
#include <cstddef>

namespace quorate::server::store {

// The smallest class that holds `bytes`. Precondition: bytes > 0.
constexpr size_t SizeClass(size_t bytes) {
  if (bytes <= 8) return 8;
  if (bytes <= 128) return (bytes + 15) & ~size_t{15};
  const size_t spacing = std::bit_floor(bytes - 1) / 4;
  return (bytes + spacing - 1) & ~(spacing - 1);
}

}  // namespace quorate::server::store
