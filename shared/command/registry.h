// The commands a program has, found by name without regard to case. Built once at start-up by
// explicit registration, then read-only, so that any thread may read it. It knows nothing of
// handlers (table.h does): introspection, ACLs and key extraction need only this.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "shared/base/result.h"
#include "shared/command/spec.h"

namespace quorate::command {

// Redis' legacy triple of COMMAND INFO; all 0 when the command has no keys in fixed places.
struct LegacyRange {
  int first = 0;
  int last = 0;
  int step = 0;
};

// A registered command or subcommand: its spec and what is derived from it. Address and index never
// change.
struct Command {
  const Spec* spec = nullptr;
  std::string name;       // what requests call it: the spec's name, unless renamed
  std::string full_name;  // "get", "client|setname"; stays when the command is renamed
  // Dense, in order of registration; for the caller's per-command arrays (statistics).
  uint32_t index = 0;
  int arity = 0;
  Flags flags = 0;            // with kMovableKeys where it applies
  Categories categories = 0;  // with the implied ones
  bool runnable = false;      // has a handler of its own; false for containers such as CONFIG
  LegacyRange range;
  const Command* parent = nullptr;
  std::vector<const Command*> subcommands;  // in order of registration

  bool Has(Flags f) const { return (flags & f) != 0; }
  bool is_container() const { return !subcommands.empty(); }
  // Whether `count` arguments (name included) satisfy the arity.
  bool AcceptsCount(size_t count) const {
    return arity >= 0 ? count == static_cast<size_t>(arity) : count >= static_cast<size_t>(-arity);
  }
  // Some key spec names real keys, or a key function exists.
  bool HasKeys() const;
};

class Registry {
 public:
  Registry() = default;
  Registry(const Registry&) = delete;
  Registry& operator=(const Registry&) = delete;

  // By the command's name (not a subcommand's). nullptr if there is none.
  const Command* Find(std::string_view name) const {
    const uint32_t hash = Hash(name);
    for (size_t i = hash & mask_;; i = (i + 1) & mask_) {
      const Slot& slot = slots_[i];
      if (slot.command == nullptr) return nullptr;
      if (slot.hash == hash && SameName(slot.command->name, name)) return slot.command;
    }
  }
  // Among the subcommands of `container`. nullptr if there is none.
  static const Command* FindSubcommand(const Command& container, std::string_view name);
  // What a request runs: the command of args[0], or its subcommand of args[1] if it is a container
  // and there is an args[1]. nullptr if unknown. Precondition: args not empty.
  const Command* Resolve(std::span<const std::string_view> args) const {
    const Command* command = Find(args[0]);
    if (command == nullptr || command->subcommands.empty()) [[likely]]
      return command;
    return ResolveWithin(*command, args);
  }
  // By full name: "get" or "config|get".
  const Command* FindFullName(std::string_view full_name) const;

  // Commands without subcommands, in order of registration.
  std::span<const Command* const> commands() const { return top_level_; }
  // rename-command: requests find the command under `to` alone; an empty `to` removes it. Before
  // the first request only.
  base::Status Rename(std::string_view from, std::string_view to);

  // Number of commands and subcommands; every Command::index is below it.
  size_t size() const { return all_.size(); }
  const Command& at(uint32_t index) const { return all_[index]; }

 protected:
  // Precondition: the name (within its parent) is new. `spec` must outlive the registry.
  Command& Register(const Spec& spec, Command* parent, bool runnable);

 private:
  struct Slot {
    uint32_t hash = 0;
    const Command* command = nullptr;
  };

  // Over length and case-folded bytes; never over more than 8 + 8 of them.
  static uint32_t Hash(std::string_view name);
  static const Command* ResolveWithin(const Command& container,
                                      std::span<const std::string_view> args);
  static bool SameName(std::string_view lower_name, std::string_view name);
  void Index(const Command* command);
  void IndexAll();

  std::deque<Command> all_;
  std::vector<const Command*> top_level_;
  std::vector<Slot> slots_ = std::vector<Slot>(2);  // power of two, at most a third full
  size_t mask_ = 1;
};

// Why a request cannot run, as a reply's text, for the result of registry.Resolve(args): unknown
// command, unknown subcommand, wrong number of arguments. Empty if it can. `command` may be
// nullptr.
std::string RefusalOf(const Registry& registry, const Command* command,
                      std::span<const std::string_view> args);

}  // namespace quorate::command
