#include "server/store/hash.h"

#define XXH_INLINE_ALL
#include <xxhash.h>

namespace quorate::server::store {

Hasher::Hasher(base::Random random) {
  static_assert(sizeof(secret_) >= XXH3_SECRET_SIZE_MIN);
  for (uint64_t& word : secret_) word = random.Next();
}

uint64_t Hasher::Hash(std::string_view key) const {
  return XXH3_64bits_withSecret(key.data(), key.size(), secret_.data(), sizeof secret_);
}

}  // namespace quorate::server::store
