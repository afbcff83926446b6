#include "tests/unit/replication/core/primary_bench.h"

#include <doctest/doctest.h>

using namespace quorate::base;
using namespace quorate::replication::core;
using namespace std::chrono_literals;
using namespace quorate::replication::core::test;
using Bench = PrimaryBench;

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
  bench.primary.ScheduleGetAck();
  bench.Online(1);
  bench.EndTurn();
  bench.Read(1);
  bench.primary.ScheduleGetAck();
  bench.primary.ScheduleGetAck();
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
  bench.primary.ScheduleGetAck();
  bench.EndTurn();
  for (int i = 1; i < 30; ++i) {
    bench.Ack(1, 0);
    bench.TickAt(1s * i);
  }
  CHECK(bench.Read(1) == "");
  // As long as a replica with our repl-timeout keeps the link, and not much longer.
  bench.TickAt(30s);
  CHECK(bench.Read(1) == kPing);
  bench.primary.SendGetAck();
  CHECK(bench.Read(1) == kGetAck);
  bench.primary.ScheduleGetAck();
  bench.primary.HoldStream(false);
  bench.EndTurn();
  CHECK(bench.Read(1) == kGetAck);
  bench.TickAt(40s);
  CHECK(bench.Read(1) == kPing);
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
  CHECK(bench.primary.counters().over_limit == 2);
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

TEST_CASE("primary: in the role of a replica it only passes on") {
  Bench bench;
  bench.Online(1);
  bench.primary.SetRole(Primary::Role::kReplica);
  CHECK_FALSE(bench.primary.streaming());
  bench.primary.ForwardApplied(kSet, 0);
  bench.primary.ScheduleGetAck();
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
