// Where the history of this node and the one of the primary it is about to follow part: up to there
// both hold the same bytes, and what lies beyond on our side is thrown away by a full
// synchronisation. Redis' INFO tells enough: an id and how far its stream goes, and the id before
// it with the place where it was left.
//
// Without that (another program, a refused INFO, two unrelated histories) the place can only be
// estimated: what some replica had acknowledged before the role was taken away is presumed to live
// on.
#pragma once

#include <optional>
#include <string_view>

#include "replication/core/history.h"
#include "shared/base/ids.h"

namespace quorate::replication::core {

// What a primary says of its history: master_replid, master_repl_offset, master_replid2 and
// second_repl_offset.
struct PrimaryHistory {
  base::ReplicationId id;
  base::Offset offset;
  base::ReplicationId previous_id;
  std::optional<base::Offset> previous_end;
};

// From the text of INFO replication, whatever else is in it. Nothing if the current id or its
// offset is missing or malformed; a malformed predecessor counts as none.
std::optional<PrimaryHistory> ParsePrimaryHistory(std::string_view info);

// How long the longest common prefix of the two is, as far as they know; nothing if they share no
// id.
std::optional<base::Offset> CommonPrefix(const History& ours, const PrimaryHistory& theirs);

struct Fork {
  base::Offset at;  // never beyond our offset
  bool estimated = false;
};
// `theirs`: if the primary told us. `acknowledged`: the most that any replica ever acknowledged of
// our history; without it the estimate is everything that the backlog still holds.
Fork FindFork(const History& ours, const std::optional<PrimaryHistory>& theirs,
              std::optional<base::Offset> acknowledged);

}  // namespace quorate::replication::core
