#include "sentinel/core/durable.h"

#include <algorithm>

#include "sentinel/core/electorate.h"
#include "sentinel/core/state.h"

namespace quorate::sentinel::core {
namespace {

DurableGroup ToDurable(const Group& group) {
  DurableGroup durable;
  durable.name = group.name;
  durable.options = group.options;
  durable.primary = group.primary.address;
  durable.config_epoch = group.config_epoch;
  durable.vote = group.vote;
  durable.electorate_met = ElectorateWithReplaced(group);
  durable.shared = group.shared;
  for (const auto& [address, replica] : group.replicas) durable.replicas.push_back(address);
  for (const auto& [id, peer] : group.peers) durable.peers.push_back({id, peer.address});
  // What is to take effect once durable is durable first.
  if (group.pending_config) {
    durable.config_epoch = group.pending_config->epoch;
    durable.primary = group.pending_config->primary;
    for (base::Endpoint& address : durable.replicas)
      if (address == durable.primary) address = group.primary.address;
    if (durable.primary != group.primary.address && group.replicas.count(durable.primary) == 0)
      durable.replicas.push_back(group.primary.address);
  }
  return durable;
}

}  // namespace

DurableState ToDurable(const State& state) {
  DurableState durable;
  durable.myid = state.myid;
  durable.current_epoch = state.current_epoch;
  durable.retired = state.retired;
  durable.retired_vote_floor = state.retired_vote_floor;
  for (const auto& [name, group] : state.groups) durable.groups.push_back(ToDurable(group));
  return durable;
}

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
