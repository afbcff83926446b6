// Places in a stream from which its bytes can be read as commands: where a unit begins, and which
// database is selected there. They outlive the bytes in memory, for whoever reads them from disk.
// Few enough to keep: one for each kSpacing bytes at most, kMarks in all, the oldest go first.
//
// Invariant: the marks rise, by kSpacing or more.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>

#include "shared/base/ids.h"

namespace quorate::replication::core {

struct UnitStart {
  base::Offset at;
  int db = -1;  // -1 = none selected yet
};

class UnitMarks {
 public:
  static constexpr int64_t kSpacing = 1024 * 1024;
  static constexpr size_t kMarks = 65536;

  // Kept unless it is too near to the last one, or before it.
  void Add(const UnitStart& unit);
  void Clear() { marks_.clear(); }
  // Of the marks at or beyond `oldest`: the last one at or before `offset`, else the first.
  std::optional<UnitStart> Find(base::Offset oldest, base::Offset offset) const;
  size_t size() const { return marks_.size(); }
  // Aborts if the invariant is broken.
  void CheckInvariants() const;

 private:
  std::deque<UnitStart> marks_;
};

}  // namespace quorate::replication::core
