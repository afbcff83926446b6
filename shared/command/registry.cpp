#include "shared/command/registry.h"

#include <algorithm>
#include <cstring>
#include <limits>

#include "shared/base/check.h"
#include "shared/base/numbers.h"
#include "shared/resp/errors.h"

namespace quorate::command {

namespace {

inline char Fold(char c) {
  return static_cast<unsigned char>(c - 'A') < 26 ? static_cast<char>(c | 0x20) : c;
}

// Folds letters to lower case (and some other characters together, which only costs a comparison).
inline uint64_t LoadFolded(const char* p, size_t n) {
  uint64_t word = 0;
  std::memcpy(&word, p, n);
  return word | 0x2020202020202020U;
}

// The triple that COMMAND INFO had before key specs: the specs that are plain ranges, if they join
// without gaps.
LegacyRange LegacyRangeOf(std::span<const KeySpec> specs) {
  const auto is_range = [](const KeySpec& spec) {
    return spec.begin.kind == BeginSearch::Kind::kIndex && spec.find.kind == FindKeys::Kind::kRange;
  };
  const auto absolute_last = [](const KeySpec& spec) {
    return spec.find.last >= 0 ? spec.find.last + spec.begin.index : spec.find.last;
  };
  if (specs.size() == 1 && is_range(specs[0])) {
    return {specs[0].begin.index, absolute_last(specs[0]), specs[0].find.step};
  }
  LegacyRange range;
  int first = std::numeric_limits<int>::max();
  int previous_last = 0;
  for (const KeySpec& spec : specs) {
    if (!is_range(spec)) continue;
    if (spec.find.step != 1) return {};
    if (previous_last != 0 && previous_last != spec.begin.index - 1) return {};
    first = std::min(first, spec.begin.index);
    // Unsigned, so that "to the end" (-1) is the farthest.
    range.last = static_cast<int>(
        std::max(static_cast<unsigned>(range.last), static_cast<unsigned>(absolute_last(spec))));
    previous_last = range.last;
  }
  if (first == std::numeric_limits<int>::max()) return {};
  range.first = first;
  range.step = 1;
  return range;
}

bool KeysMove(std::span<const KeySpec> specs) {
  return std::any_of(specs.begin(), specs.end(), [](const KeySpec& spec) {
    return spec.begin.kind != BeginSearch::Kind::kIndex || spec.find.kind != FindKeys::Kind::kRange;
  });
}

}  // namespace

bool Command::HasKeys() const {
  if (spec->find_keys != nullptr) return true;
  return std::any_of(spec->keys.begin(), spec->keys.end(),
                     [](const KeySpec& key_spec) { return !(key_spec.flags & key::kNotKey); });
}

uint32_t Registry::Hash(std::string_view name) {
  const size_t n = name.size();
  const char* p = name.data();
  uint64_t head = 0;
  uint64_t tail = 0;
  if (n >= 8) {
    head = LoadFolded(p, 8);
    tail = LoadFolded(p + n - 8, 8);
  } else if (n >= 4) {
    head = LoadFolded(p, 4);
    tail = LoadFolded(p + n - 4, 4);
  } else if (n > 0) {
    head = LoadFolded(p, 1);
    tail = LoadFolded(p + n / 2, n - n / 2);
  }
  const uint64_t mixed =
      (head ^ (n * 0x9E3779B97F4A7C15U)) * 0xBF58476D1CE4E5B9U + tail * 0x94D049BB133111EBU;
  return static_cast<uint32_t>((mixed ^ (mixed >> 29)) >> 16);
}

bool Registry::SameName(std::string_view lower_name, std::string_view name) {
  if (lower_name.size() != name.size()) return false;
  for (size_t i = 0; i < name.size(); ++i) {
    if (lower_name[i] != Fold(name[i])) return false;
  }
  return true;
}

void Registry::Index(const Command* command) {
  const uint32_t hash = Hash(command->name);
  size_t i = hash & mask_;
  while (slots_[i].command != nullptr) i = (i + 1) & mask_;
  slots_[i] = {hash, command};
}

void Registry::IndexAll() {
  slots_.assign(slots_.size(), Slot{});
  for (const Command* each : top_level_) Index(each);
}

base::Status Registry::Rename(std::string_view from, std::string_view to) {
  const Command* found = Find(from);
  if (found == nullptr) return base::Error{"No such command in rename-command"};
  if (const Command* taken = Find(to); !to.empty() && taken != nullptr && taken != found)
    return base::Error{"Target command name already exists"};
  if (to.empty()) {
    std::erase(top_level_, found);
  } else {
    all_[found->index].name = base::ToLower(to);
  }
  IndexAll();
  return {};
}

Command& Registry::Register(const Spec& spec, Command* parent, bool runnable) {
  CHECK(spec.name == base::ToLower(spec.name));
  CHECK((parent == nullptr ? Find(spec.name) : FindSubcommand(*parent, spec.name)) == nullptr);
  Command& command = all_.emplace_back();
  command.spec = &spec;
  command.name = spec.name;
  command.full_name = spec.name;
  if (parent != nullptr) command.full_name = parent->full_name + "|" + command.full_name;
  command.index = static_cast<uint32_t>(all_.size() - 1);
  command.arity = spec.arity;
  command.flags = spec.flags | (KeysMove(spec.keys) ? flag::kMovableKeys : 0);
  command.categories = ImpliedCategories(spec.flags, spec.categories);
  command.runnable = runnable;
  command.range = LegacyRangeOf(spec.keys);
  command.parent = parent;
  if (parent != nullptr) {
    parent->subcommands.push_back(&command);
    return command;
  }
  top_level_.push_back(&command);
  if (top_level_.size() * 3 > slots_.size()) {
    slots_.resize(slots_.size() * 2);
    mask_ = slots_.size() - 1;
    IndexAll();
  } else {
    Index(&command);
  }
  return command;
}

const Command* Registry::FindSubcommand(const Command& container, std::string_view name) {
  for (const Command* sub : container.subcommands) {
    if (SameName(sub->spec->name, name)) return sub;
  }
  return nullptr;
}

const Command* Registry::ResolveWithin(const Command& container,
                                       std::span<const std::string_view> args) {
  return args.size() < 2 ? &container : FindSubcommand(container, args[1]);
}

const Command* Registry::FindFullName(std::string_view full_name) const {
  const size_t bar = full_name.find('|');
  if (bar == std::string_view::npos) return Find(full_name);
  const Command* container = Find(full_name.substr(0, bar));
  return container == nullptr ? nullptr : FindSubcommand(*container, full_name.substr(bar + 1));
}

std::string RefusalOf(const Registry& registry, const Command* command,
                      std::span<const std::string_view> args) {
  if (command != nullptr) {
    return command->AcceptsCount(args.size()) ? "" : resp::errors::WrongArity(command->full_name);
  }
  const Command* container = registry.Find(args[0]);
  if (container == nullptr) return resp::errors::UnknownCommand(args);
  return resp::errors::UnknownSubcommand(args[0], args[1]);
}

}  // namespace quorate::command
