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
  CHECK(bench.Receive("+FULLRESYNC " + kTheirs + " 9223372036854775807\r\n") == "close\n");
  bench.Asked();
  CHECK(bench.Receive("+FULLRESYNC " + kTheirs + " 4611686018427387904\r\n") == "close\n");
  bench.Asked();
  CHECK(bench.Receive("+FULLRESYNC " + kTheirs + " 4611686018427387903\r\n") == "");
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
