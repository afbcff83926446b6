// The primary's machine with a transcript of what it orders, which its tests compare.
#pragma once

#include <array>
#include <chrono>
#include <string>
#include <string_view>
#include <vector>

#include "replication/core/primary.h"
#include "shared/base/check.h"
#include "shared/base/overloaded.h"

namespace quorate::replication::core::test {

using base::Duration;
using base::Instant;

inline const std::string kPing = "*1\r\n$4\r\nPING\r\n";
inline const std::string kGetAck = "*3\r\n$8\r\nREPLCONF\r\n$6\r\nGETACK\r\n$1\r\n*\r\n";
inline const std::string kSelect0 = "*2\r\n$6\r\nSELECT\r\n$1\r\n0\r\n";
inline const std::string kSet = "*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$1\r\nv\r\n";

class PrimaryBench {
 public:
  explicit PrimaryBench(const Options& wanted = {})
      : options(wanted),
        history(*base::ReplicationId::Parse(std::string(40, 'a')), options.backlog_size),
        primary(history, options, base::Random(1)) {}

  std::string Psync(uint64_t replica, const std::string& id, int64_t next_byte,
                    PsyncConditions conditions = {}, bool legacy = false) {
    PsyncReceived received;
    received.replica = ReplicaId{replica};
    received.peer_ip = "10.0.0." + std::to_string(replica);
    received.request.id = id;
    received.request.next_byte = next_byte;
    received.request.legacy_sync = legacy;
    received.conditions = conditions;
    Primary::PsyncReply reply = primary.Psync(now, received);
    std::string text = Show(reply.actions);
    if (reply.outcome == PsyncOutcome::kRefused) text += "refused: " + reply.error + "\n";
    if (reply.outcome == PsyncOutcome::kIgnored) text += "ignored\n";
    return text;
  }
  std::string Replconf(uint64_t replica, std::vector<std::string_view> args) {
    args.insert(args.begin(), "REPLCONF");
    PrimaryActions actions;
    const ReplconfReply reply = primary.Replconf(now, ReplicaId{replica}, args, actions);
    return Show(actions) + (reply.silent ? "" : reply.error.empty() ? "OK\n" : reply.error + "\n");
  }
  std::string Ack(uint64_t replica, int64_t offset) {
    return Replconf(replica, {"ACK", std::to_string(offset)});
  }
  std::string EndTurn() {
    PrimaryActions actions;
    primary.EndTurn(now, actions);
    return Show(actions);
  }
  std::string Step(const PrimaryInput& input) { return Show(primary.Step(now, input)); }
  std::string TickAt(Duration after_start) {
    now = Instant{} + std::chrono::seconds(1000) + after_start;
    return Step(PrimaryTick{});
  }
  // The unwritten stream of a replica; it is read.
  std::string Read(uint64_t replica) {
    Backlog::Cursor* cursor = primary.Stream(ReplicaId{replica});
    if (cursor == nullptr) return "not streaming";
    std::string out;
    std::array<std::string_view, 8> slices;
    while (size_t n = cursor->Peek(slices)) {
      size_t bytes = 0;
      for (size_t i = 0; i < n; ++i) {
        out += slices[i];
        bytes += slices[i].size();
      }
      cursor->Advance(bytes);
    }
    return out;
  }
  // Brings a replica online by a full sync with the length framing.
  void Online(uint64_t replica) {
    Psync(replica, "?", -1);
    EndTurn();
    Step(SnapshotProduced{SnapshotId{++snapshots}});
    Step(SnapshotDelivered{ReplicaId{replica}});
    CHECK(primary.Stream(ReplicaId{replica}) != nullptr);
  }

  Options options;
  Instant now = Instant{} + std::chrono::seconds(1000);
  History history;
  Primary primary;
  uint64_t snapshots = 0;

 private:
  std::string Show(const PrimaryActions& actions) {
    primary.CheckInvariants();
    std::string out;
    const auto id = [](ReplicaId r) { return std::to_string(static_cast<uint64_t>(r)); };
    for (const PrimaryAction& action : actions) {
      std::visit(base::Overloaded{
                     [&](const SendLine& a) { out += "send " + id(a.replica) + ": " + a.bytes; },
                     [&](const BeginSnapshot& a) {
                       out += "snapshot at " + std::to_string(a.cut.bytes()) +
                              (a.kind.exclude_data ? " without data" : "") + ":";
                       const bool by_length = a.kind.framing == Framing::kLength;
                       for (const ReplicaId m : a.members)
                         out += " " + id(m) + (by_length ? "/length" : "/mark");
                       out += "\n";
                     },
                     [&](const CancelSnapshot&) { out += "cancel snapshot\n"; },
                     [&](const StartStreaming& a) { out += "stream " + id(a.replica) + "\n"; },
                     [&](const ReadDisk& a) {
                       out += "read " + id(a.replica) + " from " + std::to_string(a.from.bytes()) +
                              "\n";
                     },
                     [&](const DropReplica& a) {
                       out += "drop " + id(a.replica) + ": " + a.reason + "\n";
                     },
                     [&](const Acknowledged&) { out += "acknowledged\n"; },
                     [&](const PrimaryNote&) {},
                 },
                 action);
    }
    return out;
  }
};

}  // namespace quorate::replication::core::test
