// Bytes as lower-case hexadecimal digits.
#pragma once

#include <string>
#include <string_view>

namespace quorate::base {

inline constexpr std::string_view kHexDigits = "0123456789abcdef";

// Appends two digits.
inline void AppendHex(std::string& out, unsigned char byte) {
  out += kHexDigits[byte >> 4];
  out += kHexDigits[byte & 15];
}

// Two digits for each byte.
inline std::string ToHex(std::string_view bytes) {
  std::string hex;
  hex.reserve(2 * bytes.size());
  for (const char byte : bytes) AppendHex(hex, static_cast<unsigned char>(byte));
  return hex;
}

// The value of a digit of either case; -1 if it is none.
inline int HexDigitValue(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

}  // namespace quorate::base
