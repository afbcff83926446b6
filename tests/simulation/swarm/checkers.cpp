#include "tests/simulation/swarm/checkers.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <utility>

namespace quorate::simulation {

namespace core = sentinel::core;
using replication::core::History;

namespace {

bool NoData(const server::store::Databases& databases) {
  for (size_t i = 0; i < databases.count(); ++i)
    if (databases[i].size() != 0) return false;
  return true;
}

// Phases that only an elected leader reaches.
bool IsElected(const core::Failover& failover) {
  return !std::holds_alternative<core::WaitStart>(failover.phase);
}

uint64_t Mix(uint64_t hash, uint64_t value) {
  return (hash ^ value) * 0x9E3779B97F4A7C15ULL + (hash >> 29);
}

uint64_t FirstBytes(std::string_view text) {
  uint64_t bytes = 0;
  std::memcpy(&bytes, text.data(), std::min(text.size(), sizeof bytes));
  return bytes;
}

uint64_t MixVote(uint64_t hash, const core::Vote& vote) {
  hash = Mix(hash, vote.epoch.number());
  return vote.leader ? Mix(hash, FirstBytes(vote.leader->view())) : hash;
}

// Changes with everything that is checked, and with whether it is durable.
uint64_t Fingerprint(const core::State& state) {
  uint64_t hash = Mix(1, state.persist_failed ? 1 : 0);
  hash = Mix(hash, state.durable_version);
  hash = Mix(hash, state.groups.size());
  for (const auto& [name, group] : state.groups) {
    hash = MixVote(Mix(hash, group.config_epoch.number()), group.vote);
    hash = Mix(hash, group.primary.address.port);
    for (const char c : group.primary.address.host) hash = Mix(hash, static_cast<uint64_t>(c));
    if (group.failover)
      hash = Mix(Mix(hash, group.failover->epoch.number()), group.failover->phase.index() + 1);
    for (const auto& [id, peer] : group.peers)
      if (peer.vote) hash = MixVote(hash, *peer.vote);
  }
  return hash;
}

}  // namespace

void Checkers::Violate(const std::string& what) {
  if (!violation_) violation_ = what;
}

void Checkers::ForgetSentinel(size_t index, const base::RunId& next) {
  SeenSentinel& seen = sentinels_[index];
  seen.fingerprint = 0;
  if (std::exchange(seen.id, next) != next) seen.config_epochs.clear();
  for (auto& [name, epoch] : seen.config_epochs) epoch.known = epoch.durable;
}

void Checkers::ObserveSentinel(size_t index, const core::State& state) {
  SeenSentinel& seen = sentinels_[index];
  const uint64_t fingerprint = Fingerprint(state);
  if (seen.fingerprint == fingerprint) return;
  seen.fingerprint = fingerprint;
  std::erase_if(seen.config_epochs,
                [&](const auto& entry) { return !state.groups.contains(entry.first); });
  for (const auto& [name, group] : state.groups) ObserveGroup(seen, state, group);
}

void Checkers::ObserveGroup(SeenSentinel& seen, const core::State& state,
                            const core::Group& group) {
  if (group.failover && IsElected(*group.failover)) {
    const uint64_t epoch = group.failover->epoch.number();
    const auto [it, fresh] = leaders_.try_emplace({group.name, epoch}, state.myid.ToString());
    if (!fresh && it->second != state.myid.view())
      Violate(fmt::format("E1: two leaders in epoch {} of {}: {} and {}", epoch, group.name,
                          it->second, state.myid.view()));
  }
  for (const auto& [id, peer] : group.peers)
    if (peer.vote) ObserveVote(id.ToString(), group.name, *peer.vote);
  // Its own vote counts once it is on disk.
  if (group.vote_version != 0 && state.durable_version >= group.vote_version)
    ObserveVote(state.myid.ToString(), group.name, group.vote);
  ObserveConfig(seen, state, group);
}

void Checkers::ObserveVote(const std::string& voter, const std::string& group,
                           const core::Vote& vote) {
  if (!vote.leader) return;
  const uint64_t epoch = vote.epoch.number();
  const auto [it, fresh] = votes_.try_emplace({voter, {group, epoch}}, vote.leader->ToString());
  if (!fresh && it->second != vote.leader->view())
    Violate(fmt::format("E2: {} voted twice in epoch {} of {}: for {} and for {}", voter, epoch,
                        group, it->second, vote.leader->view()));
}

void Checkers::ObserveConfig(SeenSentinel& seen, const core::State& state,
                             const core::Group& group) {
  const uint64_t epoch = group.config_epoch.number();
  ConfigEpoch& highest = seen.config_epochs[group.name];
  if (epoch < highest.known)
    Violate(fmt::format("C1: the config epoch of {} fell from {} to {} at {}", group.name,
                        highest.known, epoch, state.myid.view()));
  highest.known = epoch;
  if (!state.persist_failed) highest.durable = epoch;
  if (epoch == 0) return;
  const std::string address = group.primary.address.ToString();
  const auto [it, fresh] = addresses_.try_emplace({group.name, epoch}, address);
  if (!fresh && it->second != address)
    Violate(fmt::format("C2: config epoch {} of {} means {} and {}", epoch, group.name, it->second,
                        address));
}

void Checkers::ForgetServer(size_t index) {
  servers_[index].position.reset();
  servers_[index].data_due = true;
  streams_.Forget(index);
}

// What a server believes to have had under the id before this one, a restart's included.
void Checkers::ObservePast(size_t index, const History& history) {
  if (!history.previous_end()) return;
  SeenServer& seen = servers_[index];
  const auto highest = seen.highest.find(history.previous_id().ToString());
  if (highest == seen.highest.end() || *history.previous_end() <= highest->second) return;
  // In the turn in which it left that history it may have come further: the bytes are compared.
  if (seen.position && seen.position->first == history.previous_id())
    highest->second = *history.previous_end();
  else
    Violate(fmt::format("R1: server {} says it had {} bytes of {}, and had only come to {}",
                        index + 1, history.previous_end()->bytes(), history.previous_id().view(),
                        highest->second.bytes()));
}

void Checkers::ObserveData(size_t index, const ServerView& view) {
  const std::string id = view.history.id().ToString();
  const int64_t offset = view.history.offset().bytes();
  const std::optional<std::string_view> stream = streams_.Beginning(id, offset);
  if (!stream) return;
  const auto wrong = [&](const std::string& what) {
    Violate(fmt::format("R2: server {} at offset {} of {}: {}", index + 1, offset, id, what));
  };
  // From where the last look at this history ended, unless this server stands further back.
  Fold& fold = folds_[id];
  if (fold.read() > stream->size()) fold = Fold();
  if (!fold.Read(stream->substr(fold.read()))) return wrong("its stream has an unknown command");
  if (const auto difference = fold.FindDifference(view.databases)) wrong(*difference);
}

void Checkers::ObserveAcknowledged(size_t replica, const base::ReplicationId& id,
                                   base::Offset offset) {
  const auto& reached = servers_[replica].highest;
  const auto highest = reached.find(id.ToString());
  // It may have had these bytes under the id before, and not have heard of this one.
  if (highest == reached.end() || offset <= highest->second) return;
  Violate(fmt::format("R4: server {} has acknowledged {} bytes of {}, and had only come to {}",
                      replica + 1, offset.bytes(), id.view(), highest->second.bytes()));
}

void Checkers::ObserveServer(size_t index, const ServerView& view) {
  const History& history = view.history;
  SeenServer& seen = servers_[index];
  const base::Offset start =
      history.backlog() == nullptr ? base::Offset() : history.backlog()->start();
  const bool same = seen.position && seen.position->first == history.id();
  if (!same) ObservePast(index, history);
  // A backlog's start only rises, but with a snapshot it begins anew, perhaps further back.
  const bool anew = start < seen.backlog_start;
  if (same && history.offset() < seen.position->second && start == seen.backlog_start)
    Violate(fmt::format("R1: the offset of server {} fell from {} to {} within {}", index + 1,
                        seen.position->second.bytes(), history.offset().bytes(),
                        history.id().view()));
  if (const auto wrong = streams_.Observe(index, history, view.is_replica, NoData(view.databases)))
    Violate("R4/R5: " + *wrong);
  const bool snapshot = seen.position && (anew || start > seen.position->second);
  seen.backlog_start = start;
  if (!same || snapshot) seen.data_due = true;
  if (!same || seen.position->second != history.offset()) {
    seen.position = {history.id(), history.offset()};
    base::Offset& highest = seen.highest[history.id().ToString()];
    highest = std::max(highest, history.offset());
    if (++seen.moves % kMovesPerLook == 0) seen.data_due = true;
  }
  if (!seen.data_due || view.loading || history.backlog() == nullptr) return;
  seen.data_due = false;
  ObserveData(index, view);
}

}  // namespace quorate::simulation
