// The logical databases of one server (SELECT 0..n-1), and what concerns all of them.
#pragma once

#include <cstddef>
#include <vector>

#include "server/store/hash.h"
#include "server/store/keyspace.h"

namespace quorate::server::store {

inline constexpr size_t kDefaultDatabases = 16;

class Databases {
 public:
  // `hasher` must outlive the databases. A second Databases with the same hasher can be filled
  // aside and swapped in.
  explicit Databases(const Hasher& hasher, size_t count = kDefaultDatabases);

  size_t count() const { return keyspaces_.size(); }
  // Precondition: index < count().
  Keyspace& operator[](size_t index) { return keyspaces_[index]; }
  const Keyspace& operator[](size_t index) const { return keyspaces_[index]; }
  const Hasher& hasher() const { return *hasher_; }

  // SWAPDB. Precondition: both < count().
  void SwapDatabases(size_t a, size_t b) { keyspaces_[a].Swap(keyspaces_[b]); }
  // FLUSHALL: empties all; the contents that were not empty are returned, so that they can be freed
  // elsewhere.
  [[nodiscard]] std::vector<Keyspace::Content> Clear();
  // Exchanges everything. Precondition: same hasher and count.
  void Swap(Databases& other);

  size_t TotalKeys() const;
  size_t TotalExpires() const;
  size_t MemoryBytes() const;

 private:
  const Hasher* hasher_;
  std::vector<Keyspace> keyspaces_;
};

}  // namespace quorate::server::store
