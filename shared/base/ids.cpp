#include "shared/base/ids.h"

#include "shared/base/hex.h"
#include "shared/base/random.h"

namespace quorate::base {

std::string Endpoint::ToString() const {
  const bool v6 = host.find(':') != std::string::npos;
  return (v6 ? "[" + host + "]" : host) + ":" + std::to_string(port);
}

template <typename Tag>
HexId<Tag> HexId<Tag>::Generate(Random& random) {
  HexId id;
  for (char& digit : id.digits_) digit = kHexDigits[random.Below(16)];
  return id;
}

template <typename Tag>
std::optional<HexId<Tag>> HexId<Tag>::Parse(std::string_view text) {
  if (text.size() != kLength) return std::nullopt;
  HexId id;
  for (size_t i = 0; i < kLength; ++i) {
    char c = text[i];
    if (c >= 'A' && c <= 'F') c = static_cast<char>(c - 'A' + 'a');
    if (!((c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'))) return std::nullopt;
    id.digits_[i] = c;
  }
  return id;
}

template <typename Tag>
bool HexId<Tag>::IsZero() const {
  for (char digit : digits_)
    if (digit != '0') return false;
  return true;
}

template class HexId<RunIdTag>;
template class HexId<ReplicationIdTag>;

}  // namespace quorate::base
