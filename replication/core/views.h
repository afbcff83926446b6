// What INFO replication, ROLE, CLIENT LIST and the tests see of the machines. Plain copies of
// facts.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "shared/base/ids.h"
#include "shared/base/time.h"

namespace quorate::replication::core {

// A replica's connection to us, by the id the server gave the connection (CLIENT LIST's id).
enum class ReplicaId : uint64_t {};

// As in Redis, a replica waits until its snapshot has been made, whether it is sent meanwhile or not.
enum class ReplicaPhase { kWaitSnapshot, kSendSnapshot, kOnline };
// "wait_bgsave", "send_bulk", "online".
std::string_view InfoName(ReplicaPhase phase);

struct ReplicaView {
  ReplicaId id{};
  std::string ip;     // as announced by REPLCONF ip-address, else the peer's
  uint16_t port = 0;  // as announced by REPLCONF listening-port
  ReplicaPhase phase = ReplicaPhase::kWaitSnapshot;
  base::Offset acknowledged;
  int64_t lag_seconds = 0;     // since the last acknowledgement; 0 until online
  uint64_t pending_bytes = 0;  // stream bytes not yet handed to the kernel
  bool acknowledges = false;   // has the stream, and says how far it is
  // How far behind it is, as far as its acknowledgements tell (it sends one a second): bytes of the
  // stream that it has not acknowledged, and how old the first of them is (stream_clock.h). Zero if
  // it has all; empty while it has not acknowledged anything, or if nobody knows.
  std::optional<int64_t> lag_bytes = std::nullopt;
  std::optional<base::Duration> lag = std::nullopt;
  std::optional<base::RunId> process = std::nullopt;  // its run id, if it is a node like us
};

enum class LinkState { kConnect, kConnecting, kHandshake, kSync, kConnected };
// ROLE's words: "connect", "connecting", "handshake", "sync", "connected".
std::string_view RoleName(LinkState state);

// Why a full sync was refused (replica.h, U7): what the primary offers is empty, or is provably
// older than what we have.
// kEmptyUnsure: empty, and we were restarted since we were in sync with it, if we ever were.
enum class SyncRefusal { kEmpty, kOlder, kEmptyUnsure };
// "empty", "older", "empty-unsure".
std::string_view InfoName(SyncRefusal refusal);

struct UpstreamView {
  base::Endpoint primary;
  LinkState state = LinkState::kConnect;
  // master_last_io_seconds_ago: -1 while not connected.
  int64_t last_io_seconds = -1;
  bool sync_in_progress = false;
  base::Offset read;     // slave_read_repl_offset: received, perhaps not applied (inside MULTI)
  base::Offset applied;  // slave_repl_offset
  // While the link is down: seconds since it broke, -1 if it never was up.
  int64_t down_seconds = -1;
  // While a snapshot arrives; total is -1 with the EOF framing.
  int64_t sync_total_bytes = 0;
  int64_t sync_read_bytes = 0;
  int64_t sync_last_io_seconds = 0;
  // While what this primary offers is refused.
  std::optional<SyncRefusal> refused = std::nullopt;
};

struct BacklogView {
  bool active = false;
  uint64_t limit = 0;
  int64_t first_byte = 0;  // 1-based, 0 when inactive
  uint64_t length = 0;
  uint64_t memory = 0;
  // On disk; the limit is 0 if nothing is to be written there.
  uint64_t disk_limit = 0;
  int64_t disk_first_byte = 0;  // 1-based, 0 when there is nothing
  uint64_t disk_length = 0;
  int64_t disk_written = 0;  // the history is on disk up to here
  std::string disk_problem;  // why nothing is written; empty = all is well
};

// Of replicas, since the start or CONFIG RESETSTAT.
struct SyncCounters {
  uint64_t full = 0;           // sync_full
  uint64_t partial_ok = 0;     // sync_partial_ok
  uint64_t partial_error = 0;  // sync_partial_err
  uint64_t over_limit = 0;     // dropped, as client_output_buffer_limit_disconnections counts
};

}  // namespace quorate::replication::core
