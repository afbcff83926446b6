#include "tests/unit/replication/core/replica_bench.h"

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

TEST_CASE("replica: a handshake that gets no answer is given up") {
  Bench bench;
  bench.Follow();
  bench.now += 60s;
  CHECK(bench.Step(ReplicaTick{}) == "close\n");
  bench.now += 1s;
  CHECK(bench.Step(ReplicaTick{}) == "open 10.0.0.1:6379\n");
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

TEST_CASE("replica: the answer to PSYNC ... FAILOVER is lost, and the target is a primary now") {
  const std::string ours(40, 'a');
  const std::string is_primary = "-ERR PSYNC FAILOVER can't be sent to a master.\r\n";
  // The target's answers to the REPLCONFs of each attempt; returns what was sent last.
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
    const std::string target = "+OK\r\n+OK " + std::string(40, '2') + "\r\n";
    const std::string other = "+OK\r\n+OK " + std::string(40, '3') + "\r\n";
    SUBCASE("the process that was asked: so far ahead that only a snapshot helps") {
      doubtful(bench, false, target, target);
      CHECK(bench.Receive(snapshot).starts_with("role taken\n"));
    }
    SUBCASE("another one: it died and started empty") {
      doubtful(bench, false, target, other);
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
  const RunId target = *RunId::Parse(std::string(40, '2'));
  Bench bench;
  bench.replica.SetRunId(ours);
  bench.Step(quorate::replication::core::Follow{{"10.0.0.1", 6379}, true, 3, true});
  bench.Step(LinkOpened{});
  CHECK(bench.Receive("+PONG\r\n+OK\r\n+OK " + target.ToString() + " " + ours.ToString() + "\r\n")
            .ends_with(" 1 FAILOVER>\n"));
  CHECK(bench.Receive("+CONTINUE " + kTheirs + "\r\n")
            .starts_with("role taken\nancestor " + target.ToString() + "\n"));
}
