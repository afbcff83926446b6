#include "server/info/fields.h"

#include <array>
#include <cstdio>

namespace quorate::server::info {

namespace {

std::string Printed(double value, int decimals) {
  std::array<char, 64> buffer{};
  const int length = std::snprintf(buffer.data(), buffer.size(), "%.*f", decimals, value);
  return std::string(buffer.data(), static_cast<size_t>(length));
}

}  // namespace

void Fields::Section(std::string_view title) {
  if (!text_.empty()) text_ += "\r\n";
  text_ += "# ";
  text_ += title;
  text_ += "\r\n";
}

void Fields::Text(std::string_view name, std::string_view value) {
  text_ += name;
  text_ += ':';
  text_ += value;
  text_ += "\r\n";
}

void Fields::Number(std::string_view name, int64_t value) { Text(name, std::to_string(value)); }
void Fields::Count(std::string_view name, uint64_t value) { Text(name, std::to_string(value)); }
void Fields::Decimal(std::string_view name, double value, int decimals) {
  Text(name, Printed(value, decimals));
}
void Fields::Percent(std::string_view name, double percent) {
  Text(name, Printed(percent, 2) + "%");
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
  return Printed(value, 2) + kUnits[unit];
}

}  // namespace quorate::server::info
