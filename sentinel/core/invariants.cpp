#include "sentinel/core/invariants.h"

#include <variant>

#include "sentinel/core/timings.h"
#include "shared/base/check.h"

namespace quorate::sentinel::core {
namespace {

// L4.
void CheckLimits(const State& state) {
  CHECK(state.groups.size() <= kMaxGroups);
  CHECK(state.retired.size() <= kMaxRetiredGroups);
  CHECK(state.strangers.size() <= kMaxStrangers);
  CHECK(state.names.size() <= kMaxNames);
  for (const auto& [name, group] : state.groups) {
    CHECK(group.replicas.size() <= kMaxReplicasPerGroup + 1);  // one more: a replaced primary
    CHECK(group.peers.size() <= kMaxPeersPerGroup);
  }
}

void CheckLinks(const State& state) {
  size_t open = 0;
  const auto check = [&](const Link& link) {
    CHECK((link.id == LinkId::kNone) == (link.phase == LinkPhase::kClosed));
    CHECK(link.up() || link.requests.empty());
    if (link.id == LinkId::kNone) return;
    ++open;
    CHECK(state.link_owners.count(link.id) == 1);
  };
  for (const auto& [name, group] : state.groups) {
    check(group.primary.command);
    check(group.primary.pubsub);
    for (const auto& [address, replica] : group.replicas) {
      check(replica.command);
      check(replica.pubsub);
    }
    for (const auto& [id, peer] : group.peers) CHECK(state.peer_links.count(id) == 1);
  }
  for (const auto& [id, link] : state.peer_links) check(link);
  for (const auto& [address, stranger] : state.strangers) check(stranger.link);
  CHECK(state.link_owners.size() == open);
}

// strangers.h: no hello is kept for an answer that nobody waits for.
void CheckStrangers(const State& state) {
  for (const auto& [address, stranger] : state.strangers) {
    const bool asked = std::holds_alternative<Asked>(stranger.standing);
    CHECK(asked == (stranger.link.phase != LinkPhase::kClosed));
    CHECK(asked == !stranger.claims.empty());
    CHECK(stranger.claims.size() <= kMaxClaims);
    for (const auto& [claim, hello] : stranger.claims) CHECK(hello.sentinel == address);
  }
}

void CheckGroup(const State& state, const Group& group) {
  // C6.
  CHECK(group.replicas.count(group.primary.address) == 0);
  CHECK(group.peers.count(state.myid) == 0);
  CHECK(group.electorate_met > group.peers.size());
  // No configuration and no vote beyond the epochs known.
  CHECK(group.config_epoch <= state.current_epoch);
  CHECK(group.vote.epoch <= state.current_epoch);
  if (!group.failover) return;
  const Failover& failover = *group.failover;
  CHECK(failover.epoch <= state.current_epoch);
  const bool chosen = !std::holds_alternative<WaitStart>(failover.phase) &&
                      !std::holds_alternative<SelectReplica>(failover.phase);
  CHECK(failover.heir.has_value() == chosen);
  // E2, E3: past the election our own vote is ours and on disk.
  if (chosen && !std::holds_alternative<ReconfigureReplicas>(failover.phase)) {
    CHECK(group.vote.epoch == failover.epoch);
    CHECK(group.vote.leader == state.myid);
    CHECK(state.durable_version >= group.vote_version);
  }
  // C1.
  if (std::holds_alternative<ReconfigureReplicas>(failover.phase))
    CHECK(group.primary.address != failover.old_primary);
}

}  // namespace

void CheckInvariants(const State& state) {
  CheckLimits(state);
  CheckLinks(state);
  CheckStrangers(state);
  CHECK(state.durable_version <= state.finished_version);
  CHECK(state.finished_version <= state.persist_version);
  for (const auto& [name, group] : state.groups) CheckGroup(state, group);
}

void CheckSuccession(const DurableState& before, const DurableState& after) {
  CHECK(before.myid.IsZero() || before.myid == after.myid);
  CHECK(before.current_epoch <= after.current_epoch);
  CHECK(before.retired_vote_floor <= after.retired_vote_floor);
  for (const DurableGroup& old : before.groups) {
    for (const DurableGroup& now : after.groups) {
      if (old.name != now.name) continue;
      // E2 and C1.
      CHECK(old.vote.epoch <= now.vote.epoch);
      if (old.vote.epoch == now.vote.epoch && old.vote.leader && now.vote.leader)
        CHECK(old.vote.leader == now.vote.leader);
      CHECK(old.config_epoch <= now.config_epoch);
      if (old.config_epoch == now.config_epoch) CHECK(old.primary == now.primary);
    }
  }
}

}  // namespace quorate::sentinel::core
