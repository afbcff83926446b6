#include "sentinel/core/option_values.h"

#include <algorithm>
#include <chrono>

#include "sentinel/core/timings.h"
#include "shared/base/numbers.h"

namespace quorate::sentinel::core {
namespace {

constexpr int64_t kMaxMilliseconds = int64_t{1000} * 3600 * 24 * 365 * 10;

}  // namespace

std::optional<base::Duration> ParseMilliseconds(std::string_view text, int64_t least) {
  const auto ms = base::ParseInt64(text);
  if (!ms || *ms < least) return std::nullopt;
  return std::chrono::milliseconds(std::min(*ms, kMaxMilliseconds));
}

std::optional<uint32_t> ParseCount(std::string_view text) {
  const auto count = base::ParseInt64(text);
  if (!count || *count <= 0 || *count > INT32_MAX) return std::nullopt;
  return static_cast<uint32_t>(*count);
}

std::optional<bool> ParseYesNo(std::string_view text) {
  if (base::EqualsIgnoreCase(text, "yes")) return true;
  if (base::EqualsIgnoreCase(text, "no")) return false;
  return std::nullopt;
}

std::optional<uint16_t> ParsePortOrNone(std::string_view text) {
  const auto port = base::ParseInt64(text);
  if (!port || *port < 0 || *port > UINT16_MAX) return std::nullopt;
  return static_cast<uint16_t>(*port);
}

std::optional<uint32_t> ParseElectorate(std::string_view text) {
  const auto count = base::ParseUint64(text);
  if (!count || *count > kMaxPeersPerGroup + 1) return std::nullopt;
  return static_cast<uint32_t>(*count);
}

std::optional<uint32_t> ParseFlapLimit(std::string_view text) {
  const auto count = base::ParseUint64(text);
  if (!count || *count > kMaxFlapLimit) return std::nullopt;
  return static_cast<uint32_t>(*count);
}

std::optional<FailureDetection> ParseFailureDetection(std::string_view text) {
  if (base::EqualsIgnoreCase(text, "fast")) return FailureDetection::kFast;
  if (base::EqualsIgnoreCase(text, "classic")) return FailureDetection::kClassic;
  return std::nullopt;
}

std::optional<NoVerdict> ParseNoVerdict(std::string_view text) {
  for (const NoVerdict verdict : {NoVerdict::kProceed, NoVerdict::kVeto})
    if (base::EqualsIgnoreCase(text, NoVerdictName(verdict))) return verdict;
  return std::nullopt;
}

std::string_view NoVerdictName(NoVerdict verdict) {
  return verdict == NoVerdict::kVeto ? "veto" : "proceed";
}

std::optional<int64_t> ParseBytes(std::string_view text) {
  const auto bytes = base::ParseMemorySize(text);
  if (!bytes || *bytes >= uint64_t{1} << 62) return std::nullopt;
  return static_cast<int64_t>(*bytes);
}

bool HasControlCharacters(std::string_view text) {
  return std::any_of(text.begin(), text.end(),
                     [](char c) { return static_cast<unsigned char>(c) < ' ' || c == 0x7f; });
}

}  // namespace quorate::sentinel::core
