// How those values of options are read that SENTINEL SET and the configuration files take alike.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "sentinel/core/settings.h"
#include "shared/base/time.h"

namespace quorate::sentinel::core {

// A number of milliseconds, at least `least`; ten years at most, so that a Duration holds several.
std::optional<base::Duration> ParseMilliseconds(std::string_view text, int64_t least);
// 1 to 2^31 - 1.
std::optional<uint32_t> ParseCount(std::string_view text);
// "yes" or "no", in any case.
std::optional<bool> ParseYesNo(std::string_view text);
// A port, or 0.
std::optional<uint16_t> ParsePortOrNone(std::string_view text);
// 0 (all ever known) to one more than the peers a group may have.
std::optional<uint32_t> ParseElectorate(std::string_view text);

// 0 (no limit) to kMaxFlapLimit.
std::optional<uint32_t> ParseFlapLimit(std::string_view text);
// "fast" or "classic", in any case.
std::optional<FailureDetection> ParseFailureDetection(std::string_view text);
// "proceed" or "veto", in any case.
std::optional<NoVerdict> ParseNoVerdict(std::string_view text);
std::string_view NoVerdictName(NoVerdict verdict);

// A number of bytes, with Redis' units ("10mb"), below 2^62.
std::optional<int64_t> ParseBytes(std::string_view text);

// A configuration file could not hold such a value.
bool HasControlCharacters(std::string_view text);

}  // namespace quorate::sentinel::core
