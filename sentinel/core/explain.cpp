#include "sentinel/core/explain.h"

#include <algorithm>

#include "sentinel/core/electorate.h"
#include "sentinel/core/maintenance.h"
#include "sentinel/core/timings.h"

namespace quorate::sentinel::core {
namespace {

Eligibility JudgementOf(const std::vector<Candidate>& candidates, const base::Endpoint& address) {
  const auto found = std::find_if(candidates.begin(), candidates.end(),
                                  [&](const Candidate& c) { return c.address == address; });
  return found == candidates.end() ? Eligibility::kNotAReplica : found->eligibility;
}

std::vector<std::string> Obstacles(const State& state, const Group& group,
                                   const Explanation& explanation, base::Instant now) {
  std::vector<std::string> obstacles;
  const auto add = [&obstacles](bool in_the_way, std::string what) {
    if (in_the_way) obstacles.push_back(std::move(what));
  };
  const size_t usable = explanation.votes_reachable;
  add(state.tilt_since.has_value(), "TILT: this sentinel was stalled and neither acts nor votes");
  add(state.persist_failed, "the state cannot be saved: no vote, no candidacy");
  add(state.duplicate_heard_at.has_value(), "another sentinel uses our id: no vote, no candidacy");
  if (IsPaused(group))
    add(true, "paused for another " +
                  std::to_string(base::ToMs(*group.maintenance.until - now) / 1000) +
                  " s: " + group.maintenance.reason);
  add(group.consent && !group.consent->given, "pre-failover-script is being asked");
  add(group.failover.has_value(), "a failover is in progress");
  add(group.pending_config.has_value(), "a new configuration is being saved");
  add(usable < group.options.quorum, "quorum " + std::to_string(group.options.quorum) +
                                         " cannot agree: " + std::to_string(usable) +
                                         " sentinels answer");
  add(usable < explanation.votes_needed, std::to_string(explanation.votes_needed) +
                                             " votes are needed: " + std::to_string(usable) +
                                             " sentinels answer");
  add(now < group.may_stand_at,
      "no candidacy for another " + std::to_string(base::ToMs(group.may_stand_at - now)) + " ms");
  add(!explanation.heir_if_lost, "no replica is eligible");
  return obstacles;
}

}  // namespace

Explanation Explain(const State& state, const Group& group, base::Instant now) {
  const Timings& timings = state.settings.timings;
  const std::vector<Candidate> lost = RankReplicas(group, timings, now, Occasion::kPrimaryLost);
  const std::vector<Candidate> planned = RankReplicas(group, timings, now, Occasion::kSwitchover);
  Explanation result;
  result.heir_if_lost = BestOf(lost);
  result.heir_if_planned = BestOf(planned);
  for (const Candidate& candidate : lost)
    result.replicas.push_back(
        {candidate.address, candidate.eligibility, JudgementOf(planned, candidate.address)});
  result.electorate = Electorate(group);
  result.votes_needed = VotesNeeded(group);
  result.votes_reachable = UsableSentinels(state, group);
  result.obstacles = Obstacles(state, group, result, now);
  result.until_silence_counts = group.options.down_after;
  result.until_death_counts =
      group.options.failure_detection == FailureDetection::kFast
          ? std::min<base::Duration>(kCrashDebounce, group.options.down_after)
          : group.options.down_after;
  return result;
}

}  // namespace quorate::sentinel::core
