#include "replication/core/psync.h"

#include "shared/base/numbers.h"

namespace quorate::replication::core {

base::Result<PsyncRequest> ParsePsync(std::span<const std::string_view> args) {
  PsyncRequest request;
  if (args.empty() || base::EqualsIgnoreCase(args[0], "sync")) {
    request.legacy_sync = true;
    request.id.assign(1, '?');
    return request;
  }
  if (args.size() < 3) return base::Error{"ERR wrong number of arguments for 'psync' command"};
  const std::optional<int64_t> next_byte = base::ParseInt64(args[2]);
  if (!next_byte) return base::Error{"ERR value is not an integer or out of range"};
  request.id = base::ToLower(args[1]);
  request.next_byte = *next_byte;
  request.failover = args.size() > 3 && base::EqualsIgnoreCase(args[3], "failover");
  return request;
}

std::string_view Describe(FullResyncReason reason) {
  switch (reason) {
    case FullResyncReason::kAsked:
      return "the replica asked for a full resync";
    case FullResyncReason::kForeignHistory:
      return "the replica's replication id is not ours";
    case FullResyncReason::kPreviousTooFar:
      return "the replica went past the point where our history left its replication id";
    case FullResyncReason::kNoBacklog:
      return "there is no backlog";
    case FullResyncReason::kTooOld:
      return "the requested offset is no longer in the backlog";
    case FullResyncReason::kAhead:
      return "the requested offset is ahead of ours";
  }
  return "unknown";
}

PsyncDecision DecidePsync(const PsyncRequest& request, const History& history,
                          const PsyncConditions& conditions) {
  if (conditions.failing_over) return PsyncDenied{"NOMASTERLINK Can't SYNC while failing over"};
  if (conditions.is_replica && !conditions.upstream_in_sync) {
    return PsyncDenied{"NOMASTERLINK Can't SYNC while not connected with my master"};
  }
  if (conditions.pending_output) {
    return PsyncDenied{"ERR SYNC and PSYNC are invalid with pending output"};
  }
  if (request.legacy_sync || request.id == "?") return FullResync{FullResyncReason::kAsked};

  // Half-open from here on: the replica holds the first `held` bytes of the history it names.
  // next_byte is untrusted, so no arithmetic before it is known to be positive.
  if (request.next_byte < 1) return FullResync{FullResyncReason::kTooOld};
  const base::Offset held(request.next_byte - 1);
  if (request.id != history.id().view()) {
    if (!history.previous_end() || request.id != history.previous_id().view()) {
      return FullResync{FullResyncReason::kForeignHistory};
    }
    if (held > *history.previous_end()) return FullResync{FullResyncReason::kPreviousTooFar};
  }
  const Backlog* backlog = history.backlog();
  if (backlog == nullptr) return FullResync{FullResyncReason::kNoBacklog};
  if (held > backlog->end()) return FullResync{FullResyncReason::kAhead};
  if (held >= backlog->start()) return PartialResync{held};
  if (history.OnDisk(held)) return PartialResync{held, /*on_disk=*/true};
  return FullResync{FullResyncReason::kTooOld};
}

}  // namespace quorate::replication::core
