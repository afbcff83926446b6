#include "server/engine/lookahead.h"

namespace quorate::server::engine {

namespace {

constexpr size_t kMaxArguments = 8;  // a request with more is not read at a glance

// Reads `type`, a number and the line's end off the front. False if that is not what is there.
bool TakeHeader(std::string_view& input, char type, size_t* number) {
  constexpr size_t kMaxDigits = 7;
  if (input.empty() || input[0] != type) return false;
  size_t i = 1;
  size_t value = 0;
  for (; i < input.size() && i <= kMaxDigits && input[i] >= '0' && input[i] <= '9'; ++i)
    value = value * 10 + static_cast<size_t>(input[i] - '0');
  if (i == 1 || i + 1 >= input.size() || input[i] != '\r') return false;
  input.remove_prefix(i + 2);
  *number = value;
  return true;
}

bool TakeRequest(std::string_view& input, std::string_view* key) {
  size_t arguments = 0;
  if (!TakeHeader(input, '*', &arguments) || arguments == 0 || arguments > kMaxArguments)
    return false;
  *key = {};
  for (size_t i = 0; i < arguments; ++i) {
    size_t size = 0;
    if (!TakeHeader(input, '$', &size) || input.size() < size + 2) return false;
    if (i == 1) *key = input.substr(0, size);
    input.remove_prefix(size + 2);
  }
  return true;
}

}  // namespace

size_t GlanceAtKeys(std::string_view input, std::span<std::string_view> keys) {
  size_t found = 0;
  while (found < keys.size() && TakeRequest(input, &keys[found])) ++found;
  return found;
}

}  // namespace quorate::server::engine
