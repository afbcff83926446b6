// One client connection as the engine sees it: who it is, what it has sent but not yet run, and the
// replies that wait to be flushed. No socket: the runtime owns a Session beside its stream, feeds
// it bytes through Engine::Feed, and drains `output` when the engine lists the session as ready.
//
// Lifetime: registered with Engine::AddSession, unregistered before destruction with
// Engine::RemoveSession.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_set>
#include <variant>

#include "server/engine/transaction.h"
#include "shared/base/buffer.h"
#include "shared/base/ids.h"
#include "shared/base/time.h"
#include "shared/resp/request_parser.h"
#include "shared/resp/writer.h"

namespace quorate::server::engine {

// What the peer is to us. A normal session becomes a replica by PSYNC or SYNC; the primary's
// session is made by the replication runtime and never answers.
enum class SessionKind : uint8_t { kNormal, kReplica, kPrimary };

// Why a session does not run the requests it has sent.
struct NotBlocked {};
struct BlockedOnWait {  // WAIT: resolved by Engine::OnReplicaAcknowledged, or at the deadline
  int64_t replicas = 0;
  base::Offset offset;
  base::Instant deadline;  // Instant::max() = none
};
struct BlockedByPause {};     // CLIENT PAUSE: its next request runs when the pause ends
struct BlockedByShutdown {};  // SHUTDOWN waits for replicas
using BlockedState = std::variant<NotBlocked, BlockedOnWait, BlockedByPause, BlockedByShutdown>;

enum class ReplyMode : uint8_t { kOn, kOff, kSkipNext, kSkipThis };

class Session {
 public:
  Session(uint64_t session_id, base::Instant now)
      : id(session_id), created(now), last_interaction(now) {}
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;

  bool blocked() const { return !std::holds_alternative<NotBlocked>(blocked_state); }
  size_t subscription_count() const { return channels.size() + patterns.size(); }
  // RESP2 clients with subscriptions may only run a few commands.
  bool in_subscriber_mode() const { return subscription_count() != 0 && writer.protocol() == 2; }

  const uint64_t id;
  SessionKind kind = SessionKind::kNormal;
  base::Endpoint peer;
  base::Endpoint local;
  bool unix_socket = false;
  std::string name;
  std::string library_name;
  std::string library_version;

  int db = 0;
  bool authenticated = false;
  ReplyMode reply_mode = ReplyMode::kOn;
  bool no_evict = false;
  bool close_after_reply = false;  // set by QUIT and protocol errors: no further request runs
  bool close_now = false;          // set by CLIENT KILL and limits: pending output is dropped
  std::string close_reason;        // for the log

  resp::RequestParser parser;
  base::Buffer input;   // unfinished or not yet runnable requests
  base::Buffer output;  // replies to flush
  resp::Writer writer{output};
  bool listed_ready = false;  // in Engine's ready list

  std::unique_ptr<Transaction> transaction;  // between MULTI and EXEC
  WatchedKeys watched;
  std::unordered_set<std::string> channels;
  std::unordered_set<std::string> patterns;
  BlockedState blocked_state;
  // Replication offset after this client's last write: what WAIT waits for.
  base::Offset last_write_offset;

  base::Instant created;
  base::Instant last_interaction;
  base::Instant output_over_soft_limit_since{};  // Instant{} = not over
  const Command* last_command = nullptr;
  uint64_t commands_run = 0;
};

}  // namespace quorate::server::engine
