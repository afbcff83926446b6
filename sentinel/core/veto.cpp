#include "sentinel/core/veto.h"

#include <algorithm>
#include <string>

#include "sentinel/core/names.h"
#include "sentinel/core/replica_selection.h"

namespace quorate::sentinel::core {
namespace {

void Ask(Turn& turn, Group& group) {
  const base::Endpoint primary = Shown(turn.state(), group.primary.address);
  base::Endpoint heir{"-", 0};
  if (const auto best = SelectHeir(group, turn.timings(), turn.now(), Occasion::kPrimaryLost))
    heir = Shown(turn.state(), *best);
  const uint64_t question = ++turn.state().last_id;
  group.consent = Consent{*group.odown_since, question, false};
  turn.Do(AskVeto{question,
                  {group.options.pre_failover_script, group.name, primary.host,
                   std::to_string(primary.port), heir.host, std::to_string(heir.port)},
                  group.options.pre_failover_timeout});
}

}  // namespace

bool MayProceed(Turn& turn, Group& group) {
  if (group.options.pre_failover_script.empty()) return true;
  if (!group.consent || group.consent->odown_since != *group.odown_since) Ask(turn, group);
  return group.consent->given;
}

void OnVetoAnswered(Turn& turn, const VetoAnswered& answered) {
  const auto found = std::ranges::find_if(turn.state().groups, [&](const auto& entry) {
    return entry.second.consent && entry.second.consent->question == answered.question;
  });
  if (found == turn.state().groups.end()) return;
  Group& group = found->second;
  // What was asked for is over, or has begun without us.
  if (group.consent->odown_since != group.odown_since || group.failover ||
      group.options.pre_failover_script.empty())
    return group.consent.reset();
  turn.Touch(group.name);
  const bool silent = answered.verdict == Verdict::kNone;
  const bool proceed = silent ? group.options.pre_failover_on_timeout == NoVerdict::kProceed
                              : answered.verdict == Verdict::kProceed;
  if (proceed) {
    if (silent)
      turn.AnnouncePrimary(group, EventType::kNoVerdict, "#" + answered.detail + ", going on");
    group.consent->given = true;
    return;
  }
  turn.AnnouncePrimary(group, EventType::kVetoed, "#" + answered.detail);
  group.consent.reset();
  group.may_stand_at = std::max(group.may_stand_at, turn.now() + kVetoBackoff);
}

}  // namespace quorate::sentinel::core
