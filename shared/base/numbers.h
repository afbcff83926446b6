// Strict number parsing and formatting, with exactly the texts that Redis accepts and prints.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace quorate::base {

// The canonical decimal form only: no spaces, no '+', no leading zeros, no "-0"; within int64.
std::optional<int64_t> ParseInt64(std::string_view text);
// Same, unsigned.
std::optional<uint64_t> ParseUint64(std::string_view text);
// Finite or infinite ("inf", "+inf", "-inf", "infinity"), whole text, no leading space; NaN is
// refused.
std::optional<double> ParseDouble(std::string_view text);
std::optional<long double> ParseLongDouble(std::string_view text);

// Writes `value` in decimal at `out` (at least kMaxInt64Chars bytes); returns the length.
inline constexpr size_t kMaxInt64Chars = 20;
size_t FormatInt64(int64_t value, char* out);

// INCRBYFLOAT's form: up to 17 fractional digits, trailing zeros removed, never an exponent; "-0"
// becomes "0".
std::string FormatLongDouble(long double value);
// Shortest text that reads back as `value` ("inf", "-inf", "nan" for the specials), as RESP3
// doubles and ZSCORE print it.
std::string FormatDouble(double value);

// "100", "1k" (1000), "1kb" (1024), "1m", "1mb", "1g", "1gb", "b": Redis' memory sizes,
// case-insensitive.
std::optional<uint64_t> ParseMemorySize(std::string_view text);

bool EqualsIgnoreCase(std::string_view a, std::string_view b);
std::string ToLower(std::string_view text);
std::string ToUpper(std::string_view text);

}  // namespace quorate::base
