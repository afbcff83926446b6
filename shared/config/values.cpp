#include "shared/config/values.h"

#include <charconv>

#include "shared/base/numbers.h"

namespace quorate::config {

namespace {

std::string OctalText(uint32_t value) {
  char digits[12];
  const auto end = std::to_chars(digits, digits + sizeof digits, value, 8).ptr;
  return {digits, end};
}

base::Error OutOfRange(const std::string& low, const std::string& high) {
  return {"argument must be between " + low + " and " + high + " inclusive"};
}

}  // namespace

base::Result<int64_t> ParseInteger(std::string_view text, int64_t low, int64_t high) {
  const std::optional<int64_t> value = base::ParseInt64(text);
  if (!value) return base::Error{"argument couldn't be parsed into an integer"};
  if (*value < low || *value > high) return OutOfRange(std::to_string(low), std::to_string(high));
  return *value;
}

base::Result<uint64_t> ParseMemory(std::string_view text, uint64_t low, uint64_t high) {
  const std::optional<uint64_t> value = base::ParseMemorySize(text);
  if (!value) return base::Error{"argument must be a memory value"};
  if (*value < low || *value > high) return OutOfRange(std::to_string(low), std::to_string(high));
  return *value;
}

base::Result<uint32_t> ParseOctal(std::string_view text, uint32_t low, uint32_t high) {
  uint32_t value = 0;
  const char* const end = text.data() + text.size();
  const auto parsed = std::from_chars(text.data(), end, value, 8);
  if (text.empty() || parsed.ec != std::errc() || parsed.ptr != end)
    return base::Error{"argument couldn't be parsed as an octal number"};
  if (value < low || value > high) return OutOfRange(OctalText(low), OctalText(high));
  return value;
}

std::string WriteMemory(uint64_t bytes) {
  constexpr uint64_t kKilo = 1024;
  constexpr uint64_t kMega = 1024 * kKilo;
  constexpr uint64_t kGiga = 1024 * kMega;
  if (bytes != 0 && bytes % kGiga == 0) return std::to_string(bytes / kGiga) + "gb";
  if (bytes != 0 && bytes % kMega == 0) return std::to_string(bytes / kMega) + "mb";
  if (bytes != 0 && bytes % kKilo == 0) return std::to_string(bytes / kKilo) + "kb";
  return std::to_string(bytes);
}

std::string RangeText(int64_t low, int64_t high) {
  std::string text = "a number from " + std::to_string(low);
  if (high < kIntMax) text += " to " + std::to_string(high);
  return text;
}

Codec<bool> YesNo() {
  return {.parse = [](std::string_view text) -> base::Result<bool> {
            if (base::EqualsIgnoreCase(text, "yes")) return true;
            if (base::EqualsIgnoreCase(text, "no")) return false;
            return base::Error{"argument must be 'yes' or 'no'"};
          },
          .format = [](const bool& value) { return std::string(value ? "yes" : "no"); },
          .write = nullptr,
          .values = "yes|no",
          .yes_no = true};
}

Codec<uint64_t> Memory(uint64_t low, uint64_t high) {
  return {.parse = [low, high](std::string_view text) { return ParseMemory(text, low, high); },
          .format = [](const uint64_t& value) { return std::to_string(value); },
          .write = [](const uint64_t& value) { return WriteMemory(value); },
          .values = "a size, at least " + (low == 0 ? std::string("0") : WriteMemory(low))};
}

Codec<uint32_t> Octal(uint32_t low, uint32_t high) {
  return {.parse = [low, high](std::string_view text) { return ParseOctal(text, low, high); },
          .format = [](const uint32_t& value) { return OctalText(value); },
          .write = nullptr,
          .values = "octal, " + OctalText(low) + " to " + OctalText(high)};
}

Codec<std::string> Text(std::function<base::Status(std::string_view)> check) {
  return {.parse = [check = std::move(check)](std::string_view text) -> base::Result<std::string> {
            if (check) {
              if (const base::Status checked = check(text); !checked) return checked.error();
            }
            return std::string(text);
          },
          .format = [](const std::string& value) { return value; },
          .write = nullptr,
          .values = "text",
          .quoted = true};
}

Codec<std::string> OptionalText() {
  Codec<std::string> codec = Text();
  codec.empty_is_unset = true;
  return codec;
}

base::Result<size_t> ParseChoice(std::string_view text, const std::vector<std::string>& names) {
  for (size_t i = 0; i < names.size(); ++i)
    if (base::EqualsIgnoreCase(text, names[i])) return i;
  std::string reason = "argument(s) must be one of the following: ";
  for (size_t i = 0; i < names.size(); ++i) reason += (i == 0 ? "" : ", ") + names[i];
  return base::Error{reason};
}

std::string ChoicesText(const std::vector<std::string>& names) {
  std::string text;
  for (const std::string& name : names) text += (text.empty() ? "" : "|") + name;
  return text;
}

}  // namespace quorate::config
