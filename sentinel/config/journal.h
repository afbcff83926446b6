// The journal of the state: what elections and failovers change, a line each, appended to a small
// file beside the state (<file>.journal), so that a vote waits for one small append and its
// fdatasync and not for the whole state to be written and renamed. The state is written anew soon
// after, and has then a new journal.
//
//   line   = <xxh3-64 of the JSON, 16 hex digits> ' ' <JSON> '\n'
//   first  = {"journal": <generation>, "myid": ..}, those of the state it goes on from
//   others = {"current-epoch": .., "groups": [..]}, absolute values: later ones stand over earlier
//
// Every line is durable before the next is begun, and none is appended after one that failed. So
// only the last can be torn, and nobody was told of it; damage before that is refused at start,
// like damage of the state itself.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "sentinel/core/durable.h"
#include "shared/base/result.h"

namespace quorate::sentinel::config {

// What moves, of one group.
struct GroupMoves {
  std::string name;
  core::Vote vote;
  base::Epoch config_epoch;
  base::Endpoint primary;
  std::vector<base::Endpoint> replicas;
};
struct JournalEntry {
  base::Epoch current_epoch;
  std::vector<GroupMoves> groups;  // those that have changed
};

std::string JournalPath(const std::string& config_path);

// What takes one state to the other; absent: more has changed than a journal holds.
std::optional<JournalEntry> Difference(const core::DurableState& from,
                                       const core::DurableState& to);

std::string JournalHeader(uint64_t generation, const base::RunId& myid);
std::string JournalLine(const JournalEntry& entry);

// Brings `state` up to date. Of a journal to an earlier state only epochs and votes are taken: that
// state may be of a second process, which was started beside the one that goes on with the journal.
// A journal of another sentinel says nothing. Groups that the state does not have are passed over,
// and no epoch falls. Error: for the operator.
base::Status ApplyJournal(std::string_view journal, core::DurableState& state);

}  // namespace quorate::sentinel::config
