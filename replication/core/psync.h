// PSYNC and SYNC as a request, and the decision what the asking replica gets: the rest of the
// stream, a snapshot, or a refusal. Pure: reads the history, changes nothing.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>

#include "replication/core/history.h"
#include "shared/base/ids.h"
#include "shared/base/result.h"

namespace quorate::replication::core {

struct PsyncRequest {
  bool legacy_sync = false;  // SYNC: no +FULLRESYNC line, no acknowledgements, length framing
  std::string id;            // as sent; "?" asks for a snapshot
  int64_t next_byte = -1;    // 1-based number of the first byte wanted (own offset + 1)
  bool failover = false;     // PSYNC ... FAILOVER: promote yourself first
};

// `args` includes the command name. The error is the text of a RESP error with its code ("ERR
// ...").
base::Result<PsyncRequest> ParsePsync(std::span<const std::string_view> args);

// The node's state besides its history, as far as the decision depends on it.
struct PsyncConditions {
  bool is_replica = false;
  bool upstream_in_sync = false;  // meaningful for a replica only
  bool failing_over = false;      // a FAILOVER command is in progress here
  bool pending_output = false;    // the asking connection has unsent replies
};

enum class FullResyncReason {
  kAsked,           // "?" or SYNC
  kForeignHistory,  // neither our id nor our previous one
  kPreviousTooFar,  // our previous id, but past the point where we left it
  kNoBacklog,
  kTooOld,  // before the first byte held
  kAhead,   // after the last byte we have
};
// For people; no trailing period.
std::string_view Describe(FullResyncReason reason);

struct PartialResync {
  base::Offset from;  // the first byte to send
  // FindOffset does not find it: the disk has it.
  bool on_disk = false;
};
struct FullResync {
  FullResyncReason reason = FullResyncReason::kAsked;
};
struct PsyncDenied {
  std::string error;  // RESP error text with its code, without "-"
};
using PsyncDecision = std::variant<PartialResync, FullResync, PsyncDenied>;

PsyncDecision DecidePsync(const PsyncRequest& request, const History& history,
                          const PsyncConditions& conditions);

}  // namespace quorate::replication::core
