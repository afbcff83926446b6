#include "tests/unit/replication/core/primary_bench.h"

#include <doctest/doctest.h>

using namespace quorate::base;
using namespace quorate::replication::core;
using namespace std::chrono_literals;
using namespace quorate::replication::core::test;
using Bench = PrimaryBench;

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

TEST_CASE("primary: while snapshots are held nobody is sent one, and then all are") {
  Bench bench;
  bench.primary.HoldSnapshots(true);
  bench.Psync(1, "?", -1);
  CHECK(bench.EndTurn() == "");
  CHECK(bench.primary.NextDeadline() > bench.now);
  bench.primary.HoldSnapshots(false);
  CHECK(bench.EndTurn().ends_with("snapshot at 0: 1/length\n"));
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
