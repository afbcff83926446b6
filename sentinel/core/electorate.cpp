#include "sentinel/core/electorate.h"

#include <algorithm>

namespace quorate::sentinel::core {
namespace {

// How many of the old peers have to have said hello before the electorate is settled. Without
// predecessors: with ourselves a majority. With one: so many that whoever was elected by its vote
// has told one of them; the others of that majority are too many to be all among the rest.
size_t OthersToHear(const Group& group) {
  const size_t electorate = Electorate(group);
  return group.predecessors == 0 ? electorate / 2 : electorate - (electorate / 2 + 1);
}

}  // namespace

size_t Electorate(const Group& group) {
  return group.options.electorate != 0 ? group.options.electorate : group.electorate_met;
}

bool HasUnusualElectorate(const Group& group) {
  return group.options.electorate != 0 || group.predecessors != 0 ||
         group.electorate_met != group.peers.size() + 1;
}

size_t UsableSentinels(const State& state, const Group& group) {
  return 1 + static_cast<size_t>(
                 std::count_if(group.peers.begin(), group.peers.end(), [&state](const auto& entry) {
                   return state.peer_links.at(entry.first).proven && !entry.second.sdown_since;
                 }));
}

size_t Voters(const Group& group) { return Electorate(group) + group.predecessors; }

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

void NoteReplacedPeer(Group& group, base::Instant now) {
  group.predecessors = std::min<uint32_t>(group.predecessors + 1, kMaxPeersPerGroup);
  group.unsettled_at = now;
}

void KeepElectorate(Turn& turn, Group& group) {
  if (!group.unsettled_at || group.failover) return;
  const base::Instant due = *group.unsettled_at + kResetSettling;
  if (!IsDue(turn, due)) return;
  const auto heard = std::ranges::count_if(group.peers, [due](const auto& entry) {
    const Peer& peer = entry.second;
    return !peer.successor && peer.last_hello && *peer.last_hello >= due;
  });
  if (static_cast<size_t>(heard) < OthersToHear(group)) return;
  group.unsettled_at.reset();
  group.predecessors = 0;
  for (auto& [id, peer] : group.peers) peer.successor = false;
  group.electorate_met = static_cast<uint32_t>(group.peers.size() + 1);
  // In none of the epochs that we know of now may a successor win once more, with our vote.
  if (group.vote.epoch < turn.state().current_epoch) {
    group.vote = Vote{turn.state().current_epoch, std::nullopt};
    group.vote_version = turn.Persist();
  }
  turn.Persist();
}

}  // namespace quorate::sentinel::core
