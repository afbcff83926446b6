// What we say to servers of ours beyond Redis' protocol, so that at most one of a group accepts
// writes: heartbeats, fences, and orders with the epoch they are of. Servers of others are dealt
// with as Redis Sentinel does.
//
// A heartbeat tells a server its role in our configuration. It goes to the configured primary, at
// every ping or often enough for the primary's lease, and to whoever claims to be a primary without
// being ours. Each answer has a stamp, which the next heartbeat gives back: the primary's lease
// rests on the sentinels that have answered to it lately.
//
// Invariant
//   Z1  no two primaries have a lease that rests on us at the same time: after a change of the
//       configuration the new primary gets no stamp back before the old one's lease, counted from
//       its last answer, is over, or the old one has answered that it is told to be a replica, or
//       has said that it is one, or its process has gone. Since any two majorities have a sentinel
//       in common, at most one primary of a group has a lease. A sentinel that was started again
//       has forgotten when it was answered, and counts from its start. The servers of a group are
//       to have the same primary-lease. With a stock sentinel among the peers there is no lease.
//   Z2  a server that refuses our epoch gets no orders from us: there is a configuration that we
//       have yet to hear of.
//   Z3  if nobody tells us of it for a while, either the server says that it is the primary in that
//       epoch, and it is one that we have heard of in this group: then its word is taken, for an
//       election was won for it, and whoever led died before it could say so - unless our primary
//       is well and still the process that it was when we voted: it has what was written since. Who
//       does not know that leaves it to the others for three times as long. In that case, or if the
//       epoch is of another life (the sentinels of before are gone, or the server was in another
//       group), ours is raised above it, by an election whose outcome is that the primary stays. A
//       group that has had no election takes the word of its primary.
#pragma once

#include <optional>

#include "sentinel/core/turn.h"

namespace quorate::sentinel::core {

// Sends the heartbeat that is due.
void KeepPrimaryHeartbeat(Turn& turn, Group& group);
void KeepReplicaHeartbeat(Turn& turn, Group& group, Replica& replica);
void OnHeartbeatReply(Turn& turn, Group& group, DataNode& node, const ForHeartbeat& heartbeat,
                      const WireReply& reply);

// A server's refusal of our epoch.
struct StaleEpoch {
  base::Epoch epoch;     // that it knows of
  bool primary = false;  // it says that it is the primary in that
};
std::optional<StaleEpoch> ParseStaleEpoch(const WireReply& reply);
// Its answer to an order.
void OnOrderReply(Turn& turn, DataNode& node, const WireReply& reply);
// Z2.
bool RefusesOurEpoch(const Group& group, const DataNode& node);
// Z3. Not to be called in TILT.
void KeepEpoch(Turn& turn, Group& group);

// Until an order of the failover's epoch comes, or some seconds have passed, the servers of the
// group accept no writes, and their replicas have no link to the primary, which makes the offsets
// final that they are asked for next.
void RaiseFence(Turn& turn, Group& group);
// The same for a node that can be reached only now.
void KeepFence(Turn& turn, const Group& group, DataNode& node);
// The fence may be over before a promotion that is sent now arrives.
bool FenceEnds(Turn& turn, const Group& group);
// Nothing comes of it.
void LiftFence(Turn& turn, Group& group);

// `replaced` is not the primary of our configuration any more. Call it before it is moved.
void NoteReplaced(Group& group, DataNode& replaced, base::Instant now);
// What we have answered, or been answered, is not known (any more): we have been started, or RESET.
void ForgetAnswers(Group& group, base::Instant now);
// The node has become the primary of our configuration: its lease is to begin soon.
void ExpectHeartbeats(DataNode& primary);
// Of a primary before, which ends its lease: its connection broke and is refused again and again;
// it says that it is a replica.
void NoteLinkLost(Group& group, const DataNode& node);
void NoteSaysReplica(Group& group, const DataNode& node);

// A peer's answer to INFO: one of ours, or a stock sentinel.
void OnPeerInfo(Turn& turn, PeerLink& link, const WireReply& reply);

}  // namespace quorate::sentinel::core
