// What a sentinel wants done: everything that Sentinel::Step returns, to be carried out in order.
#pragma once

#include <cstdint>
#include <string>
#include <variant>
#include <vector>

#include "sentinel/core/events.h"
#include "sentinel/core/failover_record.h"
#include "sentinel/core/wire.h"
#include "shared/base/ids.h"
#include "shared/base/time.h"

namespace quorate::sentinel::core {

// ---- links ----

enum class LinkKind { kCommand, kPubsub };

// Connect under this new id; answered by LinkUp or LinkDown. No handshake: the core sends AUTH and
// the rest itself.
struct OpenLink {
  LinkId link{};
  LinkKind kind = LinkKind::kCommand;
  base::Endpoint to;
  base::Duration timeout{};
};
// Close and forget; no LinkDown follows.
struct CloseLink {
  LinkId link{};
};
// One command. With request kNone its reply is dropped.
struct Send {
  LinkId link{};
  RequestId request{};
  std::vector<std::string> argv;
};

// ---- names ----

// Resolve a host name; answered by NameResolved.
struct ResolveName {
  std::string host;
};

// ---- durability ----

// Make Sentinel::Durable(), as it is now or later, durable and answer with Persisted{version}.
// Versions grow; several outstanding ones may be served by one write of the newest. What must not
// be seen before it is durable is held back by the core until the answer.
struct PersistState {
  uint64_t version = 0;
  bool whole = false;  // the state's own file is to say it: an operator asked for that
  bool soon = false;   // nobody waits for it: it may share a write with what comes next
};

// ---- towards clients ----

struct OkReply {};
struct ErrorReply {
  std::string text;  // with its code, without '-'
};
inline constexpr char kNoSuchGroup[] = "ERR No such master with that name";
struct IntegerReply {
  int64_t value = 0;
};
// SENTINEL IS-MASTER-DOWN-BY-ADDR: [down, leader ("*" if none), leader_epoch], and for sentinels of
// ours why the vote was refused (a name of election.h; empty: it was not) and how many sentinels
// elections count on here.
struct MasterDownReply {
  bool down = false;
  std::string leader = "*";
  uint64_t leader_epoch = 0;
  std::optional<std::string> refusal = {};
  uint64_t electorate = 0;  // with `refusal`
};
using CommandReply = std::variant<OkReply, ErrorReply, IntegerReply, MasterDownReply>;

struct Respond {
  ClientId client{};
  CommandReply reply;
};
// Publish on the channel named by the event (unless it is a debug event) and log.
struct Announce {
  Event event;
};
// Run the operator's argv[0]; it may veto (veto.h). Answered by VetoAnswered, at the latest after
// `timeout`, when it is killed.
struct AskVeto {
  uint64_t question = 0;
  std::vector<std::string> argv;
  base::Duration timeout{};
};
// For SENTINEL HISTORY: a failover, in the place of what was said of it (group and epoch) before.
struct RecordFailover {
  FailoverRecord record;
};
// And what a server discarded, under the last failover of the group up to that epoch.
struct RecordDiscarded {
  std::string group;
  base::Epoch epoch;
  DiscardedWrites discarded;
};
// Queue a script of the operator: argv[0] is its path.
struct RunScript {
  std::vector<std::string> argv;
};

using Action = std::variant<OpenLink, CloseLink, Send, ResolveName, PersistState, Respond, Announce,
                            RunScript, AskVeto, RecordFailover, RecordDiscarded>;
using Actions = std::vector<Action>;

}  // namespace quorate::sentinel::core
