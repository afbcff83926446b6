// Numbers and addresses out of JSON that may be anything. nlohmann's own conversions are undefined
// for what does not fit. All of these throw std::runtime_error, or what json throws.
#pragma once

#include <cstdint>
#include <nlohmann/json_fwd.hpp>

#include "shared/base/ids.h"
#include "shared/base/time.h"

namespace quorate::sentinel::config {

// An integer that fits into T: uint16_t, uint32_t, uint64_t or int64_t.
template <typename T>
T NumberFrom(const nlohmann::json& j);
// The same for a member that older files do not have.
template <typename T>
T NumberOr(const nlohmann::json& j, const char* name, T otherwise);

// So many milliseconds or microseconds, not negative; ten years at most, so that a Duration holds
// several.
base::Duration MsFrom(const nlohmann::json& j);
base::Duration MicrosFrom(const nlohmann::json& j);

// {"host": .., "port": ..}, not empty.
base::Endpoint EndpointFrom(const nlohmann::json& j);

}  // namespace quorate::sentinel::config
