#include "replication/core/unit_marks.h"

#include <algorithm>
#include <iterator>

#include "shared/base/check.h"

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

void UnitMarks::CheckInvariants() const {
  CHECK(marks_.size() <= kMarks);
  for (size_t i = 1; i < marks_.size(); ++i) CHECK(marks_[i].at - marks_[i - 1].at >= kSpacing);
}

}  // namespace quorate::replication::core
