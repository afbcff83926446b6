#include "server/store/databases.h"

#include "shared/base/check.h"

namespace quorate::server::store {

Databases::Databases(const Hasher& hasher, size_t count) : hasher_(&hasher) {
  keyspaces_.reserve(count);
  for (size_t i = 0; i < count; ++i) keyspaces_.emplace_back(hasher);
}

std::vector<Keyspace::Content> Databases::Clear() {
  std::vector<Keyspace::Content> contents;
  for (Keyspace& keyspace : keyspaces_)
    if (keyspace.size() != 0) contents.push_back(keyspace.Clear());
  return contents;
}

void Databases::Swap(Databases& other) {
  CHECK(hasher_ == other.hasher_ && count() == other.count());
  keyspaces_.swap(other.keyspaces_);
}

size_t Databases::TotalKeys() const {
  size_t total = 0;
  for (const Keyspace& keyspace : keyspaces_) total += keyspace.size();
  return total;
}

size_t Databases::TotalExpires() const {
  size_t total = 0;
  for (const Keyspace& keyspace : keyspaces_) total += keyspace.expires_size();
  return total;
}

size_t Databases::MemoryBytes() const {
  size_t total = 0;
  for (const Keyspace& keyspace : keyspaces_) total += keyspace.MemoryBytes();
  return total;
}

}  // namespace quorate::server::store
