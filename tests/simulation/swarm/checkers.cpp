#include "tests/simulation/swarm/checkers.h"

#include "replication/core/history.h"

namespace quorate::simulation {

namespace core = sentinel::core;

namespace {

// Phases that only an elected leader reaches.
bool Elected(const core::Failover& failover) {
  return !std::holds_alternative<core::WaitStart>(failover.phase);
}

}  // namespace

void Checkers::Violate(const std::string& what) {
  if (!violation_) violation_ = what;
}

void Checkers::ObserveVote(const std::string& voter, const std::string& group,
                           const core::Vote& vote) {
  if (!vote.leader) return;
  const auto [it, fresh] =
      votes_.try_emplace({voter, {group, vote.epoch.number()}}, vote.leader->ToString());
  if (!fresh && it->second != vote.leader->view())
    Violate("E2: " + voter + " voted twice in epoch " + std::to_string(vote.epoch.number()) +
            " of " + group + ": for " + it->second + " and for " + vote.leader->ToString());
}

void Checkers::ObserveSentinel(const core::State& state) {
  const std::string myid = state.myid.ToString();
  for (const auto& [name, group] : state.groups) {
    if (group.failover && Elected(*group.failover)) {
      const uint64_t epoch = group.failover->epoch.number();
      const auto [it, fresh] = leaders_.try_emplace({name, epoch}, myid);
      if (!fresh && it->second != myid)
        Violate("E1: two leaders in epoch " + std::to_string(epoch) + " of " + name + ": " +
                it->second + " and " + myid);
    }
    for (const auto& [id, peer] : group.peers)
      if (peer.vote) ObserveVote(id.ToString(), name, *peer.vote);

    const uint64_t config_epoch = group.config_epoch.number();
    uint64_t& highest = config_epochs_[{myid, name}];
    if (config_epoch < highest)
      Violate("C1: the config epoch of " + name + " fell from " + std::to_string(highest) + " to " +
              std::to_string(config_epoch) + " at " + myid);
    highest = config_epoch;
    if (config_epoch != 0) {
      const std::string address = group.primary.address.ToString();
      const auto [it, fresh] = addresses_.try_emplace({name, config_epoch}, address);
      if (!fresh && it->second != address)
        Violate("C2: config epoch " + std::to_string(config_epoch) + " of " + name + " means " +
                it->second + " and " + address);
    }
  }
}

void Checkers::ObserveServer(const std::string& node, const server::runtime::Server& server) {
  const replication::core::History& history = server.replication().history();
  const auto [it, fresh] = offsets_.try_emplace(node, history.id(), history.offset());
  if (!fresh && it->second.first == history.id() && history.offset() < it->second.second)
    Violate("R1: the offset of " + node + " fell from " +
            std::to_string(it->second.second.bytes()) + " to " +
            std::to_string(history.offset().bytes()));
  it->second = {history.id(), history.offset()};
}

}  // namespace quorate::simulation
