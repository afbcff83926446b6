// FAILOVER as the machine on the giver's side carries it out: to whom the role goes, and to whom
// not.
#include "tests/unit/replication/core/replica_bench.h"

#include <doctest/doctest.h>

using namespace quorate::base;
using namespace quorate::replication::core;
using namespace std::chrono_literals;

namespace {

const std::string kOurs(40, 'a');
const std::string kStock = "+OK\r\n+OK\r\n";
const std::string kNoInfo = "-NOPERM no INFO for you\r\n";
const std::string kIsPrimary = "-ERR PSYNC FAILOVER can't be sent to a master.\r\n";

// A primary of 100 bytes of history 'a' that hands its role over.
class Giver : public Bench {
 public:
  explicit Giver(const Options& wanted = {}) : Bench(wanted) {
    history.EnsureBacklog();
    history.Append(std::string(100, 'x'));
    replica.SetRunId(*RunId::Parse(std::string(40, '1')));
  }
  // What is sent once the target has answered to REPLCONF with `answers`, and to INFO.
  std::string HandOverTo(HandOver to, const std::string& answers, const std::string& info) {
    to.target = {"10.0.0.1", 6379};
    Step(quorate::replication::core::Follow{
        .primary = to.target, .stream_db = 3, .hand_over = to, .acknowledged = Offset(100)});
    return Connect(answers, info);
  }
  std::string Connect(const std::string& answers, const std::string& info) {
    now += 1s;
    Step(ReplicaTick{});
    Step(LinkOpened{});
    Receive("+PONG\r\n");
    const std::string sent = Receive(answers);
    return sent.ends_with("send <INFO replication>\n") ? Receive(info) : sent;
  }
};

std::string Process(char id) { return "+OK\r\n+OK " + std::string(40, id) + "\r\n"; }

HandOver To(char process, int64_t acknowledged = 100) {
  HandOver to;
  if (process != 0) to.process = RunId::Parse(std::string(40, process));
  to.acknowledged = Offset(acknowledged);
  return to;
}

HandOver Forced() { return {.target = {}, .forced = true}; }

std::string Info(const std::string& id, int64_t offset) {
  const std::string text = "role:slave\r\nmaster_replid:" + id +
                           "\r\nmaster_repl_offset:" + std::to_string(offset) + "\r\n";
  return "$" + std::to_string(text.size()) + "\r\n" + text + "\r\n";
}

std::string Snapshot(int64_t offset) {
  return "+FULLRESYNC " + kTheirs + " " + std::to_string(offset) + "\r\n";
}

const std::string kAsksForMore = "send <PSYNC " + kOurs + " 101>\n";
const std::string kOffersRole = "send <PSYNC " + kOurs + " 101 FAILOVER>\n";
const std::string kRefused = "close\nrole refused\n";

}  // namespace

TEST_CASE("replica: a role that is handed over is offered with PSYNC ... FAILOVER") {
  Giver bench;
  CHECK(bench.HandOverTo(To(0), kStock, kNoInfo) == kOffersRole);
  SUBCASE("taken") {
    CHECK(bench.Receive("+CONTINUE " + kTheirs + "\r\n")
              .starts_with("role taken\ndrop sub-replicas\nresume in db 3\n"));
    // It is an ordinary primary from now on.
    bench.Step(LinkClosed{"cut"});
    CHECK(bench.Connect(kStock, kNoInfo) == "send <PSYNC " + kTheirs + " 101>\n");
  }
  SUBCASE("taken, but with a snapshot") { CHECK(bench.Receive(Snapshot(100)) == "role taken\n"); }
  SUBCASE("refused") {
    for (const std::string answer :
         {"-NOPERM this user has no permissions to run the 'psync' command\r\n",
          "-ERR PSYNC FAILOVER can't be sent to a master.\r\n",
          "-NOMASTERLINK Can't take the role\r\n",
          "-LOADING Redis is loading the dataset in memory\r\n", "+WHAT\r\n", "+FULLRESYNC\r\n",
          "+FULLRESYNC bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb 9223372036854775807\r\n"}) {
      CAPTURE(answer);
      Giver another;
      another.HandOverTo(To(0), kStock, kNoInfo);
      CHECK(another.Receive(answer) == kRefused);
    }
  }
}

TEST_CASE("replica: the role is not offered to another process than the one that acknowledged") {
  Giver bench;
  SUBCASE("itself") { CHECK(bench.HandOverTo(To('2'), Process('2'), kNoInfo) == kOffersRole); }
  SUBCASE("another") {
    CHECK(bench.HandOverTo(To('2'), Process('3'), kNoInfo) == kRefused);
    CHECK(bench.history.offset() == Offset(100));
  }
  SUBCASE("one that does not say who it is") {
    CHECK(bench.HandOverTo(To('2'), kStock, kNoInfo) == kRefused);
  }
  SUBCASE("one that says it, in place of one that did not") {
    CHECK(bench.HandOverTo(To(0), Process('3'), kNoInfo) == kRefused);
  }
  SUBCASE("it is forced") {
    CHECK(bench.HandOverTo(Forced(), Process('3'), kNoInfo) == kOffersRole);
    CHECK(bench.Receive(Snapshot(50)).starts_with("role taken\n"));
  }
}

TEST_CASE("replica: another process may have taken the role before it was started again") {
  Giver bench;
  CHECK(bench.HandOverTo(To('2'), Process('2'), kNoInfo) == kOffersRole);
  bench.Step(LinkClosed{"cut"});
  CHECK(bench.Connect(Process('3'), kNoInfo) == kAsksForMore);
  SUBCASE("it goes on with our history") {
    CHECK(bench.Receive("+CONTINUE " + kTheirs + "\r\n").starts_with("role taken\n"));
  }
  SUBCASE("its history is another, be it longer") {
    CHECK(bench.Receive(Snapshot(5000)) == kRefused);
  }
  SUBCASE("it waits for us") {
    CHECK(bench.Receive("-NOMASTERLINK Can't SYNC while not connected with my master\r\n") ==
          kRefused);
  }
}

TEST_CASE("replica: a target without a run id is known by how far it has our history") {
  Giver bench;
  SUBCASE("INFO: less than was acknowledged") {
    CHECK(bench.HandOverTo(To(0), kStock, Info(kOurs, 99)) == kRefused);
  }
  SUBCASE("INFO: as much") {
    CHECK(bench.HandOverTo(To(0, 90), kStock, Info(kOurs, 90)) == kOffersRole);
  }
  SUBCASE("INFO: another history is for PSYNC to judge") {
    CHECK(bench.HandOverTo(To(0), kStock, Info(kTheirs, 10)) == kOffersRole);
  }
  SUBCASE("INFO: less, and it is forced") {
    CHECK(bench.HandOverTo(Forced(), kStock, Info(kOurs, 10)) == kOffersRole);
  }
  SUBCASE("no INFO, and a snapshot from before it") {
    bench.HandOverTo(To(0), kStock, kNoInfo);
    CHECK(bench.Receive(Snapshot(99)) == kRefused);
  }
}

TEST_CASE("replica: what a forced target lacks is recorded, by what it said before it took over") {
  Options options;
  options.rollback = true;
  Giver bench(options);
  bench.HandOverTo(Forced(), kStock, Info(kOurs, 60));
  bench.Receive(Snapshot(64) + "$3\r\nrdb");
  CHECK(bench.Step(StagingVerified{0}) ==
        "drop sub-replicas\nrecord 1 from 60 for 10.0.0.1:6379\n");
}

TEST_CASE("replica: the answer to PSYNC ... FAILOVER is lost, and the target is a primary now") {
  Giver bench;
  const auto doubtful = [&](const HandOver& to, const std::string& answers) {
    CHECK(bench.HandOverTo(to, answers, kNoInfo) == kOffersRole);
    CHECK(bench.Step(LinkClosed{"cut"}) == "close\n");
    CHECK(bench.Connect(answers, kNoInfo) == kOffersRole);
    CHECK(bench.Receive(kIsPrimary) == "close\n");  // its history will tell
    CHECK(bench.Connect(answers, kNoInfo) == kAsksForMore);
  };
  SUBCASE("it goes on with our history: the role is its") {
    doubtful(To(0), kStock);
    CHECK(bench.Receive("+CONTINUE " + kTheirs + "\r\n")
              .starts_with("role taken\ndrop sub-replicas\nresume in db 3\n"));
  }
  SUBCASE("it knows nothing of our history, and our data stays") {
    doubtful(To(0), kStock);
    CHECK(bench.Receive(Snapshot(100)) == kRefused);
  }
  SUBCASE("it was forced upon one that may lack bytes") {
    doubtful(Forced(), kStock);
    CHECK(bench.Receive(Snapshot(50)) == "role taken\n");
  }
  SUBCASE("it cannot be reached, or loads, before it has told") {
    doubtful(To(0), kStock);
    CHECK(bench.Step(LinkClosed{"cut"}) == "close\n");
    CHECK(bench.Connect(kStock, kNoInfo) == kAsksForMore);
    CHECK(bench.Receive("-LOADING Redis is loading the dataset in memory\r\n") == "close\n");
    CHECK(bench.Connect(kStock, kNoInfo) == kAsksForMore);
    CHECK(bench.Receive(Snapshot(100)) == kRefused);
  }
  SUBCASE("the process that acknowledged: so far ahead that only a snapshot helps") {
    doubtful(To('2'), Process('2'));
    CHECK(bench.Receive(Snapshot(5000)).starts_with("role taken\n"));
  }
}

TEST_CASE("replica: who hands its role over to a node that follows it is not in a circle") {
  const std::string target(40, '2');
  Giver bench;
  CHECK(bench.HandOverTo(To('2'), "+OK\r\n+OK " + target + " " + std::string(40, '1') + "\r\n",
                         kNoInfo) == kOffersRole);
  CHECK(bench.Receive("+CONTINUE " + kTheirs + "\r\n")
            .starts_with("role taken\nancestor " + target + "\n"));
}
