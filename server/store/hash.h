// The key hash: XXH3 with a secret drawn at start-up, so that nobody outside can construct
// colliding keys. All databases of a server share one Hasher; a key is hashed once per command and
// the hash travels with it as a Lookup.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

#include "shared/base/random.h"

namespace quorate::server::store {

class Hasher {
 public:
  // Draws the secret from `random`.
  explicit Hasher(base::Random random);

  uint64_t Hash(std::string_view key) const;

 private:
  alignas(64) std::array<uint64_t, 24> secret_;
};

// A key with its hash. Borrows the key's bytes.
struct Lookup {
  std::string_view key;
  uint64_t hash = 0;
};

}  // namespace quorate::server::store
