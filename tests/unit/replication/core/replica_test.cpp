#include "tests/unit/replication/core/replica_bench.h"

#include <chrono>
#include <string>
#include <vector>

#include <doctest/doctest.h>

using namespace quorate::base;
using namespace quorate::replication::core;
using namespace std::chrono_literals;

TEST_CASE("replica: the handshake, step by step") {
  Bench bench;
  CHECK(bench.replica.NextDeadline() == Instant::max());
  CHECK(bench.Follow() == "demoted\nopen 10.0.0.1:6379\n");
  CHECK(bench.replica.link_state() == LinkState::kConnecting);
  CHECK(bench.Step(LinkOpened{}) == "send <PING>\n");
  CHECK(bench.Receive("+PO") == "");
  CHECK(bench.Receive("NG\r\n") ==
        "send <REPLCONF listening-port 6380> <REPLCONF capa eof capa psync2>\n");
  CHECK(bench.Receive("+OK\r\n") == "");
  CHECK(bench.Receive("+OK\r\n") == "send <PSYNC ? -1>\n");
  CHECK(bench.Receive("\n\n") == "");  // keep waiting
  CHECK(bench.Receive("+FULLRESYNC " + kTheirs + " 100\r\n") == "");
  CHECK(bench.replica.link_state() == LinkState::kSync);
}

TEST_CASE("replica: everything that may be announced") {
  Options options;
  options.primary_user = "repl";
  options.primary_password = "secret";
  options.announce_ip = "1.2.3.4";
  options.announce_port = 7000;
  Bench bench(options);
  bench.Follow();
  bench.Step(LinkOpened{});
  CHECK(bench.Receive("-NOAUTH Authentication required.\r\n") ==
        "send <AUTH repl secret> <REPLCONF listening-port 7000> <REPLCONF ip-address 1.2.3.4> "
        "<REPLCONF capa eof capa psync2>\n");
  CHECK(bench.Receive("+OK\r\n-ERR what\r\n-ERR what\r\n") == "");
  CHECK(bench.Receive("-ERR what\r\n") == "send <PSYNC ? -1>\n");
}

TEST_CASE("replica: what aborts the handshake") {
  Bench bench;
  bench.Follow();
  bench.Step(LinkOpened{});
  CHECK(bench.Receive("-ERR unexpected\r\n") == "close\n");
  CHECK(bench.replica.link_state() == LinkState::kConnect);

  Options options;
  options.primary_password = "wrong";
  Bench refused(options);
  refused.Follow();
  refused.Step(LinkOpened{});
  refused.Receive("+PONG\r\n");
  CHECK(refused.Receive("-WRONGPASS invalid username-password pair\r\n") == "close\n");
}

TEST_CASE("replica: answers to PSYNC that are not understood end the link, data kept") {
  for (const std::string answer :
       {"+SOMETHING\r\n", "+FULLRESYNC\r\n", "+FULLRESYNC xyz 1\r\n", ":1\r\n"}) {
    CAPTURE(answer);
    Bench bench;
    bench.Asked();
    CHECK(bench.Receive(answer) == "close\n");
  }
  Bench bench;
  bench.Asked();
  CHECK(bench.Receive("+FULLRESYNC " + kTheirs + " -1\r\n") == "close\n");
  bench.Asked();
  CHECK(bench.Receive("+CONTINUE " + kTheirs + "\r\n") == "close\n");  // we had asked for all
  bench.Asked();
  CHECK(bench.Receive(std::string(1025, '+')) == "close\n");  // an endless line
}

TEST_CASE("replica: NOMASTERLINK and LOADING are asked again later, nothing is forgotten") {
  for (const std::string answer :
       {"-NOMASTERLINK Can't SYNC while not connected with my master\r\n",
        "-LOADING Redis is loading the dataset in memory\r\n"}) {
    Bench bench;
    bench.Synced();
    bench.Step(LinkClosed{"gone"});
    bench.now += 1s;
    CHECK(bench.Step(ReplicaTick{}) == "open 10.0.0.1:6379\n");
    bench.Step(LinkOpened{});
    CHECK(bench.Receive("+PONG\r\n+OK\r\n+OK\r\n").ends_with("send <PSYNC " + kTheirs + " 101>\n"));
    CHECK(bench.Receive(answer) == "close\n");
    CHECK(bench.replica.resumable());
  }
}

TEST_CASE("replica: a primary without PSYNC gets SYNC, and never an acknowledgement") {
  Bench bench;
  bench.Asked();
  CHECK(bench.Receive("-ERR unknown command 'PSYNC'\r\n") == "send SYNC\r\n\n");
  CHECK(bench.Receive("\n$3\r\n") == "begin staging\n");
  CHECK(bench.Receive("rdb") == "stage 'rdb'\nfinish staging\n");
  bench.Step(StagingVerified{-1});
  CHECK(bench.Step(StagingCommitted{}) == "resume in db -1\n");
  CHECK(bench.replica.Acknowledgement() == "");
  bench.now += 2s;
  CHECK(bench.Step(ReplicaTick{}) == "");
  CHECK_FALSE(bench.replica.resumable());
}

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

TEST_CASE("replica: a new replication id on CONTINUE keeps the old one valid and drops chains") {
  Bench bench;
  bench.Synced();
  bench.Step(LinkClosed{"cut"});
  bench.now += 1s;
  bench.Step(ReplicaTick{});
  bench.Step(LinkOpened{});
  bench.Receive("+PONG\r\n+OK\r\n+OK\r\n");
  CHECK(bench.Receive("+CONTINUE " + std::string(40, 'd') + "\r\n")
            .starts_with("drop sub-replicas\nresume in db 2\n"));
  CHECK(bench.history.id().view() == std::string(40, 'd'));
  CHECK(bench.history.previous_id().view() == kTheirs);
  CHECK(bench.history.previous_end() == Offset(100));
}

TEST_CASE("replica: garbage after CONTINUE is no continuation") {
  Bench bench;
  bench.Synced();
  bench.Step(LinkClosed{"cut"});
  bench.now += 1s;
  bench.Step(ReplicaTick{});
  bench.Step(LinkOpened{});
  bench.Receive("+PONG\r\n+OK\r\n+OK\r\n");
  CHECK(bench.Receive("+CONTINUE what\r\n") == "close\n");
  CHECK_FALSE(bench.replica.resumable());
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

TEST_CASE("replica: a handshake that gets no answer is given up") {
  Bench bench;
  bench.Follow();
  bench.now += 60s;
  CHECK(bench.Step(ReplicaTick{}) == "close\n");
  bench.now += 1s;
  CHECK(bench.Step(ReplicaTick{}) == "open 10.0.0.1:6379\n");
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

TEST_CASE("replica: demotion offers the own history, once it is one") {
  Bench bench;
  bench.history.StartNew(*ReplicationId::Parse(kTheirs));
  bench.history.Append("0123456789");
  bench.Asked(/*offer_own_history=*/true);
  bench.Follow(true);
  bench.Step(LinkOpened{});
  CHECK(bench.Receive("+PONG\r\n+OK\r\n+OK\r\n").ends_with("send <PSYNC " + kTheirs + " 11>\n"));
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

TEST_CASE("stream tracker: transactions are released whole, by EXEC or DISCARD") {
  StreamTracker tracker;
  using Args = std::vector<std::string_view>;
  CHECK(tracker.Applied(Args{"PING"}, "p") == "p");
  CHECK(tracker.Applied(Args{"multi"}, "m") == "");
  CHECK(tracker.Applied(Args{"SET", "a", "b"}, "s") == "");
  CHECK(tracker.Applied({}, "\n") == "");
  CHECK(tracker.in_transaction());
  CHECK(tracker.Applied(Args{"EXEC"}, "e") == "ms\ne");
  CHECK_FALSE(tracker.in_transaction());
  CHECK(tracker.Applied(Args{"MULTI"}, "m") == "");
  CHECK(tracker.Applied(Args{"DISCARD"}, "d") == "md");
  CHECK(tracker.Applied(Args{"PING"}, "p") == "p");
  CHECK(tracker.pending().empty());
}

TEST_CASE("stream tracker: REPLCONF is never run") {
  using Args = std::vector<std::string_view>;
  CHECK(StreamTracker::Classify(Args{"REPLCONF", "GETACK", "*"}) ==
        StreamTracker::Verdict::kGetAck);
  CHECK(StreamTracker::Classify(Args{"replconf", "capa", "x"}) == StreamTracker::Verdict::kSkip);
  CHECK(StreamTracker::Classify(Args{"SET", "a", "b"}) == StreamTracker::Verdict::kApply);
}

TEST_CASE("replica: a role that is handed over is offered with PSYNC ... FAILOVER") {
  const std::string ours(40, 'a');
  const auto asked = [&](Bench& bench) {
    bench.Step(quorate::replication::core::Follow{{"10.0.0.1", 6379}, true, 3, true});
    bench.Step(LinkOpened{});
    CHECK(bench.Receive("+PONG\r\n+OK\r\n+OK\r\n")
              .ends_with("send <PSYNC " + ours + " 1 FAILOVER>\n"));
  };
  SUBCASE("taken") {
    Bench bench;
    asked(bench);
    CHECK(bench.Receive("+CONTINUE " + kTheirs + "\r\n")
              .starts_with("role taken\ndrop sub-replicas\nresume in db 3\n"));
    // It is an ordinary primary from now on.
    bench.Step(LinkClosed{"cut"});
    bench.now += 1s;
    bench.Step(ReplicaTick{});
    bench.Step(LinkOpened{});
    CHECK(bench.Receive("+PONG\r\n+OK\r\n+OK\r\n").ends_with("send <PSYNC " + kTheirs + " 1>\n"));
  }
  SUBCASE("taken, but with a snapshot") {
    Bench bench;
    asked(bench);
    CHECK(bench.Receive("+FULLRESYNC " + kTheirs + " 100\r\n") == "role taken\n");
  }
  SUBCASE("refused") {
    for (const std::string answer :
         {"-NOPERM this user has no permissions to run the 'psync' command\r\n",
          "-ERR PSYNC FAILOVER can't be sent to a master.\r\n",
          "-LOADING Redis is loading the dataset in memory\r\n", "+WHAT\r\n"}) {
      CAPTURE(answer);
      Bench bench;
      asked(bench);
      CHECK(bench.Receive(answer) == "close\nrole refused\n");
    }
  }
}

TEST_CASE("replica: the answer to PSYNC ... FAILOVER is lost, and the heir is a primary now") {
  const std::string ours(40, 'a');
  const std::string is_primary = "-ERR PSYNC FAILOVER can't be sent to a master.\r\n";
  // The heir's answers to the REPLCONFs of each attempt; returns what was sent last.
  const auto connect = [](Bench& bench, const std::string& answers) {
    bench.now += 1s;
    bench.Step(ReplicaTick{});
    bench.Step(LinkOpened{});
    return bench.Receive("+PONG\r\n" + answers);
  };
  const auto doubtful = [&](Bench& bench, bool forced, const std::string& first,
                            const std::string& later) {
    Follow follow;
    follow.primary = {"10.0.0.1", 6379};
    follow.stream_db = 3;
    follow.hand_over = true;
    follow.forced = forced;
    bench.Step(follow);
    CHECK(connect(bench, first).ends_with("send <PSYNC " + ours + " 1 FAILOVER>\n"));
    CHECK(bench.Step(LinkClosed{"cut"}) == "close\n");
    CHECK(connect(bench, later).ends_with("send <PSYNC " + ours + " 1 FAILOVER>\n"));
    CHECK(bench.Receive(is_primary) == "close\n");  // its history will tell
    CHECK(connect(bench, later).ends_with("send <PSYNC " + ours + " 1>\n"));
  };
  const std::string stock = "+OK\r\n+OK\r\n";
  const std::string snapshot = "+FULLRESYNC " + kTheirs + " 100\r\n";
  Bench bench;
  SUBCASE("it goes on with our history: the role is its") {
    doubtful(bench, false, stock, stock);
    CHECK(bench.Receive("+CONTINUE " + kTheirs + "\r\n")
              .starts_with("role taken\ndrop sub-replicas\nresume in db 3\n"));
  }
  SUBCASE("it knows nothing of our history, and our data stays") {
    doubtful(bench, false, stock, stock);
    CHECK(bench.Receive(snapshot) == "close\nrole refused\n");
  }
  SUBCASE("it was forced upon one that may lack bytes") {
    doubtful(bench, true, stock, stock);
    CHECK(bench.Receive(snapshot) == "role taken\n");
  }
  SUBCASE("it cannot be reached, or loads, before it has told") {
    doubtful(bench, false, stock, stock);
    CHECK(bench.Step(LinkClosed{"cut"}) == "close\n");
    CHECK(connect(bench, stock).ends_with("send <PSYNC " + ours + " 1>\n"));
    CHECK(bench.Receive("-LOADING Redis is loading the dataset in memory\r\n") == "close\n");
    CHECK(connect(bench, stock).ends_with("send <PSYNC " + ours + " 1>\n"));
    CHECK(bench.Receive(snapshot) == "close\nrole refused\n");
  }
  SUBCASE("it says who it is") {
    bench.replica.SetRunId(*RunId::Parse(std::string(40, '1')));
    const std::string heir = "+OK\r\n+OK " + std::string(40, '2') + "\r\n";
    const std::string other = "+OK\r\n+OK " + std::string(40, '3') + "\r\n";
    SUBCASE("the process that was asked: so far ahead that only a snapshot helps") {
      doubtful(bench, false, heir, heir);
      CHECK(bench.Receive(snapshot).starts_with("role taken\n"));
    }
    SUBCASE("another one: it died and started empty") {
      doubtful(bench, false, heir, other);
      CHECK(bench.Receive(snapshot) == "close\nrole refused\n");
    }
  }
}

TEST_CASE("replica: a primary that is this node, or follows it, is refused") {
  const RunId ours = *RunId::Parse(std::string(40, '1'));
  const RunId other = *RunId::Parse(std::string(40, '2'));
  Bench bench;
  bench.replica.SetRunId(ours);
  bench.Follow();
  bench.Step(LinkOpened{});
  CHECK(bench.Receive("+PONG\r\n") ==
        "send <REPLCONF listening-port 6380> <REPLCONF capa eof capa "
        "psync2 quorate-run-id " +
            ours.ToString() + ">\n");
  bench.Receive("+OK\r\n");
  SUBCASE("the node itself") {
    CHECK(bench.Receive("+OK " + ours.ToString() + "\r\n") == "close\n");
    CHECK(bench.replica.link_state() == LinkState::kConnect);
  }
  SUBCASE("one that follows it") {
    CHECK(bench.Receive("+OK " + other.ToString() + " " + ours.ToString() + "\r\n") == "close\n");
    bench.now += 1s;
    CHECK(bench.Step(ReplicaTick{}) == "open 10.0.0.1:6379\n");
  }
  SUBCASE("a stranger") {
    CHECK(bench.Receive("+OK " + other.ToString() + "\r\n") ==
          "ancestor " + other.ToString() + "\nsend <PSYNC ? -1>\n");
  }
  SUBCASE("one that does not know of it") {
    for (const std::string answer :
         {"+OK", "-ERR Unrecognized REPLCONF option: quorate-run-id", "+OK what", "+OK "}) {
      CAPTURE(answer);
      CHECK(bench.Receive(answer + "\r\n") == "send <PSYNC ? -1>\n");
      bench.Step(LinkClosed{"cut"});
      bench.now += 1s;
      bench.Step(ReplicaTick{});
      bench.Step(LinkOpened{});
      bench.Receive("+PONG\r\n+OK\r\n");
    }
  }
}

TEST_CASE("replica: who hands its role over to a node that follows it is not in a circle") {
  const RunId ours = *RunId::Parse(std::string(40, '1'));
  const RunId heir = *RunId::Parse(std::string(40, '2'));
  Bench bench;
  bench.replica.SetRunId(ours);
  bench.Step(quorate::replication::core::Follow{{"10.0.0.1", 6379}, true, 3, true});
  bench.Step(LinkOpened{});
  CHECK(bench.Receive("+PONG\r\n+OK\r\n+OK " + heir.ToString() + " " + ours.ToString() + "\r\n")
            .ends_with(" 1 FAILOVER>\n"));
  CHECK(bench.Receive("+CONTINUE " + kTheirs + "\r\n")
            .starts_with("role taken\nancestor " + heir.ToString() + "\n"));
}

// ---- what a full sync throws away

namespace {

Options Recording(bool required = false) {
  Options options;
  options.rollback = true;
  options.rollback_required = required;
  return options;
}

std::string Bulk(const std::string& text) {
  return "$" + std::to_string(text.size()) + "\r\n" + text + "\r\n";
}

std::string HistoryOf(const std::string& id, int64_t offset, const std::string& previous = "",
                      int64_t second = -1) {
  return Bulk("# Replication\r\nrole:master\r\nmaster_replid:" + id +
              "\r\nmaster_replid2:" + (previous.empty() ? std::string(40, '0') : previous) +
              "\r\nmaster_repl_offset:" + std::to_string(offset) +
              "\r\nsecond_repl_offset:" + std::to_string(second) + "\r\n");
}

// A primary of 130 bytes of history 'a', of which some replica acknowledged 90, and then demoted.
class Demoted130 : public Bench {
 public:
  explicit Demoted130(const Options& wanted = Recording()) : Bench(wanted) {
    history.EnsureBacklog();
    history.Append(std::string(130, 'x'));
    quorate::replication::core::Follow follow{{"10.0.0.1", 6379}, true, 0};
    follow.acknowledged = Offset(90);
    Step(follow);
    Step(LinkOpened{});
    Receive("+PONG\r\n+OK\r\n");
  }
  // Up to the verified snapshot of kTheirs:200.
  std::string Snapshot() {
    Receive("+FULLRESYNC " + kTheirs + " 200\r\n$3\r\nrdb");
    return Step(StagingVerified{0});
  }
};

const std::string kOurs(40, 'a');
const std::string kCommit = "drop sub-replicas\ncommit staging\n";

}  // namespace

TEST_CASE("replica: who may lose something asks its primary's history before PSYNC") {
  Demoted130 bench;
  CHECK(bench.Receive("+OK\r\n") == "send <INFO replication>\n");
  const std::string reply = HistoryOf(kTheirs, 200, kOurs, 101);
  CHECK(bench.Receive(reply.substr(0, 60)) == "");
  CHECK(bench.Receive(reply.substr(60, reply.size() - 61)) == "");
  CHECK(bench.Receive(reply.substr(reply.size() - 1)) == "send <PSYNC " + kOurs + " 131>\n");
}

TEST_CASE("replica: nobody is asked without something to lose, or if nothing is to be recorded") {
  Bench fresh(Recording());
  fresh.Follow();
  fresh.Step(LinkOpened{});
  CHECK(fresh.Receive("+PONG\r\n+OK\r\n+OK\r\n").ends_with("send <PSYNC ? -1>\n"));
  Demoted130 off(Options{});
  CHECK(off.Receive("+OK\r\n") == "send <PSYNC " + kOurs + " 131>\n");
  CHECK(off.Snapshot() == kCommit);
}

TEST_CASE("replica: what lies beyond the fork is recorded before the data is replaced") {
  Demoted130 bench;
  bench.Receive("+OK\r\n" + HistoryOf(kTheirs, 200, kOurs, 101));
  CHECK(bench.Snapshot() == "record 1 from 100 for 10.0.0.1:6379\n");
  CHECK(bench.history.offset() == Offset(130));
  CHECK(bench.Step(DiscardedRecorded{7, true}) == "");  // another one's
  CHECK(bench.Step(DiscardedRecorded{1, true}) == kCommit);
  CHECK(bench.Step(DiscardedRecorded{1, true}) == "");
}

TEST_CASE("replica: nothing is recorded if the new history has all of ours") {
  Demoted130 bench;
  bench.Receive("+OK\r\n" + HistoryOf(kTheirs, 200, kOurs, 131));
  CHECK(bench.Snapshot() == kCommit);
}

TEST_CASE("replica: a primary that does not say where it parted from us leaves an estimate") {
  Demoted130 refused;
  CHECK(refused.Receive("+OK\r\n-NOPERM no INFO for you\r\n") ==
        "send <INFO replication>\nsend <PSYNC " + kOurs + " 131>\n");
  CHECK(refused.Snapshot() == "record 1 from 90 (estimated) for 10.0.0.1:6379\n");
  Demoted130 unrelated;
  unrelated.Receive("+OK\r\n" + HistoryOf(kTheirs, 200));
  CHECK(unrelated.Snapshot() == "record 1 from 90 (estimated) for 10.0.0.1:6379\n");
  // It began another history between INFO and PSYNC.
  Demoted130 changed;
  changed.Receive("+OK\r\n" + HistoryOf(std::string(40, 'c'), 200, kOurs, 131));
  CHECK(changed.Snapshot() == "record 1 from 90 (estimated) for 10.0.0.1:6379\n");
}

TEST_CASE("replica: an endless INFO breaks the link") {
  Demoted130 bench;
  CHECK(bench.Receive("+OK\r\n$99999999999\r\n") == "send <INFO replication>\nclose\n");
}

TEST_CASE("replica: without a record the data is replaced, unless the record is required") {
  Demoted130 goes_on;
  goes_on.Receive("+OK\r\n" + HistoryOf(kTheirs, 200, kOurs, 101));
  goes_on.Snapshot();
  CHECK(goes_on.Step(DiscardedRecorded{1, false}) == kCommit);
  Demoted130 keeps(Recording(true));
  keeps.Receive("+OK\r\n" + HistoryOf(kTheirs, 200, kOurs, 101));
  keeps.Snapshot();
  CHECK(keeps.Step(DiscardedRecorded{1, false}) == "abandon staging\nclose\n");
  CHECK(keeps.history.offset() == Offset(130));
}

TEST_CASE("replica: a record that comes after its link is gone changes nothing") {
  Demoted130 bench;
  bench.Receive("+OK\r\n" + HistoryOf(kTheirs, 200, kOurs, 101));
  bench.Snapshot();
  CHECK(bench.Step(LinkClosed{"reset"}) == "abandon staging\nclose\n");
  CHECK(bench.Step(DiscardedRecorded{1, true}) == "");
}
