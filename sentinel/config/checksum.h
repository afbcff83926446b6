// The checksum of durable state on disk: XXH3, 64 bits, as 16 hexadecimal digits. It finds torn and
// damaged files; it is no protection against people.
#pragma once

#include <string>
#include <string_view>

namespace quorate::sentinel::config {

std::string Checksum(std::string_view bytes);

}  // namespace quorate::sentinel::config
