#include "sentinel/core/replica_selection.h"

#include <algorithm>
#include <tuple>

#include "sentinel/core/links.h"

namespace quorate::sentinel::core {
namespace {

constexpr int kMaxSilentPings = 5;
constexpr base::Duration kMaxInfoAgePrimaryDown = std::chrono::seconds(5);
constexpr int kMaxInfoPeriodsPrimaryUp = 3;

base::Duration MaxInfoAge(const Group& group, const Timings& timings) {
  return group.primary.sdown_since ? kMaxInfoAgePrimaryDown
                                   : kMaxInfoPeriodsPrimaryUp * timings.info_period;
}

// For how long the replicas have been without the primary, by the one that held its link longest;
// absent if none of them knows.
std::optional<base::Duration> DeathByReplicas(const Group& group) {
  std::optional<base::Duration> shortest;
  for (const auto& [address, replica] : group.replicas) {
    const bool witness = replica.command.up() && replica.info_at &&
                         replica.reported_role == Role::kReplica &&
                         replica.primary == group.primary.address &&
                         (replica.primary_link_up || replica.primary_link_down.count() > 0);
    if (witness && (!shortest || replica.primary_link_down < *shortest))
      shortest = replica.primary_link_down;
  }
  return shortest;
}

// How long a replica may have been without its primary; absent: any time.
std::optional<base::Duration> MaxLinkDown(const Group& group, base::Instant now) {
  const base::Duration slack = kMaxLinkDownAfters * group.options.down_after;
  if (!group.primary.sdown_since) return slack;
  const base::Duration seen = now - *group.primary.sdown_since;
  if (group.primary.command.has_answered) return seen + slack;
  const std::optional<base::Duration> told = DeathByReplicas(group);
  if (!told) return std::nullopt;
  return std::max(seen, *told) + slack;
}

// The group's primary was made a replica of this node, which reports primary.
bool HasTheRole(const Group& group, const Replica& replica) {
  return group.primary.reported_role == Role::kReplica && group.primary.primary == replica.address;
}

// What the group's history had, as far as anybody has told.
base::Offset Newest(const Group& group) {
  base::Offset newest = group.primary.primary_offset.value_or(base::Offset());
  for (const auto& [address, replica] : group.replicas)
    if (SharesHistory(group, replica)) newest = std::max(newest, replica.offset);
  return newest;
}

bool Lags(const Group& group, const Replica& replica) {
  const int64_t most = group.options.max_lag_on_failover;
  if (most == 0 || replica.sync_refused) return false;
  // Offsets of different histories say nothing about each other: nothing is known that it has.
  return !SharesHistory(group, replica) || Newest(group).bytes() - replica.offset.bytes() > most;
}

Eligibility Judge(const Group& group, const Replica& replica, const Timings& timings,
                  base::Instant now, Occasion occasion) {
  if (replica.sdown_since) return Eligibility::kDown;
  if (!replica.command.up()) return Eligibility::kDisconnected;
  if (now - replica.command.last_valid_reply > kMaxSilentPings * timings.ping_period)
    return Eligibility::kNotAnswering;
  if (replica.doubted_since) return Eligibility::kDoubted;
  if (replica.priority == 0) return Eligibility::kPriorityZero;
  if (!replica.info_at || now - *replica.info_at > MaxInfoAge(group, timings))
    return Eligibility::kStaleInfo;
  if (replica.reported_role == Role::kPrimary)
    return HasTheRole(group, replica) ? Eligibility::kEligible : Eligibility::kNotAReplica;
  if (replica.sync_in_progress) return Eligibility::kSyncing;
  const std::optional<base::Duration> most = MaxLinkDown(group, now);
  if (most && replica.primary_link_down > *most) return Eligibility::kStaleData;
  if (occasion == Occasion::kSwitchover) {
    if (replica.primary != group.primary.address) return Eligibility::kFollowsAnother;
    if (!SharesStream(group, replica)) return Eligibility::kOtherHistory;
  } else if (Lags(group, replica)) {
    return Eligibility::kLagging;
  }
  return Eligibility::kEligible;
}

struct Ranked {
  Candidate candidate;
  const Replica* replica;
};

// A missing run id is the last.
auto RunIdKey(const Replica& replica) {
  return std::make_tuple(!replica.run_id.has_value(), replica.run_id.value_or(base::RunId()));
}

bool Better(const Ranked& a, const Ranked& b, Occasion occasion) {
  const bool a_out = a.candidate.eligibility != Eligibility::kEligible;
  const bool b_out = b.candidate.eligibility != Eligibility::kEligible;
  if (a_out != b_out) return b_out;
  // What the primary has lost is what is to be saved.
  if (occasion == Occasion::kPrimaryLost && a.replica->sync_refused != b.replica->sync_refused)
    return a.replica->sync_refused;
  if (a.candidate.same_history != b.candidate.same_history) return a.candidate.same_history;
  const int64_t a_data = -a.replica->offset.bytes();
  const int64_t b_data = -b.replica->offset.bytes();
  const int64_t a_priority = a.replica->priority;
  const int64_t b_priority = b.replica->priority;
  const auto a_key = occasion == Occasion::kPrimaryLost ? std::tie(a_data, a_priority)
                                                        : std::tie(a_priority, a_data);
  const auto b_key = occasion == Occasion::kPrimaryLost ? std::tie(b_data, b_priority)
                                                        : std::tie(b_priority, b_data);
  if (a_key != b_key) return a_key < b_key;
  return RunIdKey(*a.replica) < RunIdKey(*b.replica);
}

}  // namespace

std::string_view EligibilityName(Eligibility eligibility) {
  switch (eligibility) {
    case Eligibility::kEligible:
      return "eligible";
    case Eligibility::kDown:
      return "down";
    case Eligibility::kDisconnected:
      return "disconnected";
    case Eligibility::kNotAnswering:
      return "not answering";
    case Eligibility::kPriorityZero:
      return "priority 0";
    case Eligibility::kStaleInfo:
      return "no fresh INFO";
    case Eligibility::kStaleData:
      return "disconnected from the primary for too long";
    case Eligibility::kSyncing:
      return "in the middle of a full sync";
    case Eligibility::kNotAReplica:
      return "not a replica";
    case Eligibility::kDoubted:
      return "not heard from since SENTINEL RESET";
    case Eligibility::kFollowsAnother:
      return "follows another node";
    case Eligibility::kOtherHistory:
      return "of another replication history";
    case Eligibility::kLagging:
      return "lacks more than max-lag-on-failover";
  }
  return "";
}

bool SharesHistory(const Group& group, const Replica& replica) {
  if (!group.primary.replication_id || !replica.replication_id) return true;
  return replica.replication_id == group.primary.replication_id ||
         replica.second_replication_id == group.primary.replication_id ||
         replica.replication_id == group.primary.second_replication_id;
}

bool SharesStream(const Group& group, const Replica& replica) {
  return replica.replication_id == group.primary.replication_id;
}

std::vector<Candidate> RankReplicas(const Group& group, const Timings& timings, base::Instant now,
                                    Occasion occasion) {
  std::vector<Ranked> ranked;
  ranked.reserve(group.replicas.size());
  for (const auto& [address, replica] : group.replicas)
    ranked.push_back(
        {{address, Judge(group, replica, timings, now, occasion), SharesHistory(group, replica)},
         &replica});
  std::stable_sort(ranked.begin(), ranked.end(),
                   [occasion](const Ranked& a, const Ranked& b) { return Better(a, b, occasion); });
  std::vector<Candidate> candidates;
  candidates.reserve(ranked.size());
  for (Ranked& entry : ranked) candidates.push_back(std::move(entry.candidate));
  return candidates;
}

std::optional<base::Endpoint> BestOf(const std::vector<Candidate>& ranked) {
  if (ranked.empty() || ranked.front().eligibility != Eligibility::kEligible) return std::nullopt;
  return ranked.front().address;
}

std::optional<base::Endpoint> SelectHeir(const Group& group, const Timings& timings,
                                         base::Instant now, Occasion occasion) {
  return BestOf(RankReplicas(group, timings, now, occasion));
}

}  // namespace quorate::sentinel::core
