// One connection as the server's engine sees it - a client, a replica's link, or the session in
// which our primary's commands run: the common client state (shared/session/client.h) and what the
// server's commands add to it: database, transaction, watched keys, what it is blocked on.
//
// Lifetime: the owner (a serve::Connection, the replication bridge) registers it with
// Engine::AddSession and unregisters it with Engine::RemoveSession before its destruction.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <variant>

#include "replication/core/standing.h"
#include "server/engine/transaction.h"
#include "shared/base/ids.h"
#include "shared/base/time.h"
#include "shared/session/client.h"

namespace quorate::server::engine {

using session::ReplyMode;

// What the peer is to us. A normal session becomes a replica by PSYNC or SYNC, and a monitor by
// MONITOR (until RESET); the primary's session is made by the server's runtime and never answers.
enum class SessionKind : uint8_t { kNormal, kReplica, kPrimary, kMonitor };

// Why a session does not run the requests it has sent.
struct NotBlocked {};
struct BlockedOnWait {  // WAIT: resolved by an acknowledgement, or at the deadline
  int64_t replicas = 0;
  base::Offset offset;
  base::Instant deadline;  // Instant::max() = none
};
struct BlockedOnOffset {  // QUORATE WAITOFFSET: until it is reached, cannot be, or the deadline
  replication::core::Position target;
  base::Instant deadline;  // Instant::max() = none
};
struct BlockedByPause {};     // CLIENT PAUSE: the request stays in `input` until the pause ends
struct BlockedByShutdown {};  // SHUTDOWN waits for replicas
using BlockedState =
    std::variant<NotBlocked, BlockedOnWait, BlockedOnOffset, BlockedByPause, BlockedByShutdown>;

class Session final : public session::Client {
 public:
  using Client::Client;

  bool blocked() const { return !std::holds_alternative<NotBlocked>(blocked_state); }
  // Somebody's own connection, not a link between servers.
  bool is_client() const { return kind == SessionKind::kNormal || kind == SessionKind::kMonitor; }

  SessionKind kind = SessionKind::kNormal;
  int db = 0;
  std::unique_ptr<Transaction> transaction;  // between MULTI and EXEC
  WatchedKeys watched;
  BlockedState blocked_state;
  // Replication offset after this client's last command, which may have seen other clients' writes:
  // what WAIT waits for.
  base::Offset last_offset;
  // The dataset (Engine::OnKeyspaceReplaced numbers them) in which that was; 0 = no command yet.
  uint64_t last_dataset = 0;
  bool wrote = false;  // has changed data, and its answer waits to be sent
};

}  // namespace quorate::server::engine
