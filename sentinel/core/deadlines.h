// When each group has to be looked at again: an index, so that a step costs what its own groups
// cost, however many there are. It says nothing of why; the rules of the group say that anew
// whenever it is looked at.
//
// Invariant: order_ holds exactly one entry for each of by_group_, with the same time.
#pragma once

#include <map>
#include <set>
#include <string>
#include <utility>

#include "shared/base/time.h"

namespace quorate::sentinel::core {

class Deadlines {
 public:
  Deadlines() = default;
  Deadlines(const Deadlines&) = delete;  // order_ points into by_group_
  Deadlines& operator=(const Deadlines&) = delete;

  // Replaces the one that the group has. Instant::max(): it waits for nothing.
  void Set(const std::string& group, base::Instant when);
  void Forget(const std::string& group);
  // Instant::max() if nobody waits for anything.
  base::Instant earliest() const;
  // Calls `visit` with the name of every group whose time has come.
  template <typename Visit>
  void VisitDue(base::Instant now, Visit visit) const {
    for (const auto& [when, group] : order_) {
      if (when > now) return;
      visit(*group);
    }
  }

 private:
  using Entry = std::pair<base::Instant, const std::string*>;

  std::map<std::string, base::Instant> by_group_;
  std::set<Entry> order_;
};

}  // namespace quorate::sentinel::core
