// Codecs: how one value is read from a word and written back, with Redis' words for what is wrong.
// A codec holds no state; rows combine one with a member of a settings struct (directive.h).
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <limits>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "shared/base/result.h"

namespace quorate::config {

template <typename T>
struct Codec {
  std::function<base::Result<T>(std::string_view)> parse;
  std::function<std::string(const T&)> format;  // CONFIG GET
  std::function<std::string(const T&)> write;   // in a file; empty: as format
  std::string values;                           // for people, e.g. "0-65535"
  bool quoted = false;
  bool yes_no = false;
  bool empty_is_unset = false;  // an empty text is the default and is not written at all
};

base::Result<int64_t> ParseInteger(std::string_view text, int64_t low, int64_t high);
base::Result<uint64_t> ParseMemory(std::string_view text, uint64_t low, uint64_t high);
base::Result<uint32_t> ParseOctal(std::string_view text, uint32_t low, uint32_t high);
// "1gb", "100mb", "3kb" where the value divides, else the plain number.
std::string WriteMemory(uint64_t bytes);
std::string RangeText(int64_t low, int64_t high);

inline constexpr int64_t kIntMax = std::numeric_limits<int32_t>::max();
inline constexpr int64_t kInt64Max = std::numeric_limits<int64_t>::max();

// yes | no.
Codec<bool> YesNo();

// A whole number in [low, high]; T is an integer type, or a std::chrono duration counted in its own
// unit.
template <typename T>
Codec<T> Integer(int64_t low, int64_t high) {
  const auto number = [](const T& value) -> int64_t {
    if constexpr (std::is_integral_v<T>) {
      return static_cast<int64_t>(value);
    } else {
      return static_cast<int64_t>(value.count());
    }
  };
  return {.parse = [low, high](std::string_view text) -> base::Result<T> {
            const base::Result<int64_t> parsed = ParseInteger(text, low, high);
            if (!parsed) return parsed.error();
            return static_cast<T>(*parsed);
          },
          .format = [number](const T& value) { return std::to_string(number(value)); },
          .write = nullptr,
          .values = RangeText(low, high)};
}

// A size in bytes with Redis' units (1k = 1000, 1kb = 1024, ...), in [low, high].
Codec<uint64_t> Memory(uint64_t low, uint64_t high);
// An octal number (file permissions) in [low, high].
Codec<uint32_t> Octal(uint32_t low, uint32_t high);

// Any bytes. `check`, if given, returns the reason for refusing a text, or nothing.
Codec<std::string> Text(std::function<base::Status(std::string_view)> check = nullptr);
// The same, where empty means "not set" and is the default.
Codec<std::string> OptionalText();

// One of `names`, case-insensitively.
base::Result<size_t> ParseChoice(std::string_view text, const std::vector<std::string>& names);
std::string ChoicesText(const std::vector<std::string>& names);

template <typename E>
Codec<E> Choice(std::vector<std::pair<std::string, E>> choices) {
  std::vector<std::string> names;
  for (const auto& choice : choices) names.push_back(choice.first);
  std::string values = ChoicesText(names);
  return {.parse = [names, choices](std::string_view text) -> base::Result<E> {
            const base::Result<size_t> index = ParseChoice(text, names);
            if (!index) return index.error();
            return choices[*index].second;
          },
          .format =
              [choices](const E& value) {
                for (const auto& choice : choices)
                  if (choice.second == value) return choice.first;
                return std::string();
              },
          .write = nullptr,
          .values = std::move(values)};
}

}  // namespace quorate::config
