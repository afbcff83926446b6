#include "shared/config/catalog.h"

#include "shared/base/check.h"
#include "shared/base/numbers.h"

namespace quorate::config {

Catalog::Catalog(std::vector<DirectiveInfo> infos) : infos_(std::move(infos)) {
  for (size_t i = 0; i < infos_.size(); ++i) {
    CHECK(by_name_.emplace(infos_[i].name, i).second);
    for (const std::string& alias : infos_[i].aliases) CHECK(by_name_.emplace(alias, i).second);
  }
  for (const DirectiveInfo& info : infos_) CHECK(!by_name_.contains(info.group));
}

std::optional<size_t> Catalog::Find(std::string_view name) const {
  const auto found = by_name_.find(base::ToLower(name));
  if (found == by_name_.end()) return std::nullopt;
  return found->second;
}

bool Catalog::IsGroup(std::string_view name) const {
  for (const DirectiveInfo& info : infos_)
    if (!info.group.empty() && info.group == name) return true;
  return false;
}

}  // namespace quorate::config
