// Whom a node follows: its own run id, its primary's, that one's primary's and so on, as far as
// they are nodes like us. A node that finds itself in the ancestry of the one it is to follow would
// follow itself, and the stream would go round in a circle: it refuses.
//
// On the wire: a replica says REPLCONF ... quorate-run-id <its own>, and the primary answers
// "+OK <run id> <run id>..." with its ancestry. Other servers do not know the option and answer an
// error, which costs nothing.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "shared/base/ids.h"

namespace quorate::replication::core {

inline constexpr std::string_view kRunIdOption = "quorate-run-id";

// The node itself first, then upwards.
using Ancestry = std::vector<base::RunId>;

// "OK <run id>..."; no more ids than are read back.
std::string EncodeAncestry(const Ancestry& ancestry);
// Of the answer's line without its "+"; nullopt if it is no such answer. Reads the first
// kLongestAncestry ids.
std::optional<Ancestry> ParseAncestry(std::string_view line);

inline constexpr size_t kLongestAncestry = 16;

}  // namespace quorate::replication::core
