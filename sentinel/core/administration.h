// What operators change at run time: SENTINEL MONITOR, REMOVE, RESET, FORGET, SET, FLUSHCONFIG,
// CONFIG SET and DEBUG. Each but RESET, and SET of what another sentinel propagates, answers when
// its change is durable. Texts are checked here, and the errors are Redis', plus one: values with
// control characters, which a configuration file could not hold, are refused.
#pragma once

#include <string_view>

#include "sentinel/core/inputs.h"
#include "sentinel/core/turn.h"

namespace quorate::sentinel::core {

void Monitor(Turn& turn, const MonitorRequested& request);
void Remove(Turn& turn, const RemoveRequested& request);
// Forgets one sentinel that is gone for good, or never was one: it is out of the list and of the
// electorate. One that answers and gossips is refused: it would be met again at once. To be sent to
// every sentinel, as RESET is.
void Forget(Turn& turn, const ForgetRequested& request);
// Forgets peers and any failover of the groups that match - not their epochs and votes. Replicas
// are doubted: not listed, counted or announced, but watched. One that answers as a member of the
// group is a replica again (VerifyReplica), be the primary dead; the others are forgotten some time
// after the primary has answered (ForgetDoubted). Were they forgotten at once, as in Redis, a dead
// primary could not be replaced after a RESET, and one that was replaced while it was off would
// come back as a second one (L1).
void Reset(Turn& turn, const ResetGroups& request);
void ForgetDoubted(Turn& turn, Group& group);
// Options before a bad one stay applied, as in Redis. set_options.cpp.
void SetOptions(Turn& turn, const SetRequested& request);
// The value of that option of SET is a file that has to be executable.
bool IsScriptOption(std::string_view option);
void Flush(Turn& turn, const FlushRequested& request);
void ChangeSettings(Turn& turn, const SettingsChanged& request);

// Builds a group from what was kept of it; no events, links due at once.
Group RestoreGroup(const DurableGroup& durable, base::Instant now);

// "+OK" once everything done so far is durable; otherwise Redis' error about its configuration
// file.
void RespondOkWhenDurable(Turn& turn, ClientId client);

}  // namespace quorate::sentinel::core
