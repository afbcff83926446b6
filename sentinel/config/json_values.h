// Numbers and addresses out of JSON that may be anything. nlohmann's own conversions are undefined
// for what does not fit.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <nlohmann/json.hpp>
#include <stdexcept>
#include <utility>

#include "shared/base/ids.h"
#include "shared/base/time.h"

namespace quorate::sentinel::config {

// An integer that fits into T; throws std::runtime_error for anything else.
template <typename T>
T NumberFrom(const nlohmann::json& j) {
  if (j.is_number_unsigned() && std::in_range<T>(j.get<uint64_t>()))
    return static_cast<T>(j.get<uint64_t>());
  if (j.is_number_integer() && !j.is_number_unsigned() && std::in_range<T>(j.get<int64_t>()))
    return static_cast<T>(j.get<int64_t>());
  throw std::runtime_error("a number is out of range");
}

// The same for a member that older files do not have.
template <typename T>
T NumberOr(const nlohmann::json& j, const char* name, T otherwise) {
  return j.contains(name) ? NumberFrom<T>(j.at(name)) : otherwise;
}

// So many of the unit; ten years at most, so that a Duration holds several. Negative: throws.
template <typename Unit>
base::Duration DurationFrom(const nlohmann::json& j) {
  constexpr int64_t kMost =
      std::chrono::duration_cast<Unit>(std::chrono::hours(24 * 365 * 10)).count();
  const auto count = NumberFrom<int64_t>(j);
  if (count < 0) throw std::runtime_error("a time is negative");
  return Unit(std::min(count, kMost));
}

inline base::Endpoint EndpointFrom(const nlohmann::json& j) {
  base::Endpoint endpoint{j.at("host").get<std::string>(), NumberFrom<uint16_t>(j.at("port"))};
  if (endpoint.empty()) throw std::runtime_error("an address is empty");
  return endpoint;
}

}  // namespace quorate::sentinel::config
