#include "tests/unit/replication/core/primary_bench.h"

#include <doctest/doctest.h>

using namespace quorate::base;
using namespace quorate::replication::core;
using namespace std::chrono_literals;
using namespace quorate::replication::core::test;
using Bench = PrimaryBench;

TEST_CASE("primary: nobody follows, nothing is counted") {
  Bench bench;
  CHECK_FALSE(bench.primary.streaming());
  CHECK(bench.history.offset() == Offset());
  CHECK(bench.primary.NextDeadline() == Instant::max());
}

TEST_CASE("primary: more full syncs than are allowed come again; who shares one costs nothing") {
  Options options;
  options.max_full_syncs = 1;
  Bench bench(options);
  for (const int id : {1, 2, 3}) bench.Replconf(id, {"capa", "eof"});
  CHECK(bench.Psync(1, "?", -1) == "");
  CHECK(bench.Psync(2, "?", -1) == "");  // joins
  CHECK(bench.EndTurn().ends_with("1/mark 2/mark\n"));
  const std::string refused = bench.Psync(3, "?", -1);
  CHECK(refused.find("NOMASTERLINK") != std::string::npos);
  CHECK_FALSE(bench.primary.IsReplica(ReplicaId{3}));
  CHECK(bench.primary.counters().full == 2);
  bench.Step(SnapshotDelivered{ReplicaId{1}});
  CHECK(bench.Psync(3, "?", -1) == refused);
  bench.Step(SnapshotDelivered{ReplicaId{2}});
  CHECK(bench.Psync(3, "?", -1) == "");
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
  CHECK(bench.primary.Replicas(bench.now).at(0).phase == ReplicaPhase::kWaitSnapshot);
  CHECK(bench.Step(SnapshotProduced{SnapshotId{1}}) == "");
  CHECK(bench.primary.Replicas(bench.now).at(0).phase == ReplicaPhase::kSendSnapshot);
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

TEST_CASE(
    "primary: replicas that wait for the same share one snapshot; others wait for their own") {
  Bench bench;
  bench.Psync(1, "?", -1);
  bench.Replconf(2, {"capa", "eof"});
  bench.Psync(2, "?", -1);
  bench.Replconf(3, {"rdb-filter-only", "functions", "capa", "eof"});
  bench.Psync(3, "?", -1);
  bench.Psync(4, "?", -1);
  bench.Replconf(5, {"capa", "eof"});
  bench.Psync(5, "?", -1);
  CHECK(bench.EndTurn().ends_with("snapshot at 0: 1/length 4/length\n"));
  bench.Psync(6, "?", -1);
  CHECK(bench.EndTurn() == "");
  bench.Step(SnapshotProduced{SnapshotId{1}});
  CHECK(bench.EndTurn().ends_with("snapshot at 0: 2/mark 5/mark\n"));
  bench.Step(SnapshotProduced{SnapshotId{2}});
  CHECK(bench.EndTurn().ends_with("snapshot at 0 without data: 3/mark\n"));
  bench.Step(SnapshotProduced{SnapshotId{3}});
  CHECK(bench.EndTurn().ends_with("snapshot at 0: 6/length\n"));
}

TEST_CASE("primary: a snapshot in another framing is another full sync") {
  Options options;
  options.max_full_syncs = 1;
  Bench bench(options);
  bench.Psync(1, "?", -1);
  bench.Replconf(2, {"capa", "eof"});
  CHECK(bench.Psync(2, "?", -1).find("NOMASTERLINK") != std::string::npos);
  bench.EndTurn();
  bench.Step(SnapshotProduced{SnapshotId{1}});
  bench.Step(SnapshotDelivered{ReplicaId{1}});
  CHECK(bench.Psync(2, "?", -1) == "");
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

TEST_CASE("primary: who is ahead of a node that follows comes again until it has caught up") {
  Bench bench;
  bench.history.Restore(bench.history.id(), Offset(900), {}, std::nullopt);
  bench.primary.SetRole(Primary::Role::kReplica);
  const std::string id = bench.history.id().ToString();
  const PsyncConditions following{.is_replica = true, .upstream_in_sync = true};
  const std::string refused = "refused: NOMASTERLINK Can't SYNC while behind you and catching up\n";
  CHECK(bench.Psync(1, id, 1001, following) == refused);
  bench.primary.ForwardApplied(std::string(99, 'x'), 0);
  CHECK(bench.Psync(1, id, 1001, following) == refused);
  bench.primary.ForwardApplied("x", 0);
  CHECK(bench.Psync(1, id, 1001, following) == "send 1: +CONTINUE\r\nstream 1\n");
  CHECK(bench.primary.counters().full == 0);
  // Who asks for a snapshot, or of another history, has nothing to wait for.
  CHECK(bench.Psync(2, "?", -1, following) == "");
  CHECK(bench.Psync(3, std::string(40, 'c'), 2000, following) == "");
}

TEST_CASE("primary: what never comes is waited for as long as repl-timeout") {
  Options options;
  options.timeout = 60s;
  Bench bench(options);
  bench.history.Restore(bench.history.id(), Offset(900), {}, std::nullopt);
  bench.primary.SetRole(Primary::Role::kReplica);
  const std::string id = bench.history.id().ToString();
  const PsyncConditions following{.is_replica = true, .upstream_in_sync = true};
  const auto is_refused = [&](uint64_t replica, int64_t next_byte) {
    return bench.Psync(replica, id, next_byte, following).starts_with("refused: NOMASTERLINK");
  };
  CHECK(is_refused(1, INT64_MAX));
  bench.now += 59s;
  CHECK(is_refused(1, INT64_MAX));
  CHECK(is_refused(2, 1001));
  bench.now += 1s;
  CHECK_FALSE(is_refused(1, INT64_MAX));
  CHECK_FALSE(is_refused(2, 1001));
  CHECK(bench.primary.counters().full == 2);
  bench.now += 60s;
  CHECK(is_refused(3, 1001));  // later ones have a wait of their own
  bench.history.AdoptContinued(*ReplicationId::Parse(std::string(40, 'b')));
  CHECK_FALSE(is_refused(4, 1001));  // what is past the end of an id before will not come
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
    CHECK(bench.EndTurn().ends_with("snapshot at 0: 1/length\n"));
    const uint64_t limit = hard == 0 ? uint64_t{1} << 30 : hard;
    bench.primary.NoteSnapshotLag(ReplicaId{1}, limit);
    CHECK(bench.EndTurn() == "");
    bench.primary.NoteSnapshotLag(ReplicaId{1}, limit + 1);
    CHECK(bench.EndTurn() ==
          "cancel snapshot\n"
          "drop 1: its snapshot, which cannot be sent before its length is known, is beyond the "
          "output limit (client-output-buffer-limit replica)\n");
  }
}
