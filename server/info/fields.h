// The text form of INFO: "# Section" headers and "name:value" lines, each ended by CR LF.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

namespace quorate::server::info {

class Fields {
 public:
  Fields();
  // Sections are separated by an empty line.
  void Section(std::string_view title);
  void Text(std::string_view name, std::string_view value);
  void Number(std::string_view name, int64_t value);
  void Count(std::string_view name, uint64_t value);
  // With `decimals` digits after the point.
  void Decimal(std::string_view name, double value, int decimals);
  void Percent(std::string_view name, double percent);
  // <name>:<bytes> and <name>_human:<1.00M>.
  void Bytes(std::string_view name, uint64_t bytes);

  // The text so far; nothing is left.
  std::string Take() { return std::move(text_); }

 private:
  void Begin(std::string_view name);

  std::string text_;
};

// "943.05K" as Redis prints sizes for people.
std::string HumanBytes(uint64_t bytes);

}  // namespace quorate::server::info
