#include "replication/core/primary.h"

#include <array>
#include <chrono>
#include <string>
#include <vector>

#include "shared/base/overloaded.h"

#include <doctest/doctest.h>

using namespace quorate::base;
using namespace quorate::replication::core;
using namespace std::chrono_literals;

namespace {

const std::string kPing = "*1\r\n$4\r\nPING\r\n";
const std::string kGetAck = "*3\r\n$8\r\nREPLCONF\r\n$6\r\nGETACK\r\n$1\r\n*\r\n";
const std::string kSelect0 = "*2\r\n$6\r\nSELECT\r\n$1\r\n0\r\n";
const std::string kSet = "*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$1\r\nv\r\n";

// A primary with a transcript of what it orders.
class Bench {
 public:
  explicit Bench(const Options& wanted = {})
      : options(wanted),
        history(*ReplicationId::Parse(std::string(40, 'a')), options.backlog_size),
        primary(history, options, Random(1)) {}

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
    now = Instant{} + 1000s + after_start;
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
    REQUIRE(primary.Stream(ReplicaId{replica}) != nullptr);
  }

  Options options;
  Instant now = Instant{} + 1000s;
  History history;
  Primary primary;
  uint64_t snapshots = 0;

 private:
  std::string Show(const PrimaryActions& actions) {
    primary.CheckInvariants();
    std::string out;
    const auto id = [](ReplicaId r) { return std::to_string(static_cast<uint64_t>(r)); };
    for (const PrimaryAction& action : actions) {
      std::visit(
          Overloaded{
              [&](const SendLine& a) { out += "send " + id(a.replica) + ": " + a.bytes; },
              [&](const BeginSnapshot& a) {
                out += "snapshot at " + std::to_string(a.cut.bytes()) +
                       (a.exclude_data ? " without data" : "") + ":";
                for (const SnapshotMember& m : a.members) {
                  out +=
                      " " + id(m.replica) + (m.framing == Framing::kLength ? "/length" : "/mark");
                }
                out += "\n";
              },
              [&](const CancelSnapshot&) { out += "cancel snapshot\n"; },
              [&](const StartStreaming& a) { out += "stream " + id(a.replica) + "\n"; },
              [&](const ReadDisk& a) {
                out += "read " + id(a.replica) + " from " + std::to_string(a.from.bytes()) + "\n";
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

}  // namespace

TEST_CASE("primary: nobody follows, nothing is counted") {
  Bench bench;
  CHECK_FALSE(bench.primary.streaming());
  CHECK(bench.history.offset() == Offset());
  CHECK(bench.primary.NextDeadline() == Instant::max());
}

TEST_CASE("primary: the first replica starts a history; full sync with the length framing") {
  Bench bench;
  const ReplicationId before = bench.history.id();
  CHECK(bench.Replconf(1, {"listening-port", "6380"}) == "OK\n");
  CHECK(bench.Replconf(1, {"capa", "psync2"}) == "OK\n");
  CHECK(bench.Psync(1, "?", -1) == "");
  CHECK(bench.primary.streaming());
  CHECK(bench.history.id() != before);
  bench.primary.Append(0, kSet);
  const int64_t cut = bench.history.offset().bytes();
  CHECK(bench.EndTurn() == "send 1: +FULLRESYNC " + bench.history.id().ToString() + " " +
                               std::to_string(cut) + "\r\nsnapshot at " + std::to_string(cut) +
                               ": 1/length\n");
  bench.primary.Append(0, kSet);
  CHECK(bench.Read(1) == "not streaming");
  CHECK(bench.Step(SnapshotDelivered{ReplicaId{1}}) == "stream 1\n");
  // The replica knows no selected database, so the stream selects one.
  CHECK(bench.Read(1) == kSelect0 + kSet);
  CHECK(bench.primary.counters().full == 1);
  CHECK(bench.primary.counters().partial_error == 0);
  const ReplicaView view = bench.primary.Replicas(bench.now).at(0);
  CHECK(view.port == 6380);
  CHECK(view.ip == "10.0.0.1");
  CHECK(view.phase == ReplicaPhase::kOnline);
}

TEST_CASE("primary: with the mark framing nothing follows the snapshot before the first ACK") {
  Bench bench;
  bench.Replconf(1, {"capa", "eof", "capa", "psync2"});
  bench.Psync(1, "?", -1);
  CHECK(bench.EndTurn().ends_with("snapshot at 0: 1/mark\n"));
  bench.primary.Append(0, kSet);
  CHECK(bench.Step(SnapshotDelivered{ReplicaId{1}}) == "");
  CHECK(bench.Read(1) == "not streaming");
  CHECK(bench.primary.Replicas(bench.now).at(0).phase == ReplicaPhase::kOnline);
  CHECK(bench.primary.CountAcknowledged(Offset()) == 0);
  CHECK(bench.Ack(1, 0) == "stream 1\n");
  CHECK(bench.Read(1) == kSelect0 + kSet);
}

TEST_CASE(
    "primary: repl-diskless-sync no waits for nobody, and the framing is the replica's choice") {
  Options options;
  options.diskless_sync_delay = 5s;
  for (const bool wait : {true, false}) {
    options.diskless_sync = wait;
    Bench bench(options);
    bench.Replconf(1, {"capa", "eof"});
    bench.Psync(1, "?", -1);
    if (wait) {
      CHECK(bench.EndTurn() == "");
      bench.now += 5s;
    }
    CHECK(bench.EndTurn().ends_with("1/mark\n"));
  }
}

TEST_CASE("primary: SYNC gets no line and never acknowledges") {
  Bench bench;
  bench.Replconf(1, {"capa", "eof"});
  bench.Psync(1, "?", -1, {}, /*legacy=*/true);
  CHECK(bench.EndTurn() == "snapshot at 0: 1/length\n");
  CHECK(bench.Step(SnapshotDelivered{ReplicaId{1}}) == "stream 1\n");
  CHECK(bench.TickAt(100s) == "");  // silent for longer than repl-timeout, and still there
}

TEST_CASE("primary: a client that wants the snapshot only is dropped when it has it") {
  Bench bench;
  bench.Replconf(1, {"rdb-only", "1", "capa", "eof"});
  bench.Psync(1, "?", -1, {}, /*legacy=*/true);
  CHECK(bench.EndTurn() == "snapshot at 0: 1/mark\n");
  CHECK(bench.Step(SnapshotDelivered{ReplicaId{1}}) ==
        "drop 1: snapshot delivered to a client that wanted no more\n");
}

TEST_CASE("primary: replicas that wait share one snapshot; a later one waits for the next") {
  Bench bench;
  bench.Psync(1, "?", -1);
  bench.Replconf(2, {"capa", "eof"});
  bench.Psync(2, "?", -1);
  bench.Replconf(3, {"rdb-filter-only", "functions", "capa", "eof"});
  bench.Psync(3, "?", -1);
  CHECK(bench.EndTurn().ends_with("snapshot at 0: 1/length 2/mark\n"));
  bench.Psync(4, "?", -1);
  CHECK(bench.EndTurn() == "");
  bench.Step(SnapshotProduced{SnapshotId{1}});
  CHECK(bench.EndTurn().ends_with("snapshot at 0 without data: 3/mark\n"));
  bench.Step(SnapshotProduced{SnapshotId{2}});
  CHECK(bench.EndTurn().ends_with("snapshot at 0: 4/length\n"));
}

TEST_CASE("primary: a filter needs the mark framing") {
  Bench bench;
  bench.Replconf(1, {"rdb-filter-only", "functions"});
  CHECK(bench.Psync(1, "?", -1) == "refused: ERR Filtered replica requires EOF capability\n");
}

TEST_CASE("primary: the last one who wanted a snapshot cancels it by leaving") {
  Bench bench;
  bench.Psync(1, "?", -1);
  bench.Psync(2, "?", -1);
  bench.EndTurn();
  CHECK(bench.Step(ReplicaClosed{ReplicaId{1}}) == "");
  CHECK(bench.Step(ReplicaClosed{ReplicaId{2}}) == "cancel snapshot\n");
  bench.Psync(3, "?", -1);
  CHECK(bench.EndTurn().ends_with("snapshot at 0: 3/length\n"));
}

TEST_CASE("primary: a failed snapshot drops its members") {
  Bench bench;
  bench.Psync(1, "?", -1);
  bench.EndTurn();
  CHECK(bench.Step(SnapshotFailed{SnapshotId{1}, "no memory"}) ==
        "cancel snapshot\ndrop 1: snapshot failed: no memory\n");
}

TEST_CASE("primary: partial resync, with and without psync2") {
  Bench bench;
  bench.Online(1);
  bench.primary.Append(0, kSet);
  const std::string id = bench.history.id().ToString();
  bench.Replconf(2, {"capa", "psync2"});
  CHECK(bench.Psync(2, id, 1) == "send 2: +CONTINUE " + id + "\r\nstream 2\n");
  CHECK(bench.Read(2) == kSelect0 + kSet);
  CHECK(bench.Psync(3, id, bench.history.offset().bytes() + 1) ==
        "send 3: +CONTINUE\r\nstream 3\n");
  CHECK(bench.Read(3) == "");
  CHECK(bench.primary.counters().partial_ok == 2);
  // No SELECT for a partial resync: it remembers.
  bench.primary.Append(0, kSet);
  CHECK(bench.Read(3) == kSet);
  CHECK(bench.Psync(4, id, 100000) == "");
  CHECK(bench.primary.counters().partial_error == 1);
  CHECK(bench.Psync(4, id, 100000) == "ignored\n");
}

TEST_CASE("primary: what only the disk has is read piece by piece until memory goes on") {
  Options options;
  options.backlog_size = 1;
  Bench bench(options);
  bench.Online(1);
  bench.primary.Append(0, std::string(20'000, 'x'));
  bench.Read(1);
  bench.primary.Append(0, std::string(20'000, 'y'));
  bench.Read(1);
  const Backlog& backlog = *bench.history.backlog();
  REQUIRE(backlog.start() > Offset(100));
  const std::string id = bench.history.id().ToString();
  bench.history.SetDisk(History::DiskRange{Offset(10), backlog.end()});
  CHECK(bench.Psync(2, id, 10) == "");  // byte 10 is the last one before the disk's first
  CHECK(bench.Psync(3, id, 11) == "send 3: +CONTINUE\r\nread 3 from 10\n");
  CHECK(bench.primary.Stream(ReplicaId{3}) == nullptr);
  CHECK(bench.Step(DiskSent{ReplicaId{3}}) == "");  // one piece at a time
  CHECK(bench.Step(DiskRead{ReplicaId{3}, Offset(100)}) == "");
  CHECK(bench.Step(DiskSent{ReplicaId{3}}) == "read 3 from 100\n");
  CHECK(bench.Ack(3, 50) == "acknowledged\n");
  const Offset next = backlog.start() + 7;
  CHECK(bench.Step(DiskRead{ReplicaId{3}, next}) == "stream 3\n");
  // From now on memory waits for it.
  bench.primary.Append(0, std::string(100'000, 'z'));
  CHECK(static_cast<int64_t>(bench.Read(3).size()) == backlog.end() - next);
  CHECK(bench.Step(DiskSent{ReplicaId{3}}) == "");
}

TEST_CASE("primary: a disk that ends before memory begins, or cannot be read, is no help") {
  Options options;
  options.backlog_size = 1;
  Bench bench(options);
  bench.Online(1);
  bench.primary.Append(0, std::string(40'000, 'x'));
  bench.Read(1);
  bench.primary.Append(0, std::string(40'000, 'x'));
  bench.Read(1);
  const std::string id = bench.history.id().ToString();
  const Offset start = bench.history.backlog()->start();
  REQUIRE(start > Offset(100));
  bench.history.SetDisk(History::DiskRange{Offset(0), start - 1});
  CHECK(bench.Psync(2, id, 1) == "");
  bench.history.SetDisk(History::DiskRange{Offset(0), start});
  CHECK(bench.Psync(3, id, 1) == "send 3: +CONTINUE\r\nread 3 from 0\n");
  CHECK(bench.Step(DiskFailed{ReplicaId{3}, "EIO"}) ==
        "drop 3: the on-disk backlog cannot be read: EIO\n");
  CHECK(bench.primary.counters().partial_ok == 1);
}

TEST_CASE("primary: PSYNC FAILOVER is refused") {
  Bench bench;
  PsyncReceived received;
  received.request.id = bench.history.id().ToString();
  received.request.failover = true;
  CHECK(bench.primary.Psync(bench.now, received).error ==
        "ERR PSYNC FAILOVER can't be sent to a master.");
}

TEST_CASE("primary: SELECT where the database changes, MULTI and EXEC around units") {
  Bench bench;
  bench.Online(1);
  bench.primary.Append(0, kSet);
  bench.primary.Append(0, kSet);
  bench.primary.AppendMulti(12);
  bench.primary.Append(12, kSet);
  bench.primary.Append(0, kSet);
  bench.primary.AppendExec();
  CHECK(bench.Read(1) == kSelect0 + kSet + kSet + "*2\r\n$6\r\nSELECT\r\n$2\r\n12\r\n" +
                             "*1\r\n$5\r\nMULTI\r\n" + kSet + kSelect0 + kSet +
                             "*1\r\n$4\r\nEXEC\r\n");
}

TEST_CASE("primary: acknowledgements rise, and only then are told") {
  Bench bench;
  bench.Online(1);
  bench.Online(2);
  bench.primary.Append(0, kSet);
  const int64_t end = bench.history.offset().bytes();
  CHECK(bench.primary.CountAcknowledged(Offset(end)) == 0);
  CHECK(bench.Ack(1, end) == "acknowledged\n");
  CHECK(bench.primary.CountAcknowledged(Offset(end)) == 1);
  CHECK(bench.Ack(1, end - 5) == "");
  CHECK(bench.primary.CountAcknowledged(Offset(end)) == 1);
  CHECK(bench.Ack(2, end + 1) == "");  // more than there is
  CHECK(bench.primary.CountAcknowledged(Offset(end)) == 1);
  CHECK(bench.Ack(2, end) == "acknowledged\n");
  CHECK(bench.primary.CountAcknowledged(Offset(end)) == 2);
  CHECK(bench.Ack(9, end) == "");  // no replica link
}

TEST_CASE("primary: GETACK is put into the stream once a turn") {
  Bench bench;
  bench.primary.RequestAcknowledgements();
  bench.Online(1);
  bench.EndTurn();
  bench.Read(1);
  bench.primary.RequestAcknowledgements();
  bench.primary.RequestAcknowledgements();
  bench.EndTurn();
  CHECK(bench.Read(1) == kGetAck);
  bench.EndTurn();
  CHECK(bench.Read(1) == "");
}

TEST_CASE("primary: a held stream carries commands only; what was asked for follows") {
  Options options;
  options.ping_period = 10s;
  options.timeout = 60s;
  Bench bench(options);
  bench.Online(1);
  bench.EndTurn();
  bench.Read(1);
  bench.primary.HoldStream(true);
  bench.primary.RequestAcknowledgements();
  bench.EndTurn();
  for (int i = 1; i < 30; ++i) {
    bench.Ack(1, 0);
    bench.TickAt(1s * i);
  }
  CHECK(bench.Read(1) == "");
  // As long as a replica with our repl-timeout keeps the link, and not much longer.
  bench.TickAt(30s);
  CHECK(bench.Read(1) == kPing);
  bench.primary.AskForAcknowledgements();
  CHECK(bench.Read(1) == kGetAck);
  bench.primary.RequestAcknowledgements();
  bench.primary.HoldStream(false);
  bench.EndTurn();
  CHECK(bench.Read(1) == kGetAck);
  bench.TickAt(40s);
  CHECK(bench.Read(1) == kPing);
}

TEST_CASE("primary: newlines to those who wait, PING to all every period") {
  Options options;
  options.diskless_sync_delay = 5s;
  Bench bench(options);
  bench.Online(1);
  bench.Replconf(2, {"capa", "eof"});
  bench.Psync(2, "?", -1);
  CHECK(bench.EndTurn() == "");
  CHECK(bench.primary.NextDeadline() == bench.now + 1s);
  CHECK(bench.TickAt(1s) == "send 2: \n");
  CHECK(bench.TickAt(2s) == "send 2: \n");
  CHECK(bench.Read(1) == "");
  CHECK(bench.TickAt(5s).ends_with("snapshot at 0: 2/mark\n"));
  bench.Ack(1, 0);
  bench.TickAt(10s);
  CHECK(bench.Read(1) == kPing);
  bench.TickAt(11s);
  CHECK(bench.Read(1) == "");
}

TEST_CASE("primary: a new ping period counts from the last ping, not from the next planned one") {
  Options options;
  options.ping_period = 10s;
  Bench bench(options);
  bench.Online(1);
  options.ping_period = 3600s;
  bench.primary.SetOptions(options);
  bench.Ack(1, 0);
  bench.TickAt(10s);
  CHECK(bench.Read(1) == "");
  options.ping_period = 1s;
  bench.primary.SetOptions(options);
  bench.TickAt(11s);
  CHECK(bench.Read(1) == kPing);
}

TEST_CASE("primary: enough replicas waiting end the delay") {
  Options options;
  options.diskless_sync_delay = 5s;
  options.diskless_sync_max_replicas = 2;
  Bench bench(options);
  bench.Replconf(1, {"capa", "eof"});
  bench.Replconf(2, {"capa", "eof"});
  bench.Psync(1, "?", -1);
  CHECK(bench.EndTurn() == "");
  bench.Psync(2, "?", -1);
  CHECK(bench.EndTurn().ends_with("snapshot at 0: 1/mark 2/mark\n"));
}

TEST_CASE("primary: a silent replica is dropped after repl-timeout, a talking one is not") {
  Bench bench;
  bench.Online(1);
  bench.Online(2);
  for (int second = 1; second <= 60; ++second) {
    CHECK(bench.TickAt(second * 1s) == "");
    bench.Ack(2, 0);
  }
  CHECK(bench.TickAt(61s) == "drop 1: timed out (repl-timeout)\n");
  CHECK(bench.primary.IsReplica(ReplicaId{2}));
  CHECK(bench.primary.CountGood(bench.now) == 1);
}

TEST_CASE("primary: good replicas are those that acknowledged lately") {
  Bench bench;
  bench.Online(1);
  CHECK(bench.primary.CountGood(bench.now) == 1);
  CHECK(bench.primary.CountGood(bench.now + 10s) == 1);
  CHECK(bench.primary.CountGood(bench.now + 10001ms) == 0);
  CHECK(bench.primary.Replicas(bench.now + 7s).at(0).lag_seconds == 7);
  bench.now += 20s;
  bench.primary.NoteAlive(bench.now, ReplicaId{1});
  CHECK(bench.primary.CountGood(bench.now) == 1);
}

TEST_CASE("primary: how far behind a replica is, in bytes and in time") {
  Bench bench;
  bench.Online(1);
  const auto replica = [&] { return bench.primary.Replicas(bench.now).at(0); };
  CHECK_FALSE(replica().lag_bytes.has_value());  // it has not said anything
  CHECK_FALSE(replica().lag.has_value());
  bench.Ack(1, 0);
  CHECK(replica().lag_bytes == 0);
  CHECK(replica().lag == 0s);

  bench.now += 5s;
  bench.primary.Append(0, "*1\r\n$4\r\nPING\r\n");
  const int64_t first = bench.history.offset().bytes();
  bench.primary.NoteStreamTime(bench.now);
  bench.now += 300ms;
  bench.primary.Append(0, "*1\r\n$4\r\nPING\r\n");
  bench.primary.NoteStreamTime(bench.now);
  bench.now += 200ms;
  CHECK(replica().lag_bytes == first + 14);
  CHECK(replica().lag == 500ms);
  bench.Ack(1, first);
  CHECK(replica().lag_bytes == 14);
  CHECK(replica().lag == 200ms);
  bench.Ack(1, first + 14);
  CHECK(replica().lag == 0s);
}

TEST_CASE("primary: output limits, hard at once and soft after a while") {
  Options options;
  options.backlog_size = 1000;
  options.output_hard_limit = 100000;
  options.output_soft_limit = 20000;
  options.output_soft_time = 10s;
  Bench bench(options);
  bench.Online(1);
  bench.Online(2);
  bench.primary.Append(0, std::string(50000, 'x'));
  bench.Read(2);
  CHECK(bench.EndTurn() == "");
  bench.now += 10s;
  CHECK(bench.EndTurn() == "");
  bench.now += 1s;
  CHECK(bench.EndTurn() == "drop 1: output limit reached (client-output-buffer-limit replica)\n");
  bench.primary.Append(0, std::string(100001, 'x'));
  CHECK(bench.EndTurn() == "drop 2: output limit reached (client-output-buffer-limit replica)\n");
}

TEST_CASE("primary: what a replica has not taken of its snapshot counts with its stream") {
  Options options;
  options.backlog_size = 1000;
  options.output_hard_limit = 100000;
  options.output_soft_limit = 0;
  Bench bench(options);
  for (const uint64_t replica : {1, 2}) {
    bench.Replconf(replica, {"capa", "eof", "capa", "psync2"});
    bench.Psync(replica, "?", -1);
  }
  CHECK(bench.EndTurn().ends_with("snapshot at 0: 1/mark 2/mark\n"));
  bench.primary.Append(0, std::string(50000, 'x'));
  bench.primary.NoteSnapshotLag(ReplicaId{1}, 40000);
  bench.primary.NoteSnapshotLag(ReplicaId{2}, 60000);
  CHECK(bench.EndTurn() == "drop 2: output limit reached (client-output-buffer-limit replica)\n");
  bench.primary.NoteSnapshotLag(ReplicaId{1}, 0);
  CHECK(bench.EndTurn() == "");
}

TEST_CASE(
    "primary: the spool of a replica that needs the length is bounded, by the limit or without") {
  for (const uint64_t hard : {uint64_t{100000}, uint64_t{0}}) {
    CAPTURE(hard);
    Options options;
    options.backlog_size = 1000;
    options.output_hard_limit = hard;
    options.output_soft_limit = 0;
    Bench bench(options);
    bench.Psync(1, "?", -1);
    bench.Replconf(2, {"capa", "eof"});
    bench.Psync(2, "?", -1);
    CHECK(bench.EndTurn().ends_with("snapshot at 0: 1/length 2/mark\n"));
    const uint64_t limit = hard == 0 ? uint64_t{1} << 30 : hard;
    bench.primary.NoteSnapshotLag(ReplicaId{1}, limit);
    CHECK(bench.EndTurn() == "");
    bench.primary.NoteSnapshotLag(ReplicaId{1}, limit + 1);
    CHECK(bench.EndTurn() ==
          "drop 1: its snapshot, which cannot be sent before its length is known, is beyond the "
          "output limit (client-output-buffer-limit replica)\n");
  }
}

TEST_CASE("primary: while snapshots are held nobody is sent one, and then all are") {
  Bench bench;
  bench.primary.HoldSnapshots(true);
  bench.Psync(1, "?", -1);
  CHECK(bench.EndTurn() == "");
  CHECK(bench.primary.NextDeadline() > bench.now);
  bench.primary.HoldSnapshots(false);
  CHECK(bench.EndTurn().ends_with("snapshot at 0: 1/length\n"));
}

TEST_CASE("primary: a hard limit below the backlog's size counts as the backlog's size") {
  Options options;
  options.backlog_size = 1 << 20;
  options.output_hard_limit = 1000;
  options.output_soft_limit = 0;
  Bench bench(options);
  bench.Online(1);
  bench.primary.Append(0, std::string(100000, 'x'));
  CHECK(bench.EndTurn() == "");
}

TEST_CASE("primary: an idle backlog is freed and its history ends") {
  Bench bench;
  bench.Online(1);
  bench.primary.Append(0, kSet);
  const ReplicationId id = bench.history.id();
  bench.Step(ReplicaClosed{ReplicaId{1}});
  bench.TickAt(10s);
  CHECK(bench.primary.NextDeadline() == bench.now + 3600s);
  bench.TickAt(3609s);
  CHECK(bench.history.id() == id);
  bench.TickAt(3611s);
  CHECK(bench.history.id() != id);
  CHECK(bench.history.backlog() == nullptr);
  CHECK_FALSE(bench.primary.streaming());
}

TEST_CASE("primary: in the role of a replica it only passes on") {
  Bench bench;
  bench.Online(1);
  bench.primary.SetRole(Primary::Role::kReplica);
  CHECK_FALSE(bench.primary.streaming());
  bench.primary.ForwardApplied(kSet, 0);
  bench.primary.RequestAcknowledgements();
  bench.EndTurn();
  bench.TickAt(30s);
  CHECK(bench.Read(1) == kSet);
  CHECK(bench.Psync(2, "?", -1, {.is_replica = true}) ==
        "refused: NOMASTERLINK Can't SYNC while not connected with my master\n");
  bench.Psync(2, "?", -1, {.is_replica = true, .upstream_in_sync = true});
  CHECK(bench.EndTurn().ends_with("snapshot at " + std::to_string(kSet.size()) + ": 2/length\n"));
}

TEST_CASE("primary: a role change may send everybody away, and a promotion selects anew") {
  Bench bench;
  bench.Online(1);
  bench.primary.Append(0, kSet);
  bench.Psync(2, "?", -1);
  CHECK(bench.Step(DropReplicas{"promoted"}) == "drop 1: promoted\ndrop 2: promoted\n");
  CHECK(bench.primary.replica_count() == 0);
  bench.primary.SetRole(Primary::Role::kReplica);
  bench.primary.SetRole(Primary::Role::kPrimary);
  const std::string id = bench.history.id().ToString();
  bench.Psync(3, id, bench.history.offset().bytes() + 1);
  bench.primary.Append(0, kSet);
  CHECK(bench.Read(3) == kSelect0 + kSet);
}

TEST_CASE("primary: reading may begin at the first unit of a block, never inside a transaction") {
  Bench bench;
  bench.Online(1);
  const Backlog& backlog = *bench.history.backlog();
  const Offset begin = bench.history.offset();
  bench.primary.Append(0, kSet);
  bench.primary.AppendMulti(3);
  bench.primary.Append(3, kSet);
  bench.primary.AppendExec();
  CHECK(backlog.FindUnit(bench.history.offset())->at == begin);
  // Blocks that begin inside a transaction have their mark behind it.
  const std::string big =
      "*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$60000\r\n" + std::string(60000, 'v') + "\r\n";
  bench.primary.AppendMulti(3);
  for (int i = 0; i < 5; ++i) bench.primary.Append(3, big);
  bench.primary.AppendExec();
  CHECK(backlog.FindUnit(bench.history.offset())->at == begin);
  const Offset behind = bench.history.offset();
  bench.primary.Append(4, kSet);
  CHECK(backlog.FindUnit(bench.history.offset())->at == behind);
  CHECK(backlog.FindUnit(bench.history.offset())->db == 3);
}

TEST_CASE("primary: what was acknowledged is remembered beyond the replica, not beyond the role") {
  Bench bench;
  bench.Online(1);
  CHECK(!bench.primary.most_acknowledged().has_value());
  bench.primary.Append(0, kSet);
  bench.Ack(1, 10);
  bench.Step(ReplicaClosed{ReplicaId{1}});
  CHECK(bench.primary.most_acknowledged() == Offset(10));
  bench.primary.SetRole(Primary::Role::kReplica);
  CHECK(!bench.primary.most_acknowledged().has_value());
}
