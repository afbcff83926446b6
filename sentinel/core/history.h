// Writes down what happens to a group's role, for SENTINEL HISTORY: the leader of a failover
// everything it knows (RecordFailover as soon as the promotion is announced, and again with the
// last phase), the others that it happened. An election that nobody ordered and that was lost
// leaves nothing: it is tried again in milliseconds.
#pragma once

#include <string_view>

#include "sentinel/core/info_parser.h"
#include "sentinel/core/turn.h"

namespace quorate::sentinel::core {

// Our candidacy begins: cause and evidence, as they are now. Precondition: group.failover.
void BeginRecord(Turn& turn, Group& group);
// The phase in progress ends; its time is added to the others of its name.
void NotePhaseEnd(Failover& failover, base::Instant now);
// Elected: whose votes these were.
void NoteVotes(Turn& turn, Group& group);
// The heir is chosen: what it lacks.
void NoteRisk(Group& group);

// The failover in progress has come to `outcome`.
void Record(Turn& turn, Group& group, std::string_view outcome);
// It is given up, by this event.
void RecordAbort(Turn& turn, Group& group, EventType why);
// It is given up for another configuration, or by RESET; what has been done of it stays.
void RecordGivenUp(Turn& turn, Group& group);
// A configuration of another sentinel's replaces `from`.
void RecordObserved(Turn& turn, const Group& group, const PendingConfig& config, Cause cause);

// A server tells of its newest rollback record.
void NoteDiscarded(Turn& turn, const Group& group, DataNode& node, const InfoFacts& facts);

}  // namespace quorate::sentinel::core
