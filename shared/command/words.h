// The words in which COMMAND shows flags, groups, types and categories. Internal to introspection.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "shared/command/spec.h"

namespace quorate::command {

struct Word {
  uint32_t bit;
  std::string_view text;
};

// In the order in which Redis lists them; hidden flags are absent.
std::span<const Word> FlagWords();
std::span<const Word> KeyFlagWords();
std::string_view TypeName(Argument::Type type);

}  // namespace quorate::command
