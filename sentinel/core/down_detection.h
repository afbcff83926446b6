// Who is down. Subjectively (SDOWN), each sentinel for itself:
//
//   (a) | nothing valid was heard for down-after, counted from the last that was, though a ping
//       | waits for its answer; valid are +PONG, -LOADING and -MASTERDOWN
//   (b) | a configured primary has reported the role of a replica for down-after and two INFO
//       | periods
//   (c) | a primary that restarted has only said -LOADING for reboot-down-after, if that is set
//   (d) | with failure-detection fast, the process has died: its link broke, connecting is refused
//       | again and again through a debounce, and no replica still holds a link to it
//   (e) | it has lost data: a replica that follows it, of use as an heir, refuses to be emptied or
//       | put back by it (our servers' replica-refuse-empty-primary; Redis' never say so)
//
// Objectively (ODOWN), for a primary: we see it down, and enough peers said so within 5 s to make
// the quorum. Peers are asked when we begin to suspect, then every second; being asked is a hint
// that the asker suspects, and we ask back.
#pragma once

#include "sentinel/core/turn.h"

namespace quorate::sentinel::core {

// SDOWN of all members and ODOWN of the primary. Not to be called in TILT.
void KeepDownDetection(Turn& turn, Group& group);

// The primary answers, as a primary: validly within half of down-after.
bool IsHealthy(const Group& group, base::Instant now);

// The peer has told us within kAnswerValidity that the primary is down.
bool HeardDown(const Peer& peer, base::Instant now);
// Such peers, and ourselves if we see it down.
size_t DownWitnesses(const Group& group, base::Instant now);

// Asks peers whether the primary is down, and for their votes while we are a candidate.
void KeepAsking(Turn& turn, Group& group);
// Asks all of them in this turn's advance.
void HurryAsking(Group& group);

// A peer has asked us: if we suspect too and have no agreement yet, ask back now.
void OnAskedByPeer(Turn& turn, Group& group);

// The answer of a peer to our question, vote included.
void OnMasterDownReply(Turn& turn, const base::RunId& from, const ForMasterDown& question,
                       const WireReply& reply);

// A node has answered a PING. +PONG: what has restarted is up again (c). -BUSY of one that is down:
// its script is killed once per episode.
void NotePingReply(Turn& turn, const Group& group, DataNode& node, const WireReply& reply);

}  // namespace quorate::sentinel::core
