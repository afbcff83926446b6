#include "sentinel/core/tilt.h"

#include <algorithm>
#include <variant>

namespace quorate::sentinel::core {
namespace {

void Forgive(CommandLink& link, base::Duration stall, base::Instant now) {
  if (link.unanswered_since) link.unanswered_since = std::min(now, *link.unanswered_since + stall);
  link.last_valid_reply = std::min(now, link.last_valid_reply + stall);
}

// Moves the clocks of what others owe us by `stall`.
void ForgiveStall(State& state, base::Duration stall, base::Instant now) {
  for (auto& [name, group] : state.groups) {
    Forgive(group.primary.command, stall, now);
    if (group.unsettled_at) *group.unsettled_at += stall;
    for (auto& [address, replica] : group.replicas) Forgive(replica.command, stall, now);
  }
  for (auto& [id, link] : state.peer_links) Forgive(link, stall, now);
  for (auto& [address, stranger] : state.strangers)
    if (std::holds_alternative<Asked>(stranger.standing)) stranger.until += stall;
  if (state.duplicate_heard_at) *state.duplicate_heard_at += stall;
}

}  // namespace

void NoticeStall(Turn& turn, base::Instant due) {
  State& state = turn.state();
  if (due != base::Instant::max() && turn.now() > due + kStallForgiven) {
    const base::Duration stall = turn.now() - due;
    ForgiveStall(state, stall, turn.now());
    if (stall >= turn.timings().tilt_trigger) {
      if (!state.tilt_since) {
        ++state.tilts;
        turn.AnnounceProcess(EventType::kTilt, "#tilt mode entered");
      }
      state.tilt_since = turn.now();
    }
  }
  if (state.tilt_since && turn.now() >= *state.tilt_since + turn.timings().tilt_period) {
    state.tilt_since.reset();
    turn.AnnounceProcess(EventType::kTiltEnd, "#tilt mode exited");
    turn.TouchAll();
  }
}

base::Instant TiltDeadline(const State& state) {
  if (!state.tilt_since) return base::Instant::max();
  return *state.tilt_since + state.settings.timings.tilt_period;
}

}  // namespace quorate::sentinel::core
