#include "replication/core/ancestry.h"

#include <algorithm>

namespace quorate::replication::core {

std::string EncodeAncestry(const Ancestry& ancestry) {
  std::string out = "OK";
  const size_t count = std::min(ancestry.size(), kLongestAncestry);
  for (size_t i = 0; i < count; ++i) out.append(" ").append(ancestry[i].view());
  return out;
}

std::optional<Ancestry> ParseAncestry(std::string_view line) {
  if (!line.starts_with("OK")) return std::nullopt;
  line.remove_prefix(2);
  Ancestry ancestry;
  while (!line.empty() && ancestry.size() < kLongestAncestry) {
    if (!line.starts_with(' ')) return std::nullopt;
    const std::optional<base::RunId> id = base::RunId::Parse(line.substr(1, base::RunId::kLength));
    if (!id) return std::nullopt;
    ancestry.push_back(*id);
    line.remove_prefix(1 + base::RunId::kLength);
  }
  return ancestry;
}

}  // namespace quorate::replication::core
