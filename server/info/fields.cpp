#include "server/info/fields.h"

#include <fmt/format.h>

#include <array>
#include <iterator>

namespace quorate::server::info {

namespace {

// A whole INFO without command statistics.
constexpr size_t kUsualLength = 8 * 1024;

}  // namespace

Fields::Fields() { text_.reserve(kUsualLength); }

void Fields::Section(std::string_view title) {
  if (!text_.empty()) text_ += "\r\n";
  text_ += "# ";
  text_ += title;
  text_ += "\r\n";
}

void Fields::Text(std::string_view name, std::string_view value) {
  Begin(name);
  text_ += value;
  text_ += "\r\n";
}

void Fields::Number(std::string_view name, int64_t value) {
  const fmt::format_int digits(value);
  Text(name, {digits.data(), digits.size()});
}
void Fields::Count(std::string_view name, uint64_t value) {
  const fmt::format_int digits(value);
  Text(name, {digits.data(), digits.size()});
}
void Fields::Decimal(std::string_view name, double value, int decimals) {
  Begin(name);
  fmt::format_to(std::back_inserter(text_), "{:.{}f}\r\n", value, decimals);
}
void Fields::Percent(std::string_view name, double percent) {
  Begin(name);
  fmt::format_to(std::back_inserter(text_), "{:.2f}%\r\n", percent);
}

void Fields::Begin(std::string_view name) {
  text_ += name;
  text_ += ':';
}

void Fields::Bytes(std::string_view name, uint64_t bytes) {
  Count(name, bytes);
  Text(std::string(name) + "_human", HumanBytes(bytes));
}

std::string HumanBytes(uint64_t bytes) {
  constexpr std::array<const char*, 6> kUnits = {"B", "K", "M", "G", "T", "P"};
  if (bytes < 1024) return std::to_string(bytes) + "B";
  double value = static_cast<double>(bytes);
  size_t unit = 0;
  while (value >= 1024 && unit + 1 < kUnits.size()) {
    value /= 1024;
    ++unit;
  }
  return fmt::format("{:.2f}{}", value, kUnits[unit]);
}

}  // namespace quorate::server::info
