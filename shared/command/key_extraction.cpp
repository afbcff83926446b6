#include "shared/command/key_extraction.h"

#include <algorithm>
#include <cstdint>
#include <optional>

#include "shared/base/numbers.h"

namespace quorate::command {

namespace {

using Args = std::span<const std::string_view>;

enum class Outcome : uint8_t { kFound, kAbsent, kInvalid };

// The position that begins the search, or none if the keyword is not there.
std::optional<int> Begin(const BeginSearch& begin, Args args) {
  const int count = static_cast<int>(args.size());
  if (begin.kind == BeginSearch::Kind::kIndex) return begin.index;
  const bool forward = begin.start_from > 0;
  const int step = forward ? 1 : -1;
  for (int i = forward ? begin.start_from : count + begin.start_from; i >= 1 && i < count;
       i += step) {
    // The last argument can hold no key after it, nor the first one when searching backwards.
    if (i == (forward ? count - 1 : 1)) break;
    if (base::EqualsIgnoreCase(args[static_cast<size_t>(i)], begin.keyword)) return i + 1;
  }
  return std::nullopt;
}

Outcome FindBySpec(const KeySpec& spec, Args args, KeyReferences* keys) {
  const int count = static_cast<int>(args.size());
  if (spec.begin.kind == BeginSearch::Kind::kUnknown) return Outcome::kInvalid;
  const std::optional<int> begin = Begin(spec.begin, args);
  if (!begin) return Outcome::kAbsent;

  int first = *begin;
  int last = 0;
  switch (spec.find.kind) {
    case FindKeys::Kind::kUnknown:
      return Outcome::kInvalid;
    case FindKeys::Kind::kRange:
      if (spec.find.last >= 0) {
        last = first + spec.find.last;
      } else if (spec.find.limit == 0) {
        last = count + spec.find.last;
      } else {
        last = first + (count - first) / spec.find.limit + spec.find.last;
      }
      break;
    case FindKeys::Kind::kKeynum: {
      const int at = first + spec.find.keynum_index;
      if (at >= count) return Outcome::kInvalid;
      const auto number = base::ParseInt64(args[static_cast<size_t>(at)]);
      if (!number || *number < 0 || *number > count) return Outcome::kInvalid;
      first += spec.find.first_key;
      last = first + (static_cast<int>(*number) - 1) * spec.find.step;
      break;
    }
  }
  if (first >= count || last >= count || last < first) return Outcome::kInvalid;
  for (int i = first; i <= last; i += spec.find.step) {
    keys->push_back({.position = i, .flags = spec.flags});
  }
  return spec.flags & key::kIncomplete ? Outcome::kInvalid : Outcome::kFound;
}

bool FindBySpecs(const Command& command, Args args, KeyReferences* keys) {
  for (const KeySpec& spec : command.spec->keys) {
    if (spec.flags & key::kNotKey) continue;
    if (FindBySpec(spec, args, keys) == Outcome::kInvalid) return false;
  }
  return true;
}

}  // namespace

bool GetKeys(const Command& command, Args args, KeyReferences* keys) {
  const size_t before = keys->size();
  const auto& specs = command.spec->keys;
  const bool reliable =
      !specs.empty() && std::none_of(specs.begin(), specs.end(), [](const KeySpec& spec) {
        return (spec.flags & key::kVariableFlags) != 0;
      });
  if (reliable) {
    if (FindBySpecs(command, args, keys)) return true;
    keys->resize(before);
  }
  if (command.spec->find_keys == nullptr) return false;
  if (command.spec->find_keys(args, keys)) return true;
  keys->resize(before);
  return false;
}

}  // namespace quorate::command
