// Which arguments of a request are keys, by the command's key specs (or its function, where specs
// do not suffice).
#pragma once

#include <span>
#include <string_view>

#include "shared/command/registry.h"
#include "shared/command/spec.h"

namespace quorate::command {

// Appends the keys of `args` (name first, subcommand second) in Redis' order. False if the
// arguments are malformed for that (a key count that is no number or too big). Keys of specs
// flagged kNotKey are left out.
bool GetKeys(const Command& command, std::span<const std::string_view> args, KeyReferences* keys);

}  // namespace quorate::command
