#include "tests/unit/replication/core/replica_bench.h"

#include <doctest/doctest.h>

using namespace quorate::base;
using namespace quorate::replication::core;
using namespace std::chrono_literals;

TEST_CASE("replica: a full resync stages, verifies, then swaps") {
  Bench bench;
  bench.Asked();
  CHECK(bench.Receive("+FULLRESYNC " + kTheirs + " 100\r\n\n\n$6\r\nabc") ==
        "begin staging\nstage 'abc'\n");
  CHECK(bench.history.offset() == Offset());
  bench.now += 1s;
  CHECK(bench.Step(ReplicaTick{}) == "send newline\n");  // alive
  CHECK(bench.Receive("def*1\r\n$4\r\nPING\r\n") ==
        "stage 'def'\nfinish staging\nstream '*1\r\n$4\r\nPING\r\n'\n");
  CHECK(bench.Step(StagingVerified{5}) == "drop sub-replicas\ncommit staging\n");
  CHECK(bench.history.offset() == Offset());
  CHECK(bench.Step(StagingCommitted{}) == "resume in db 5\nsend <REPLCONF ACK 100>\n");
  CHECK(bench.history.offset() == Offset(100));
  CHECK(bench.history.id().view() == kTheirs);
  CHECK(bench.replica.link_up());
  CHECK(bench.replica.tracker().db() == 5);
}

TEST_CASE("replica: a snapshot that is of our own history is told apart from others") {
  Bench bench;
  bench.Synced();
  bench.Step(LinkClosed{"cut"});
  bench.now += 10s;
  bench.Step(ReplicaTick{});
  bench.Step(LinkOpened{});
  bench.Receive("+PONG\r\n+OK\r\n+OK\r\n");
  CHECK(bench.Receive("+FULLRESYNC " + kTheirs + " 900\r\n$6\r\nabc") ==
        "begin staging of the same history\nstage 'abc'\n");
}

TEST_CASE("replica: the mark framing, cut anywhere") {
  const std::string mark = "0123456789012345678901234567890123456789";
  const std::string payload = "some payload 01234567890123 that looks like the mark at times";
  const std::string all = "$EOF:" + mark + "\r\n" + payload + mark;
  for (size_t cut = 1; cut < all.size(); ++cut) {
    CAPTURE(cut);
    Bench bench;
    bench.Asked();
    bench.Receive("+FULLRESYNC " + kTheirs + " 100\r\n");
    std::string transcript = bench.Receive(all.substr(0, cut));
    transcript += bench.Receive(all.substr(cut));
    REQUIRE(transcript.ends_with("finish staging\n"));
    std::string staged;
    for (size_t at = 0; (at = transcript.find("stage '", at)) != std::string::npos;) {
      at += 7;
      staged += transcript.substr(at, transcript.find('\'', at) - at);
    }
    REQUIRE(staged == payload);
  }
}

TEST_CASE("replica: bad snapshot headers end the link") {
  for (const std::string header : {"$-1\r\n", "$x\r\n", "$EOF:short\r\n", "hello\r\n",
                                   "-ERR no memory\r\n", "$99999999999999999999\r\n"}) {
    CAPTURE(header);
    Bench bench;
    bench.Asked();
    bench.Receive("+FULLRESYNC " + kTheirs + " 100\r\n");
    CHECK(bench.Receive(header) == "close\n");
  }
}

TEST_CASE("replica: a refused snapshot and a broken transfer cost nothing") {
  Bench bench;
  bench.Synced();
  bench.Step(LinkClosed{"cut"});
  bench.now += 1s;
  bench.Step(ReplicaTick{});
  bench.Step(LinkOpened{});
  bench.Receive("+PONG\r\n+OK\r\n+OK\r\n+FULLRESYNC " + std::string(40, 'c') + " 7\r\n$9\r\nabc");
  CHECK(bench.Step(LinkClosed{"cut"}) == "abandon staging\nclose\n");
  CHECK(bench.history.offset() == Offset(100));
  CHECK(bench.history.id().view() == kTheirs);
  bench.now += 1s;
  bench.Step(ReplicaTick{});
  bench.Step(LinkOpened{});
  // The old data is still exactly that history's prefix, so it is still offered.
  CHECK(bench.Receive("+PONG\r\n+OK\r\n+OK\r\n").ends_with("send <PSYNC " + kTheirs + " 101>\n"));
  bench.Receive("+FULLRESYNC " + std::string(40, 'c') + " 7\r\n$3\r\nabc");
  CHECK(bench.Step(StagingFailed{"corrupt"}) == "abandon staging\nclose\n");
  CHECK(bench.history.offset() == Offset(100));
}

TEST_CASE("replica: offsets move at command and transaction boundaries only") {
  Bench bench;
  bench.Synced();
  CHECK(bench.replica.Acknowledgement() == Resp({"REPLCONF", "ACK", "100"}));
  bench.Apply({"SET", "k", "v"});
  const auto one = static_cast<int64_t>(Resp({"SET", "k", "v"}).size());
  CHECK(bench.history.offset() == Offset(100 + one));
  bench.Apply({"MULTI"});
  bench.Apply({"SET", "k", "w"});
  CHECK(bench.history.offset() == Offset(100 + one));
  CHECK(bench.replica.View(bench.now)->read > Offset(100 + one));
  // The link breaks inside: asked for again from before MULTI.
  CHECK(bench.Step(LinkClosed{"cut"}) == "abort transaction\nclose\n");
  bench.now += 1s;
  bench.Step(ReplicaTick{});
  bench.Step(LinkOpened{});
  CHECK(bench.Receive("+PONG\r\n+OK\r\n+OK\r\n")
            .ends_with("send <PSYNC " + kTheirs + " " + std::to_string(101 + one) + ">\n"));
  CHECK(bench.Receive("+CONTINUE\r\n") ==
        "resume in db 2\nsend <REPLCONF ACK " + std::to_string(100 + one) + ">\n");
}

TEST_CASE("replica: the selected database is remembered across links") {
  Bench bench;
  bench.Synced();
  CHECK(bench.replica.tracker().db() == 2);
  bench.Apply({"select", "7"});
  bench.Apply({"MULTI"});
  bench.Apply({"SELECT", "9"});
  CHECK(bench.replica.tracker().db() == 7);  // counts with its EXEC
  bench.Step(LinkClosed{"cut"});
  CHECK(bench.replica.tracker().db() == 7);
}

TEST_CASE("replica: a corrupt stream makes the next sync a full one") {
  Bench bench;
  bench.Synced();
  CHECK(bench.Step(StreamCorrupt{"inline"}) == "close\n");
  bench.now += 1s;
  bench.Step(ReplicaTick{});
  bench.Step(LinkOpened{});
  CHECK(bench.Receive("+PONG\r\n+OK\r\n+OK\r\n").ends_with("send <PSYNC ? -1>\n"));
}

TEST_CASE(
    "replica: an unrunnable command breaks the link before it, and no sooner than in a while") {
  Bench bench;
  bench.Synced();
  bench.Apply({"SET", "a", "1"});
  const Offset before = bench.history.offset();
  bench.Apply({"MULTI"});
  for (int round = 0; round < 3; ++round) {
    CHECK(bench.Step(StreamUnrunnable{"ERR unknown command"}) ==
          (round == 0 ? "abort transaction\nclose\n" : "close\n"));
    CHECK(bench.replica.link_state() == LinkState::kConnect);
    CHECK(bench.history.offset() == before);
    CHECK(bench.replica.resumable());
    // However often the primary lets us continue: the pause does not shrink.
    bench.now += 800ms;
    CHECK(bench.Step(ReplicaTick{}) == "");
    bench.now += 200ms;
    CHECK(bench.Step(ReplicaTick{}).starts_with("open "));
    bench.Step(LinkOpened{});
    CHECK(bench.Receive("+PONG\r\n+OK\r\n+OK\r\n")
              .ends_with("send <PSYNC " + kTheirs + " " + std::to_string(before.bytes() + 1) +
                         ">\n"));
    bench.Receive("+CONTINUE\r\n");
    REQUIRE(bench.replica.link_up());
  }
}

TEST_CASE("replica: acknowledges every second, times out after repl-timeout") {
  Bench bench;
  bench.Synced();
  CHECK(bench.replica.NextDeadline() == bench.now + 1s);
  for (int i = 0; i < 3; ++i) {
    bench.now += 1s;
    CHECK(bench.Step(ReplicaTick{}) == "send <REPLCONF ACK 100>\n");
  }
  bench.now += 57s;
  CHECK(bench.Step(ReplicaTick{}) == "close\n");
  CHECK(bench.replica.View(bench.now)->down_seconds == 0);
  CHECK(bench.replica.View(bench.now + 5s)->down_seconds == 5);
}

TEST_CASE("replica: retries slow down to one a second") {
  Bench bench;
  bench.Follow();
  Duration longest{};
  for (int i = 0; i < 8; ++i) {
    bench.Step(LinkClosed{"connection refused"});
    const Duration pause = bench.replica.NextDeadline() - bench.now;
    CHECK(pause <= 1s);
    if (i == 0) CHECK(pause <= 100ms);
    longest = std::max(longest, pause);
    bench.now = bench.replica.NextDeadline();
    CHECK(bench.Step(ReplicaTick{}) == "open 10.0.0.1:6379\n");
  }
  CHECK(longest >= 900ms);
}

TEST_CASE("replica: promotion begins a new history where the old one stopped") {
  Bench bench;
  bench.Synced();
  bench.Apply({"MULTI"});
  CHECK(bench.Step(Promote{}) == "abort transaction\nclose\ndrop sub-replicas\npromoted\n");
  CHECK_FALSE(bench.replica.is_replica());
  CHECK(bench.history.previous_id().view() == kTheirs);
  CHECK(bench.history.previous_end() == Offset(100));
  CHECK(bench.history.id().view() != kTheirs);
  CHECK(bench.Step(Promote{}) == "");
  CHECK_FALSE(bench.replica.View(bench.now).has_value());
}

TEST_CASE("replica: another primary keeps what there is to continue") {
  Bench bench;
  bench.Synced();
  CHECK(bench.Step(Follow{{"10.0.0.2", 6379}, true, -1}) == "close\nopen 10.0.0.2:6379\n");
  bench.Step(LinkOpened{});
  CHECK(bench.Receive("+PONG\r\n+OK\r\n+OK\r\n").ends_with("send <PSYNC " + kTheirs + " 101>\n"));
}

TEST_CASE("replica: the stream can be read from its very first command") {
  Bench bench;
  bench.Synced();
  bench.Apply({"SET", "k", "v"});
  CHECK(bench.history.backlog()->FindUnit(Offset(100))->at == Offset(100));
  CHECK(bench.history.backlog()->FindUnit(Offset(100))->db == 2);

  Bench restarted;
  restarted.history.Restore(*ReplicationId::Parse(kTheirs), Offset(50), {}, std::nullopt);
  restarted.FollowOnceLoaded();
  restarted.Step(HistoryRestored{3});
  restarted.Step(LinkOpened{});
  restarted.Receive("+PONG\r\n+OK\r\n+OK\r\n+CONTINUE\r\n");
  restarted.Apply({"SET", "k", "v"});
  CHECK(restarted.history.backlog()->FindUnit(Offset(60))->at == Offset(50));
  CHECK(restarted.history.backlog()->FindUnit(Offset(60))->db == 3);
}

TEST_CASE("replica: data loaded with its history is offered") {
  Bench bench;
  bench.history.Restore(*ReplicationId::Parse(kTheirs), Offset(50), {}, std::nullopt);
  Follow follow;
  follow.primary = {"10.0.0.1", 6379};
  follow.offer_own_history = false;
  follow.not_before = Instant::max();
  bench.Step(follow);
  bench.Step(HistoryRestored{3});
  bench.Step(LinkOpened{});
  CHECK(bench.Receive("+PONG\r\n+OK\r\n+OK\r\n").ends_with("send <PSYNC " + kTheirs + " 51>\n"));
  CHECK(bench.Receive("+CONTINUE\r\n").starts_with("resume in db 3\n"));
}

TEST_CASE("replica: a held link is cut at once and not opened before its time") {
  Bench bench;
  bench.Synced();
  CHECK(bench.Step(HoldLink{bench.now + 5s}) == "close\n");
  bench.now += 4999ms;
  CHECK(bench.Step(ReplicaTick{}) == "");
  SUBCASE("it goes on by itself") {
    bench.now += 1ms;
    CHECK(bench.Step(ReplicaTick{}) == "open 10.0.0.1:6379\n");
  }
  SUBCASE("let go") { CHECK(bench.Step(HoldLink{{}}) == "open 10.0.0.1:6379\n"); }
  SUBCASE("for longer") {
    bench.Step(HoldLink{bench.now + 5s});
    bench.now += 1ms;
    CHECK(bench.Step(ReplicaTick{}) == "");
  }
}

TEST_CASE("replica: a primary's link is not held") {
  Bench bench;
  CHECK(bench.Step(HoldLink{bench.now + 5s}) == "");
  // It would not open the link that it gets afterwards.
  CHECK(bench.Follow().ends_with("open 10.0.0.1:6379\n"));
}
