// SENTINEL SET ... PROPAGATE: options that all sentinels of a group are to have. Each is kept with
// a version beside the option that it sets. Whoever propagates gives it the next version, at least
// the time of day, so that the last word wins even if it was said to a sentinel that had not heard
// the others; of two with the same version the greater by its text. Every sentinel of ours tells
// each peer of ours what that may not know: all of it over a new link, and what has changed since,
// its own or heard, so that it also gets to those whom the first one did not reach.
//
//   SENTINEL SET <group> VERSION <version> <words> <option> <value> [<value>] [VERSION ...]...
//
// is how it is told (`words`: how many follow, so that an option unknown here can be passed over).
// Of what comes only what is newer is applied: a value that an operator set on one sentinel alone
// stays until somebody propagates that option anew.
//
// Scripts are files of one machine and cannot be shared.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "sentinel/core/turn.h"

namespace quorate::sentinel::core {

// One option with its value or values, as in SENTINEL SET; its name in its one spelling.
using Statement = std::vector<std::string>;

struct VersionedStatement {
  uint64_t version = 0;
  Statement statement;
};
// The words after the group's name, as another sentinel says them; absent: malformed.
std::optional<std::vector<VersionedStatement>> ParseShared(const std::vector<std::string>& words);

// The statements were applied here and are shared from now on. `asked_at`: by the operator.
void ShareSettings(Group& group, const std::vector<Statement>& statements, base::WallTime asked_at);
// It is newer than what is known here, and there is room for it.
bool IsNewer(const Group& group, const VersionedStatement& shared);
// It was applied here, and is passed on from now on. Precondition: IsNewer.
void AdoptShared(Group& group, const VersionedStatement& shared);
// Whether the group may share so much.
bool MayShare(const Group& group, const std::vector<Statement>& statements);

// Tells the peers what they may not know yet.
void KeepSharedSettings(Turn& turn, Group& group);

}  // namespace quorate::sentinel::core
