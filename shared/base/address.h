// Telling an IP address from a host name by its text, without asking the operating system: for
// cores, which have no I/O. What counts as an address is what inet_pton() accepts.
#pragma once

#include <string_view>

namespace quorate::base {

// "10.0.0.1": four decimal numbers up to 255 without leading zeros.
bool IsIpv4Literal(std::string_view text);
// RFC 4291's text forms: eight groups of up to four hexadecimal digits, one run of zero groups as
// "::", the last two groups perhaps as an IPv4 address. No brackets, no zone.
bool IsIpv6Literal(std::string_view text);
bool IsIpLiteral(std::string_view text);

}  // namespace quorate::base
