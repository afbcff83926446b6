// Keeping connections: when to open one, when to give one up, when to ping. One command link and
// one pub/sub link per data node; one command link per peer sentinel, shared by all groups that
// know it.
//
// A peer's address may be another's by now. So every connection to one begins with SENTINEL MYID
// (strangers.h): only over one that is proven is a peer asked what it sees and for its vote, and it
// is hung up if another id answers. Otherwise one process could be counted as two (E1).
//
// What a link's clocks mean (down_detection.h reads them): `unanswered_since` is the oldest ping
// without a valid reply and survives reconnects; a link that never came up counts from its
// creation.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "sentinel/core/inputs.h"
#include "sentinel/core/turn.h"

namespace quorate::sentinel::core {

// A data node that is seen for the first time: clocks started, links due.
DataNode NewDataNode(base::Endpoint address, base::Instant now);

// Of a primary and a peer; of a replica while its primary is in doubt.
base::Duration PingPeriod(const Turn& turn, base::Duration down_after);

// Opens, recycles and pings the links of a data node as is due.
void KeepDataLinks(Turn& turn, const Group& group, DataNode& node);
void KeepPeerLink(Turn& turn, PeerLink& link);
// Opens a command link now, whose fate its owner follows. Precondition: it is closed.
void OpenCommandLink(Turn& turn, Link& link, const base::Endpoint& to, LinkOwner owner);

// What is due soon travels with what is due now: one write here, one answer there. A ping goes
// along with something that was just sent if half of its period has passed; something may go along
// with a ping that was just sent if it is due within half of a ping period.
void PingAlong(Turn& turn, const Group& group, DataNode& node);
bool GoesAlong(const Turn& turn, const Group& group, const DataNode& node, base::Instant due);

// Closes both links; they are opened again when due.
void DropDataLinks(Turn& turn, DataNode& node);
void DropLink(Turn& turn, Link& link);
void DropPeerLink(Turn& turn, PeerLink& link);

// Brings State::peer_links into line with the peers that the groups know: new links, changed
// addresses, users, and the removal of those that nobody uses. Call after any change of peers or of
// a group's down-after.
void RefreshPeerLinks(Turn& turn);

void OnDataLinkUp(Turn& turn, const Group& group, DataNode& node, LinkId id,
                  std::string local_host);
// A subscription that is refused (no password, no permission) is no link: tried again later.
void OnSubscribeReply(Turn& turn, Link& link, const WireReply& reply);
// A link to a sentinel, peer or not yet, is up: says who we are.
void GreetSentinel(Turn& turn, Link& link, std::string local_host);
void OnPeerLinkUp(Turn& turn, PeerLink& link, std::string local_host);
// The same for a link that has been greeted and is proven: it becomes the peer's, which has none.
void AdoptLink(Turn& turn, PeerLink& peer, Link link);
// What it answered to SENTINEL MYID.
void OnPeerMyid(Turn& turn, PeerLink& link, const WireReply& reply);
void OnLinkDown(Turn& turn, Link& link, LinkFailure failure);

std::string_view LinkFailureName(LinkFailure failure);

// Sends a command whose reply matters. Precondition: link.up().
void SendRequest(Turn& turn, Link& link, std::vector<std::string> argv, RequestPurpose purpose);
// Same, towards a data node: the command's name as the group's rename-command has it.
void SendToNode(Turn& turn, const Group& group, DataNode& node, std::vector<std::string> argv,
                RequestPurpose purpose = ForNothing{});
// True while a link takes more of the commands that can wait.
bool HasRoom(const Link& link);

void OnPingReply(Turn& turn, CommandLink& link, const WireReply& reply);

// Something valid was heard within `time`, over a link that is still up.
bool HasAnsweredWithin(const CommandLink& link, base::Instant now, base::Duration time);

// What was silent until now counts from now on. No effect on a link that is up and owes nothing.
void ForgetSilence(CommandLink& link, base::Instant now);

}  // namespace quorate::sentinel::core
