#include "shared/base/address.h"

#include <cstddef>

#include "shared/base/numbers.h"

namespace quorate::base {
namespace {

constexpr size_t kIpv6Groups = 8;
constexpr size_t kMaxGroupDigits = 4;

bool IsIpv6Group(std::string_view text) {
  if (text.empty() || text.size() > kMaxGroupDigits) return false;
  return text.find_first_not_of("0123456789abcdefABCDEF") == std::string_view::npos;
}

// How many of the eight groups the colon-separated `text` stands for; `well_formed` becomes false
// if it is malformed. An IPv4 address counts for two and is allowed as the last.
size_t CountGroups(std::string_view text, bool may_end_in_ipv4, bool& well_formed) {
  if (text.empty()) return 0;
  size_t groups = 0;
  while (true) {
    const size_t colon = text.find(':');
    const std::string_view group = text.substr(0, colon);
    const bool last = colon == std::string_view::npos;
    if (IsIpv6Group(group)) {
      ++groups;
    } else if (last && may_end_in_ipv4 && IsIpv4Literal(group)) {
      groups += 2;
    } else {
      well_formed = false;
    }
    if (last || !well_formed) return groups;
    text.remove_prefix(colon + 1);
  }
}

}  // namespace

bool IsIpv4Literal(std::string_view text) {
  for (int i = 0; i < 4; ++i) {
    const size_t dot = text.find('.');
    if ((dot == std::string_view::npos) != (i == 3)) return false;
    const auto number = ParseUint64(text.substr(0, dot));
    if (!number || *number > 255) return false;
    if (i < 3) text.remove_prefix(dot + 1);
  }
  return true;
}

bool IsIpv6Literal(std::string_view text) {
  bool well_formed = true;
  const size_t gap = text.find("::");
  if (gap == std::string_view::npos)
    return CountGroups(text, true, well_formed) == kIpv6Groups && well_formed;
  const size_t before = CountGroups(text.substr(0, gap), false, well_formed);
  const size_t after = CountGroups(text.substr(gap + 2), true, well_formed);
  return well_formed && before + after < kIpv6Groups;
}

bool IsIpLiteral(std::string_view text) { return IsIpv4Literal(text) || IsIpv6Literal(text); }

}  // namespace quorate::base
