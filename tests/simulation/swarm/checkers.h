// What must hold in every run, whatever fails: watched from outside, after every turn, over the
// state of the real daemons. The numbers are those of the invariants in the headers of
// sentinel/core and replication/core.
//
//   E1  at most one leader is elected per group and epoch, over all time and restarts
//   E2  a sentinel's vote of an epoch, once told to anyone, is the same for ever
//   C1  a sentinel's config epoch of a group never falls; over a restart, not below what its disk
//       had taken; monitored anew it is another group, and begins again
//   C2  a config epoch means one address, everywhere and for ever
//   Z1  at most one server that has a primary-lease accepts writes at a time
//   R1  within one replication id a server's offset never falls while it runs, but by a new
//       snapshot, with which its backlog begins anew; a restart from a file takes it back, and
//       never to an offset that it, or of another's id anybody, had not come to
//   R2  a server's data are what its history's stream makes of an empty dataset (fold.h), whenever
//       it has started, was promoted, went over to another history or took a snapshot, and now and
//       then between. So no write is there that its own history does not have (D4), no partial
//       resync joined what does not fit (R3), and no failed full sync left a mixture (R7); and
//       keys vanish only by what the stream says, however the clocks stand (R8).
//   R4  between two turns a server stands where a command or a transaction has ended (streams.h);
//       and no replica has acknowledged what it had not come to
//   R5  what any server adds to its history are the bytes that the id's primary wrote (streams.h)
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "replication/core/history.h"
#include "sentinel/core/state.h"
#include "server/store/databases.h"
#include "tests/simulation/swarm/fold.h"
#include "tests/simulation/swarm/streams.h"

namespace quorate::simulation {

class Checkers {
 public:
  Checkers(size_t sentinels, size_t servers)
      : sentinels_(sentinels), servers_(servers), streams_(servers) {}

  // By index. Cheap if nothing that matters has changed since the last call.
  void ObserveSentinel(size_t index, const sentinel::core::State& state);
  struct ServerView {
    const replication::core::History& history;
    const server::store::Databases& databases;
    bool is_replica = false;
    bool loading = false;  // its files
  };
  void ObserveServer(size_t index, const ServerView& view);
  // What server `replica` has acknowledged to a server whose history is `id`.
  void ObserveAcknowledged(size_t replica, const base::ReplicationId& id, base::Offset offset);
  // The process has ended; `next` has started, which may be another than before.
  void ForgetSentinel(size_t index, const base::RunId& next);
  void ForgetServer(size_t index);

  // The first violation, in words; nothing if there is none.
  const std::optional<std::string>& violation() const { return violation_; }
  void Violate(const std::string& what);

  uint64_t elections() const { return leaders_.size(); }
  uint64_t configurations() const { return addresses_.size(); }

 private:
  using GroupEpoch = std::pair<std::string, uint64_t>;
  struct ConfigEpoch {
    uint64_t known = 0;
    uint64_t durable = 0;
  };
  struct SeenSentinel {
    uint64_t fingerprint = 0;
    std::optional<base::RunId> id;
    std::map<std::string, ConfigEpoch> config_epochs;  // by group
  };
  struct SeenServer {
    std::optional<std::pair<base::ReplicationId, base::Offset>> position;  // in this run
    base::Offset backlog_start;
    std::map<std::string, base::Offset> highest;  // by replication id, over all its runs
    bool data_due = true;                         // to be looked at in the next turn
    uint64_t moves = 0;
  };
  // Of its offset, until its data are looked at again.
  static constexpr uint64_t kMovesPerLook = 256;

  void ObserveGroup(SeenSentinel& seen, const sentinel::core::State& state,
                    const sentinel::core::Group& group);
  void ObserveVote(const std::string& voter, const std::string& group,
                   const sentinel::core::Vote& vote);
  void ObserveConfig(SeenSentinel& seen, const sentinel::core::State& state,
                     const sentinel::core::Group& group);
  void ObservePast(size_t index, const replication::core::History& history);
  void ObserveData(size_t index, const ServerView& view);

  std::vector<SeenSentinel> sentinels_;
  std::vector<SeenServer> servers_;
  Streams streams_;
  std::map<std::string, Fold> folds_;  // by replication id
  std::map<GroupEpoch, std::string> leaders_;
  std::map<std::pair<std::string, GroupEpoch>, std::string> votes_;  // by voter
  std::map<GroupEpoch, std::string> addresses_;
  std::optional<std::string> violation_;
};

}  // namespace quorate::simulation
