// What a sentinel must not forget: the whole of it in one value. sentinel/config writes it to disk
// and reads it back; a Sentinel is constructed from it, and Sentinel::Durable() gives the one to be
// written next.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "sentinel/core/settings.h"
#include "shared/base/ids.h"

namespace quorate::sentinel::core {

// The newest vote given in one group. A later vote needs a higher epoch, for ever. `leader` may be
// lost (Redis' file does not keep it): then the vote is spent all the same.
struct Vote {
  base::Epoch epoch;
  std::optional<base::RunId> leader;

  friend bool operator==(const Vote&, const Vote&) = default;
};

struct DurablePeer {
  base::RunId id;
  base::Endpoint address;

  friend bool operator==(const DurablePeer&, const DurablePeer&) = default;
};

// An option that SENTINEL SET ... PROPAGATE has told all sentinels of a group (shared_settings.h).
struct SharedOption {
  uint64_t version = 0;
  std::vector<std::string> statement;  // the option and its values

  friend bool operator==(const SharedOption&, const SharedOption&) = default;
};
// By option (and renamed command).
using SharedSettings = std::map<std::string, SharedOption>;

struct DurableGroup {
  std::string name;
  base::Endpoint primary;  // the current one, that is after failovers
  GroupOptions options;
  base::Epoch config_epoch;
  Vote vote;
  // Sentinels, with ourselves, that elections count on; grows as more are met.
  uint32_t electorate_met = 0;
  std::vector<base::Endpoint> replicas;
  std::vector<DurablePeer> peers;
  SharedSettings shared;

  friend bool operator==(const DurableGroup&, const DurableGroup&) = default;
};

// What is kept of a group that was removed: monitored again under its name, it goes on from there.
struct RetiredGroup {
  base::Epoch vote;
  uint32_t electorate = 0;

  friend bool operator==(const RetiredGroup&, const RetiredGroup&) = default;
};

struct State;

struct DurableState {
  base::RunId myid;  // zero: none yet; the Sentinel then generates one and persists it first of all
  base::Epoch current_epoch;
  std::vector<DurableGroup> groups;             // by name
  std::map<std::string, RetiredGroup> retired;  // by group name
  // No group ever votes in this epoch or below: what is left of those beyond kMaxRetiredGroups.
  base::Epoch retired_vote_floor;
  // Of the journal that goes on from this state (config/journal.h); the core does not look at it.
  uint64_t journal = 0;

  friend bool operator==(const DurableState&, const DurableState&) = default;
};

// What is to be written now. A configuration that is to take effect once it is durable is in it.
DurableState ToDurable(const State& state);

// What was read back, with what no sentinel may start with put right: files get edited, and copied
// from one sentinel to another. The current epoch is at least every epoch that was used, or votes
// would be given twice in one (E2); and we are no peer of our own, whose answers and votes would
// count as another's (E5).
DurableState MadeConsistent(DurableState state);

}  // namespace quorate::sentinel::core
