// One Step in progress: the time, what may be changed and what has been decided so far. The
// rules take a Turn and the group that they concern, and what they are told; they know of nothing
// else.
#pragma once

#include <algorithm>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "sentinel/core/actions.h"
#include "sentinel/core/state.h"
#include "shared/base/random.h"
#include "shared/base/time.h"

namespace quorate::sentinel::core {

// An answer to a client that must not leave before `version` is durable.
struct HeldReply {
  uint64_t version = 0;
  ClientId client{};
  CommandReply if_durable;
  CommandReply if_failed;
};

class Turn {
 public:
  Turn(base::Instant now, State& state, base::Random& random, std::vector<HeldReply>& held)
      : now_(now), state_(state), random_(random), held_(held) {}

  base::Instant now() const { return now_; }
  State& state() { return state_; }
  base::Random& random() { return random_; }
  const Timings& timings() const { return state_.settings.timings; }

  // One of the structs of Action.
  template <typename A>
  void Do(A&& action) {
    actions_.emplace_back(std::forward<A>(action));
  }
  Actions TakeActions() { return std::move(actions_); }

  // An event of a group, with its notification script if one is due.
  void Announce(const Group& group, EventType type, std::string payload);
  // Shorthands for events whose payload is just the instance, or the instance and `more`.
  void AnnouncePrimary(const Group& group, EventType type, std::string_view more = {});
  void AnnounceReplica(const Group& group, const Replica& replica, EventType type,
                       std::string_view more = {});
  void AnnouncePeer(const Group& group, const Peer& peer, EventType type,
                    std::string_view more = {});
  void AnnounceProcess(EventType type, std::string payload);

  // Asks for the state to be made durable, at most once a turn; everything changed in this turn is
  // covered. Returns the version to wait for.
  uint64_t Persist();
  // The same for what was merely found and would be found again: nobody waits for it.
  void PersistSoon();
  // The same, into the state's own file.
  uint64_t PersistWhole();
  // False: so many answers wait for the disk that no request that needs it is taken on.
  bool MayHold() const { return held_.size() < kMaxHeldReplies; }
  bool IsDurable(uint64_t version) const { return state_.durable_version >= version; }
  void Respond(ClientId client, CommandReply reply);
  // Responds once `version` is durable, or has failed. Precondition: MayHold() before the change
  // that `version` makes durable; past the limit the client is told that it has failed.
  void RespondWhenDurable(HeldReply reply);

  // Have the group looked at in this turn.
  void Touch(const std::string& group) { touched_.insert(group); }
  void TouchAll();
  std::set<std::string>& touched() { return touched_; }

  // While a group or peer link is advanced: the earliest time at which it must be looked at again,
  // and whether something changed that the others of its rules should see now.
  void WakeAt(base::Instant when) { wake_ = std::min(wake_, when); }
  void Progress() { progressed_ = true; }
  void BeginAdvance() {
    wake_ = base::Instant::max();
    progressed_ = false;
  }
  base::Instant wake() const { return wake_; }
  bool progressed() const { return progressed_; }

 private:
  base::Instant now_;
  State& state_;
  base::Random& random_;
  std::vector<HeldReply>& held_;
  Actions actions_;
  std::set<std::string> touched_;
  base::Instant wake_ = base::Instant::max();
  bool progressed_ = false;
  bool persisting_ = false;  // at once
  bool persisting_soon_ = false;
};

// `now` has reached `due`; otherwise the turn is told to come back then.
inline bool IsDue(Turn& turn, base::Instant due) {
  if (turn.now() >= due) return true;
  turn.WakeAt(due);
  return false;
}

}  // namespace quorate::sentinel::core
