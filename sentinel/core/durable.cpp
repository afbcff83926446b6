#include "sentinel/core/durable.h"

#include <algorithm>

namespace quorate::sentinel::core {

DurableState MadeConsistent(DurableState state) {
  base::Epoch& current = state.current_epoch;
  current = std::max(current, state.retired_vote_floor);
  for (const auto& [name, retired] : state.retired) current = std::max(current, retired.vote);
  for (DurableGroup& group : state.groups) {
    current = std::max({current, group.config_epoch, group.vote.epoch});
    std::erase_if(group.peers, [&](const DurablePeer& peer) { return peer.id == state.myid; });
  }
  return state;
}

}  // namespace quorate::sentinel::core
