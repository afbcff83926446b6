#include "replication/core/unit_marks.h"

#include <algorithm>
#include <iterator>

namespace quorate::replication::core {

void UnitMarks::Add(const UnitStart& unit) {
  if (!marks_.empty() && unit.at - marks_.back().at < kSpacing) return;
  if (marks_.size() == kMarks) marks_.pop_front();
  marks_.push_back(unit);
}

std::optional<UnitStart> UnitMarks::Find(base::Offset oldest, base::Offset offset) const {
  const auto first = std::ranges::lower_bound(marks_, oldest, {}, &UnitStart::at);
  if (first == marks_.end()) return std::nullopt;
  const auto beyond = std::ranges::upper_bound(first, marks_.end(), offset, {}, &UnitStart::at);
  return beyond == first ? *first : *std::prev(beyond);
}

}  // namespace quorate::replication::core
