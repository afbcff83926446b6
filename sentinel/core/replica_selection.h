// Which replica becomes the primary. A pure function of what is known, with a reason for each that
// is not eligible.
//
// Eligible: not down, connected, answering, priority not 0, INFO fresh, its data not older than the
// primary's death by more than ten down-after periods, not in the middle of a full sync - Redis'
// rules and the last. When the primary died is what we saw; if it has never answered us (we
// started, or were RESET, after its death) the replicas say it: when the last of them lost its
// link. So a sentinel that never saw the primary up still finds an heir. Among the eligible, those
// come first that refuse the primary because it has lost data (down_detection.h, rule (e)); then
// those that share the primary's replication history (an offset means nothing in another one);
// then, when the primary is lost, the most data, the lower priority, the smaller run id. In a
// planned switchover the data will be made equal, so the priority goes first;
// and since it can be made equal only along the primary's own stream, a replica that follows
// another node or has another history is not eligible at all.
//
// With max-lag-on-failover a replica does not succeed a lost primary that is known to have had so
// much more: by the last INFO of the primary itself, or by what another replica of its history has.
//
// A node that reports primary is not eligible, but for one: if the group's primary says that it
// follows that very node (an operator swapped the roles by hand, or a sentinel with old news did),
// the node has the role already and the group only has to learn it.
#pragma once

#include <optional>
#include <string_view>
#include <vector>

#include "sentinel/core/state.h"

namespace quorate::sentinel::core {

enum class Eligibility {
  kEligible,
  kDown,
  kDisconnected,
  kNotAnswering,
  kPriorityZero,
  kStaleInfo,
  kStaleData,
  kSyncing,
  kNotAReplica,
  kDoubted,         // not known to be of the group since a RESET
  kFollowsAnother,  // a switchover's only
  kOtherHistory,    // a switchover's only
  kLagging,         // a lost primary's only
};
std::string_view EligibilityName(Eligibility eligibility);

struct Candidate {
  base::Endpoint address;
  Eligibility eligibility = Eligibility::kEligible;
  bool same_history = true;  // or not known to be of another
};

// How many down-after periods before the primary's death a replica may have lost its link.
inline constexpr int kMaxLinkDownAfters = 10;

enum class Occasion { kPrimaryLost, kSwitchover };

// The replica's stream and the primary's are of one history, or one of them has told none.
bool SharesHistory(const Group& group, const Replica& replica);
// Both tell the same replication id, or neither any (servers before Redis 4).
bool SharesStream(const Group& group, const Replica& replica);

// All replicas: the eligible ones first, best first; then the others.
std::vector<Candidate> RankReplicas(const Group& group, const Timings& timings, base::Instant now,
                                    Occasion occasion);

// The best eligible one of RankReplicas.
std::optional<base::Endpoint> BestOf(const std::vector<Candidate>& ranked);
// The same.
std::optional<base::Endpoint> SelectHeir(const Group& group, const Timings& timings,
                                         base::Instant now, Occasion occasion);

}  // namespace quorate::sentinel::core
