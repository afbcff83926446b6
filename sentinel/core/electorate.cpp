#include "sentinel/core/electorate.h"

#include <algorithm>

namespace quorate::sentinel::core {
namespace {

// The peers, and ourselves.
uint32_t Known(const Group& group) { return static_cast<uint32_t>(group.peers.size() + 1); }

// Not one that has taken another's place.
bool IsOld(const Group& group, const Peer& peer) { return group.replaced.count(peer.address) == 0; }

// How many of the old peers have to have said hello before the electorate is settled. After a
// RESET: with ourselves a majority. After a replacement: so many that, if somebody was elected by
// the one that is gone, they cannot all be others than those who elected with it; or all that there
// are.
size_t OthersToHear(const Group& group) {
  const size_t electorate = Electorate(group);
  if (group.replaced.empty()) return electorate / 2;
  const auto old = std::ranges::count_if(
      group.peers, [&](const auto& entry) { return IsOld(group, entry.second); });
  return std::min(electorate - (electorate / 2 + 1), static_cast<size_t>(old));
}

}  // namespace

size_t Electorate(const Group& group) {
  return group.options.electorate != 0 ? group.options.electorate : group.electorate_met;
}

bool HasUnusualElectorate(const Group& group) {
  return group.options.electorate != 0 || !group.replaced.empty() ||
         group.electorate_met != Known(group);
}

size_t UsableSentinels(const State& state, const Group& group) {
  return 1 + static_cast<size_t>(
                 std::count_if(group.peers.begin(), group.peers.end(), [&state](const auto& entry) {
                   return state.peer_links.at(entry.first).proven && !entry.second.sdown_since;
                 }));
}

size_t Voters(const Group& group) { return Electorate(group) + group.replaced.size(); }

size_t VotesNeeded(const Group& group) {
  return std::max<size_t>(Voters(group) / 2 + 1, group.options.quorum);
}

QuorumCheck CheckQuorum(const State& state, const Group& group) {
  QuorumCheck check;
  check.usable = UsableSentinels(state, group);
  check.electorate = Electorate(group);
  check.quorum_reachable = check.usable >= group.options.quorum;
  check.majority_reachable = check.usable >= Voters(group) / 2 + 1;
  return check;
}

void NoteMetPeer(Group& group) {
  group.electorate_met = std::max(group.electorate_met, Known(group));
}

void NoteForgottenPeers(Group& group, size_t count) {
  group.electorate_met =
      std::max(group.electorate_met - static_cast<uint32_t>(count), Known(group));
}

uint32_t ElectorateWithReplaced(const Group& group) {
  return group.electorate_met + static_cast<uint32_t>(group.replaced.size());
}

void NoteReplacedPeer(Group& group, const base::Endpoint& address, base::Instant now) {
  // What a successor votes for while we count it as one, the others that elect vote for, too.
  if (group.replaced.size() >= kMaxPeersPerGroup) return;
  if (group.replaced.insert(address).second) group.unsettled_at = now;
}

void KeepElectorate(Turn& turn, Group& group) {
  // What lay in a buffer while we stood still was not said now.
  if (!group.unsettled_at || group.failover || turn.state().tilt_since) return;
  const base::Instant due = *group.unsettled_at + kResetSettling;
  if (!IsDue(turn, due)) return;
  const auto heard = std::ranges::count_if(group.peers, [&](const auto& entry) {
    const Peer& peer = entry.second;
    return IsOld(group, peer) && peer.last_hello && *peer.last_hello >= due;
  });
  if (static_cast<size_t>(heard) < OthersToHear(group)) return;
  group.unsettled_at.reset();
  group.replaced.clear();
  group.electorate_met = Known(group);
  // In none of the epochs that we know of now may a successor win once more, with our vote.
  if (group.vote.epoch < turn.state().current_epoch) {
    group.vote = Vote{turn.state().current_epoch, std::nullopt};
    group.vote_version = turn.Persist();
  }
  turn.Persist();
}

}  // namespace quorate::sentinel::core
