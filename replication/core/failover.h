// FAILOVER on a primary, as a machine: writes stop, one replica is awaited until it holds every
// byte, then this node becomes its replica and asks it, in the very PSYNC, to take the role. What
// goes wrong before the role has moved gives it back and lets writes go on.
//
// It decides; the runtime pauses writes and changes roles. Not here: the PSYNC itself (replica.h),
// and the target's side of it (Replication::HandlePsync).
//
//   from            on                                   to              actions
//   NoFailover      Start, all conditions met            WaitingForSync  PauseForFailover
//   WaitingForSync  no candidate acknowledged every byte WaitingForSync  AskReplicas
//   WaitingForSync  a candidate acknowledged every byte, InProgress      HandOver
//                   or answered AskReplicas in full
//   WaitingForSync  its time is over, FORCE              InProgress      HandOver
//   WaitingForSync  its time is over                     NoFailover      EndFailoverPause
//   WaitingForSync  Abort                                NoFailover      EndFailoverPause
//   InProgress      Answered(true)                       NoFailover      EndFailoverPause
//   InProgress      Answered(false), Abort               NoFailover      TakeRoleBack,
//                                                                        EndFailoverPause
//
// Invariants
//   F1  writes are paused exactly while a failover is active().
//   F2  InProgress has a target; without FORCE that target had acknowledged every command. It has
//       the keepalives and questions after them too, or else the new link costs a snapshot, but no
//       data.
//   F3  without FORCE the role goes only to the process that acknowledged, not to whoever answers at
//       its address later: a target that was started again has what its files had. One of ours
//       is known by its run id, before it is asked to take the role. Of any other it is
//       asked, by INFO, how far it has our history, and what it answers to PSYNC FAILOVER may not
//       lie before what it had acknowledged. The taker's part: a replica that has nothing but
//       what its files had refuses a role that asks for more.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "replication/core/views.h"
#include "shared/base/ids.h"
#include "shared/base/result.h"
#include "shared/base/time.h"

namespace quorate::replication::core {

struct FailoverRequest {
  struct Target {
    std::string host;
    int64_t port = 0;  // as the client said: any number
  };
  std::optional<Target> target;           // TO; empty = whoever is first
  std::optional<base::Duration> timeout;  // TIMEOUT
  bool force = false;                     // FORCE
};

enum class FailoverState { kNone, kWaitingForSync, kInProgress };
// INFO's master_failover_state.
std::string_view InfoName(FailoverState state);

// No command may be run that enters the stream, until EndFailoverPause. Keepalives and questions
// may still.
struct PauseForFailover {};
struct EndFailoverPause {};
// Ask the replicas for acknowledgements now, then call Asked: otherwise it is their next tick that
// tells.
struct AskReplicas {};
// Become a replica of `target`, and have it promote itself by PSYNC ... FAILOVER.
struct HandOver {
  base::Endpoint target;
  bool forced = false;                                // it may lack bytes; what follows is empty
  std::optional<base::RunId> process = std::nullopt;  // which acknowledged, if it says who it is
  base::Offset acknowledged = {};                     // by it
};
// Become a primary again.
struct TakeRoleBack {};
struct FailoverNote {
  std::string text;
};
using FailoverAction = std::variant<PauseForFailover, EndFailoverPause, AskReplicas, HandOver,
                                    TakeRoleBack, FailoverNote>;
using FailoverActions = std::vector<FailoverAction>;

class Failover {
 public:
  // The error is the text of a RESP error with its code.
  base::Status Start(base::Instant now, const FailoverRequest& request, bool is_replica,
                     std::span<const ReplicaView> replicas, FailoverActions& actions);
  base::Status Abort(FailoverActions& actions);
  // Something changed: an acknowledgement, a replica, the time. `offset` is the history's.
  void Look(base::Instant now, base::Offset offset, std::span<const ReplicaView> replicas,
            FailoverActions& actions);
  // AskReplicas was done: who has acknowledged `awaited` has every byte up to `end`, the history's
  // offset after the question.
  void Asked(base::Offset awaited, base::Offset end);
  // What the target answered to PSYNC ... FAILOVER.
  void Answered(bool accepted, FailoverActions& actions);

  FailoverState state() const;
  bool active() const { return state() != FailoverState::kNone; }
  // When Look is due at the latest; Instant::max() if nothing waits for time.
  base::Instant NextDeadline() const;

 private:
  struct NoFailover {};
  struct WaitingForSync {
    std::optional<FailoverRequest::Target> target;
    base::Instant deadline = base::Instant::max();
    bool force = false;
    struct Question {
      base::Offset awaited;
      base::Offset end;
    };
    std::optional<Question> question;  // the last one
  };
  struct InProgress {
    base::Endpoint target;
  };

  void GiveUp(std::string_view reason, FailoverActions& actions);
  void Begin(HandOver to, FailoverActions& actions);

  std::variant<NoFailover, WaitingForSync, InProgress> state_;
};

}  // namespace quorate::replication::core
