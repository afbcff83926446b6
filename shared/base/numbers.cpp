#include "shared/base/numbers.h"

#include <cctype>
#include <cerrno>
#include <charconv>
#include <cmath>
#include <cstdio>
#include <cstdlib>

namespace quorate::base {

namespace {

template <typename T>
std::optional<T> ParseCanonical(std::string_view text) {
  T value{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  const std::string_view digits = !text.empty() && text[0] == '-' ? text.substr(1) : text;
  if (digits.size() > 1 && digits[0] == '0') return std::nullopt;
  if (digits.size() != text.size() && digits == "0") return std::nullopt;
  return value;
}

// strtod and strtold accept what Redis accepts (hexadecimal included), and need a terminated copy.
template <typename T>
std::optional<T> ParseFloating(std::string_view text, T (*parse)(const char*, char**)) {
  constexpr size_t kMaxChars = 5 * 1024;  // Redis' MAX_LONG_DOUBLE_CHARS
  if (text.empty() || text.size() >= kMaxChars || std::isspace(static_cast<unsigned char>(text[0])))
    return std::nullopt;
  const std::string copy(text);
  char* end = nullptr;
  errno = 0;
  const T value = parse(copy.c_str(), &end);
  if (end != copy.c_str() + copy.size() || std::isnan(value)) return std::nullopt;
  if (errno == ERANGE && (std::isinf(value) || value == 0)) return std::nullopt;
  return value;
}

char Lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

}  // namespace

std::optional<int64_t> ParseInt64(std::string_view text) { return ParseCanonical<int64_t>(text); }
std::optional<uint64_t> ParseUint64(std::string_view text) {
  return ParseCanonical<uint64_t>(text);
}
std::optional<double> ParseDouble(std::string_view text) {
  return ParseFloating<double>(text, std::strtod);
}
std::optional<long double> ParseLongDouble(std::string_view text) {
  return ParseFloating<long double>(text, std::strtold);
}

size_t FormatInt64(int64_t value, char* out) {
  return static_cast<size_t>(std::to_chars(out, out + kMaxInt64Chars, value).ptr - out);
}

std::string FormatLongDouble(long double value) {
  char buffer[5 * 1024];
  int length = std::snprintf(buffer, sizeof buffer, "%.17Lf", value);
  std::string text(buffer, static_cast<size_t>(length));
  if (text.find('.') != std::string::npos) {
    while (text.back() == '0') text.pop_back();
    if (text.back() == '.') text.pop_back();
  }
  return text == "-0" ? "0" : text;
}

std::string FormatDouble(double value) {
  if (std::isinf(value)) return value > 0 ? "inf" : "-inf";
  if (std::isnan(value)) return "nan";
  if (value == std::floor(value) && std::fabs(value) < 1e15) {
    char buffer[kMaxInt64Chars];
    if (value == 0 && std::signbit(value)) return "-0";
    return std::string(buffer, FormatInt64(static_cast<int64_t>(value), buffer));
  }
  char buffer[32];
  const int length = std::snprintf(buffer, sizeof buffer, "%.17g", value);
  return std::string(buffer, static_cast<size_t>(length));
}

std::optional<uint64_t> ParseMemorySize(std::string_view text) {
  size_t digits = 0;
  while (digits < text.size() && text[digits] >= '0' && text[digits] <= '9') ++digits;
  const std::optional<uint64_t> number = [&]() -> std::optional<uint64_t> {
    uint64_t value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + digits, value);
    if (digits == 0 || error != std::errc() || end != text.data() + digits) return std::nullopt;
    return value;
  }();
  if (!number) return std::nullopt;
  const std::string unit = ToLower(text.substr(digits));
  uint64_t factor = 0;
  if (unit.empty() || unit == "b") factor = 1;
  if (unit == "k") factor = 1000;
  if (unit == "kb") factor = 1024;
  if (unit == "m") factor = 1000 * 1000;
  if (unit == "mb") factor = 1024 * 1024;
  if (unit == "g") factor = 1000ULL * 1000 * 1000;
  if (unit == "gb") factor = 1024ULL * 1024 * 1024;
  uint64_t bytes = 0;
  if (factor == 0 || __builtin_mul_overflow(*number, factor, &bytes)) return std::nullopt;
  return bytes;
}

bool EqualsIgnoreCase(std::string_view a, std::string_view b) {
  if (a.size() != b.size()) return false;
  for (size_t i = 0; i < a.size(); ++i)
    if (Lower(a[i]) != Lower(b[i])) return false;
  return true;
}

std::string ToLower(std::string_view text) {
  std::string lowered(text);
  for (char& c : lowered) c = Lower(c);
  return lowered;
}

std::string ToUpper(std::string_view text) {
  std::string raised(text);
  for (char& c : raised) c = c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
  return raised;
}

}  // namespace quorate::base
