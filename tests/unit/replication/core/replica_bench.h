// A replica machine with its actions as readable transcripts.
#pragma once

#include <algorithm>
#include <chrono>
#include <string>
#include <string_view>
#include <vector>

#include "replication/core/replica.h"
#include "shared/base/overloaded.h"

#include <doctest/doctest.h>

namespace quorate::replication::core {

inline const std::string kTheirs(40, 'b');

inline std::string Resp(const std::vector<std::string>& args) {
  std::string out = "*" + std::to_string(args.size()) + "\r\n";
  for (const std::string& arg : args) {
    out += "$" + std::to_string(arg.size()) + "\r\n" + arg + "\r\n";
  }
  return out;
}

// "*2\r\n$3\r\nGET..." as "<GET k>", for readable transcripts.
inline std::string Readable(const std::string& bytes) {
  if (!bytes.starts_with('*')) return bytes == "\n" ? "newline" : bytes;
  std::string out;
  bool next_is_arg = false;
  for (size_t at = 0; at < bytes.size();) {
    const size_t end = std::min(bytes.find("\r\n", at), bytes.size());
    const std::string line = bytes.substr(at, end - at);
    at = end + 2;
    if (line.starts_with('*')) {
      out += out.empty() ? "<" : "> <";
      next_is_arg = false;
    } else if (line.starts_with('$') && !next_is_arg) {
      next_is_arg = true;
    } else {
      if (!out.ends_with('<')) out += ' ';
      out += line;
      next_is_arg = false;
    }
  }
  return out + ">";
}

class Bench {
 public:
  explicit Bench(const Options& wanted = {})
      : options(wanted),
        history(*base::ReplicationId::Parse(std::string(40, 'a')), 1 << 20),
        replica(history, options, 6380, base::Random(7)) {}

  std::string Step(const ReplicaInput& input) { return Show(replica.Step(now, input)); }
  std::string Follow(bool offer_own_history = false) {
    return Step(quorate::replication::core::Follow{{"10.0.0.1", 6379}, offer_own_history, -1});
  }
  // A node that starts as a replica and loads its files first: HistoryRestored is to come.
  void FollowOnceLoaded() {
    Step(quorate::replication::core::Follow{.primary = {"10.0.0.1", 6379},
                                            .offer_own_history = false,
                                            .not_before = base::Instant::max()});
  }
  std::string Receive(std::string_view bytes) {
    std::string out;
    while (!bytes.empty()) {
      ReplicaActions actions;
      const Replica::Segment segment = replica.Receive(now, bytes, actions);
      if (segment.kind == Replica::Kind::kSnapshot) {
        out += "stage '" + std::string(segment.payload.first) +
               std::string(segment.payload.second) + "'\n";
      }
      out += Show(actions);
      if (segment.kind == Replica::Kind::kStream) {
        return out + "stream '" + std::string(bytes) + "'\n";
      }
    }
    return out;
  }
  // Connected, introduced, PSYNC sent.
  void Asked(bool offer_own_history = false) {
    Follow(offer_own_history);
    Step(LinkOpened{});
    Receive("+PONG\r\n+OK\r\n+OK\r\n");
    REQUIRE(replica.link_state() == LinkState::kHandshake);
  }
  // In sync by a full resync from kTheirs:100.
  void Synced() {
    Asked();
    Receive("+FULLRESYNC " + kTheirs + " 100\r\n$3\r\nrdb");
    Step(StagingVerified{2});
    Step(StagingCommitted{});
    REQUIRE(replica.link_up());
  }
  void Apply(const std::vector<std::string>& args) {
    const std::string raw = Resp(args);
    const std::vector<std::string_view> views(args.begin(), args.end());
    replica.NoteStreamBytes(now, raw.size());
    history.Append(replica.tracker().Applied(views, raw));
    replica.CheckInvariants();
  }

  Options options;
  base::Instant now = base::Instant{} + std::chrono::seconds(1000);
  History history;
  Replica replica;

 private:
  std::string Show(const ReplicaActions& actions) {
    replica.CheckInvariants();
    std::string out;
    for (const ReplicaAction& action : actions) {
      std::visit(
          base::Overloaded{
              [&](const OpenLink& a) { out += "open " + a.primary.ToString() + "\n"; },
              [&](const CloseLink&) { out += "close\n"; },
              [&](const Send& a) { out += "send " + Readable(a.bytes) + "\n"; },
              [&](const BeginStaging& a) {
                out += a.same_history ? "begin staging of the same history\n" : "begin staging\n";
              },
              [&](const FinishStaging&) { out += "finish staging\n"; },
              [&](const AbandonStaging&) { out += "abandon staging\n"; },
              [&](const CommitStaging&) { out += "commit staging\n"; },
              [&](const ResumeStream& a) { out += "resume in db " + std::to_string(a.db) + "\n"; },
              [&](const RecordDiscarded& a) {
                out += "record " + std::to_string(a.number) + " from " +
                       std::to_string(a.fork.at.bytes()) +
                       (a.fork.estimated ? " (estimated)" : "") +
                       (a.unrelated ? " with the dataset" : "") + " for " + a.successor.ToString() +
                       "\n";
              },
              [&](const AbortTransaction&) { out += "abort transaction\n"; },
              [&](const DropSubReplicas&) { out += "drop sub-replicas\n"; },
              [&](const HandoverAnswered& a) {
                out += a.accepted ? "role taken\n" : "role refused\n";
              },
              [&](const UpstreamAncestry& a) {
                for (const base::RunId& id : a.ancestry) out += "ancestor " + id.ToString() + "\n";
              },
              [&](const Demoted&) { out += "demoted\n"; },
              [&](const Promoted&) { out += "promoted\n"; },
              [&](const ReplicaNote&) {},
          },
          action);
    }
    return out;
  }
};

}  // namespace quorate::replication::core
