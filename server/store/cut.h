// A cut: all databases as they are at one instant, handed out record by record while commands go on
// changing them. No copy is made at the cut; each table is swept in slices (Table, "Sweep"), and a
// bucket that a command is about to change is handed out first. One mechanism for full syncs, SAVE
// and BGSAVE.
//
// Invariants
//   C1  Each key that was there at the cut is emitted exactly once, with the value and expiry of
//       that instant, and under the number its database had then. Keys that came later are not.
//   C2  A bucket's old records are emitted before the first change in it: by SET, DEL, RENAME or
//       MOVE, by expiry, by eviction and by the split of a segment alike, for all of them pass
//       Table::WillWrite.
//   C3  SWAPDB moves a sweep with its table; what FLUSHDB, FLUSHALL or a replaced dataset took out
//       is kept by Retain until it is swept.
//   C4  A slice's cost is bounded by the buckets asked for; the least slice is one bucket, however
//       large the values in it are.
//   C5  Without a cut, a write pays one predictable branch.
//
// Not part of the value: access bits are what they are when the record is emitted. At most one cut
// at a time. Thread rule: the engine's thread.
#pragma once

#include <cstddef>
#include <functional>
#include <span>
#include <vector>

#include "server/store/databases.h"

namespace quorate::server::store {

class Cut {
 public:
  // Called from Sweep and from inside whatever changes a key. It may read the records during the
  // call only, and must not touch the databases.
  using Emit = std::function<void(size_t database, std::span<Record* const> records)>;
  struct Size {
    size_t keys = 0;
    size_t expires = 0;
  };

  // Precondition: no other cut of these databases. They outlive the cut.
  Cut(Databases& databases, Emit emit);
  ~Cut();
  Cut(const Cut&) = delete;
  Cut& operator=(const Cut&) = delete;

  // Of each database at the instant of the cut.
  const std::vector<Size>& sizes() const { return sizes_; }
  // Handles up to `max_buckets` buckets; false when everything has been emitted.
  bool Sweep(size_t max_buckets);
  // Takes out of `contents` what was taken out of the databases and is not swept yet.
  void Retain(std::vector<Keyspace::Content>& contents);
  // Retained contents that are swept, to be freed elsewhere.
  std::vector<Keyspace::Content> TakeSwept();
  // What is retained takes.
  size_t RetainedBytes() const;
  // Gives up what is not swept yet; returns all that is retained.
  std::vector<Keyspace::Content> End();

 private:
  // A table that is not swept to its end; null if there is none.
  Table* NextUnswept();

  Databases& databases_;
  const Emit emit_;
  std::vector<Size> sizes_;
  std::vector<Keyspace::Content> retained_;
};

}  // namespace quorate::server::store
