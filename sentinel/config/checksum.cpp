#include "sentinel/config/checksum.h"

#include <xxhash.h>

#include <array>
#include <cstdio>

namespace quorate::sentinel::config {

std::string Checksum(std::string_view bytes) {
  std::array<char, 17> text{};
  std::snprintf(text.data(), text.size(), "%016llx",
                static_cast<unsigned long long>(XXH3_64bits(bytes.data(), bytes.size())));
  return text.data();
}

}  // namespace quorate::sentinel::config
