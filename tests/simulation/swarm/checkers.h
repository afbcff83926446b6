// What must hold in every run, whatever fails: watched from outside, after every event, over the
// state of the real daemons. The numbers are those of the invariants in the headers of
// sentinel/core and replication/core.
//
//   E1  at most one leader is elected per group and epoch, over all time and restarts
//   E2  a sentinel's vote of an epoch, once told to anyone, is the same for ever
//   C1  a sentinel's config epoch of a group never falls, across restarts too
//   C2  a config epoch means one address, everywhere and for ever
//   R1  within one replication id a server's offset never falls while it runs
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>

#include "sentinel/core/state.h"
#include "server/runtime/server.h"

namespace quorate::simulation {

class Checkers {
 public:
  void ObserveSentinel(const sentinel::core::State& state);
  void ObserveServer(const std::string& node, const server::runtime::Server& server);
  // The server's process has ended: its offsets start anew.
  void ForgetServer(const std::string& node) { offsets_.erase(node); }

  // The first violation, in words; nothing if there is none.
  const std::optional<std::string>& violation() const { return violation_; }
  uint64_t elections() const { return leaders_.size(); }
  uint64_t configurations() const { return addresses_.size(); }

 private:
  using GroupEpoch = std::pair<std::string, uint64_t>;

  void ObserveVote(const std::string& voter, const std::string& group,
                   const sentinel::core::Vote& vote);
  void Violate(const std::string& what);

  std::map<GroupEpoch, std::string> leaders_;
  std::map<std::pair<std::string, GroupEpoch>, std::string> votes_;        // by voter
  std::map<std::pair<std::string, std::string>, uint64_t> config_epochs_;  // by sentinel and group
  std::map<GroupEpoch, std::string> addresses_;
  std::map<std::string, std::pair<base::ReplicationId, base::Offset>> offsets_;  // by node
  std::optional<std::string> violation_;
};

}  // namespace quorate::simulation
