#include "sentinel/core/hello.h"

#include <array>

#include "sentinel/core/timings.h"
#include "shared/base/numbers.h"

namespace quorate::sentinel::core {
namespace {

constexpr size_t kFields = 8;

// Splits at commas into exactly kFields pieces; false if there are more or fewer.
bool Split(std::string_view line, std::array<std::string_view, kFields>& fields) {
  for (size_t i = 0; i < kFields; ++i) {
    const size_t comma = line.find(',');
    const bool last = i + 1 == kFields;
    if ((comma == std::string_view::npos) != last) return false;
    fields[i] = line.substr(0, comma);
    if (!last) line.remove_prefix(comma + 1);
  }
  return true;
}

std::optional<base::Endpoint> ParseEndpoint(std::string_view host, std::string_view port) {
  const auto number = base::ParseUint64(port);
  if (!IsValidHost(host) || !number || *number == 0 || *number > UINT16_MAX) return std::nullopt;
  return base::Endpoint{std::string(host), static_cast<uint16_t>(*number)};
}

std::optional<base::Epoch> ParseEpoch(std::string_view text) {
  const auto number = base::ParseUint64(text);
  if (!number || *number > kMaxEpoch) return std::nullopt;
  return base::Epoch(*number);
}

bool IsAlphanumeric(char c) {
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

}  // namespace

std::optional<Hello> ParseHello(std::string_view line) {
  std::array<std::string_view, kFields> fields;
  if (line.size() > kMaxHelloLength || !Split(line, fields)) return std::nullopt;
  const auto sentinel = ParseEndpoint(fields[0], fields[1]);
  const auto id = base::RunId::Parse(fields[2]);
  const auto current_epoch = ParseEpoch(fields[3]);
  const auto primary = ParseEndpoint(fields[5], fields[6]);
  const auto config_epoch = ParseEpoch(fields[7]);
  if (!sentinel || !id || id->IsZero() || !current_epoch || !IsValidGroupName(fields[4]) ||
      !primary || !config_epoch)
    return std::nullopt;
  return Hello{*sentinel, *id, *current_epoch, std::string(fields[4]), *primary, *config_epoch};
}

std::string FormatHello(const Hello& hello) {
  std::string line = hello.sentinel.host;
  auto append = [&line](std::string_view field) { line.append(",").append(field); };
  append(std::to_string(hello.sentinel.port));
  append(hello.id.view());
  append(std::to_string(hello.current_epoch.number()));
  append(hello.group);
  append(hello.primary.host);
  append(std::to_string(hello.primary.port));
  append(std::to_string(hello.config_epoch.number()));
  return line;
}

bool IsValidGroupName(std::string_view name) {
  if (name.empty() || name.size() > kMaxGroupNameLength) return false;
  for (const char c : name)
    if (c <= ' ' || c > '~' || c == ',' || c == '"' || c == '\'' || c == '\\') return false;
  return true;
}

bool IsValidHost(std::string_view host) {
  if (host.empty() || host.size() > kMaxHostLength) return false;
  for (const char c : host)
    if (!IsAlphanumeric(c) && std::string_view(".:_%-").find(c) == std::string_view::npos)
      return false;
  return true;
}

}  // namespace quorate::sentinel::core
