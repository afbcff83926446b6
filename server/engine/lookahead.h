// A glance at the requests that wait behind the current one in a pipeline, for their keys: so that
// the engine can have the memory of all of them fetched at once instead of waiting for each in
// turn. It is a guess, not a parser: it takes every second argument for a key, stops at the first
// request that it cannot read at a glance, and being wrong costs nothing but time.
#pragma once

#include <cstddef>
#include <span>
#include <string_view>

namespace quorate::server::engine {

// Fills `keys` with views into `input`, one for each request; returns how many. A request without a
// second argument gives an empty view.
size_t GlanceAtKeys(std::string_view input, std::span<std::string_view> keys);

}  // namespace quorate::server::engine
