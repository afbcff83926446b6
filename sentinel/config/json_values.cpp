#include "sentinel/config/json_values.h"

#include <algorithm>
#include <chrono>
#include <nlohmann/json.hpp>
#include <stdexcept>
#include <string>
#include <utility>

namespace quorate::sentinel::config {

namespace {

using nlohmann::json;

template <typename Unit>
base::Duration DurationFrom(const json& j) {
  constexpr int64_t kMost =
      std::chrono::duration_cast<Unit>(std::chrono::hours(24 * 365 * 10)).count();
  const auto count = NumberFrom<int64_t>(j);
  if (count < 0) throw std::runtime_error("a time is negative");
  return Unit(std::min(count, kMost));
}

}  // namespace

template <typename T>
T NumberFrom(const json& j) {
  if (j.is_number_unsigned() && std::in_range<T>(j.get<uint64_t>()))
    return static_cast<T>(j.get<uint64_t>());
  if (j.is_number_integer() && !j.is_number_unsigned() && std::in_range<T>(j.get<int64_t>()))
    return static_cast<T>(j.get<int64_t>());
  throw std::runtime_error("a number is out of range");
}

template <typename T>
T NumberOr(const json& j, const char* name, T otherwise) {
  return j.contains(name) ? NumberFrom<T>(j.at(name)) : otherwise;
}

template uint16_t NumberFrom(const json&);
template uint32_t NumberFrom(const json&);
template uint64_t NumberFrom(const json&);
template int64_t NumberFrom(const json&);
template uint32_t NumberOr(const json&, const char*, uint32_t);
template uint64_t NumberOr(const json&, const char*, uint64_t);
template int64_t NumberOr(const json&, const char*, int64_t);

base::Duration MsFrom(const json& j) { return DurationFrom<std::chrono::milliseconds>(j); }
base::Duration MicrosFrom(const json& j) { return DurationFrom<std::chrono::microseconds>(j); }

base::Endpoint EndpointFrom(const json& j) {
  base::Endpoint endpoint{j.at("host").get<std::string>(), NumberFrom<uint16_t>(j.at("port"))};
  if (endpoint.empty()) throw std::runtime_error("an address is empty");
  return endpoint;
}

}  // namespace quorate::sentinel::config
