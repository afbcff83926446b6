// The gate: what a replica that has been in sync with its primary does not take from it (U7).
#include "tests/unit/replication/core/replica_bench.h"

#include <string>

#include <doctest/doctest.h>

using namespace quorate::base;
using namespace quorate::replication::core;
using namespace std::chrono_literals;

namespace {

const std::string kFirstRun(40, '1');
const std::string kSecondRun(40, '2');

// In sync with kTheirs:100 from process `run` (empty: it does not say), keys in place, then cut.
void SyncedThenCut(Bench& bench, const std::string& run) {
  bench.replica.SetRunId(*RunId::Parse(std::string(40, '9')));
  bench.Follow();
  bench.Step(LinkOpened{});
  bench.Receive("+PONG\r\n+OK\r\n+OK" + (run.empty() ? "" : " " + run) + "\r\n");
  bench.Receive("+FULLRESYNC " + kTheirs + " 100\r\n$3\r\nrdb");
  bench.Step(StagingVerified{-1, 5});
  bench.Step(StagingCommitted{});
  bench.replica.SetHasKeys(true);
  REQUIRE(bench.replica.link_up());
  bench.Step(LinkClosed{"cut"});
}

// Connects again; the process at the other end is `run`, and answers PSYNC with `answer`, and INFO,
// if it is asked, with `info`.
std::string AskAgain(Bench& bench, const std::string& run, const std::string& answer,
                     const std::string& info = "") {
  bench.now += 10s;
  bench.Step(ReplicaTick{});
  bench.Step(LinkOpened{});
  if (bench.Receive("+PONG\r\n+OK\r\n+OK" + (run.empty() ? "" : " " + run) + "\r\n")
          .ends_with("send <INFO replication>\n"))
    bench.Receive("$" + std::to_string(info.size()) + "\r\n" + info + "\r\n");
  return bench.Receive(answer);
}

std::string FullResync(char id, int offset) {
  return "+FULLRESYNC " + std::string(40, id) + " " + std::to_string(offset) + "\r\n";
}

// Of the history FullResync('c', ...), which was kTheirs up to `left_at`.
std::string Info(int left_at) {
  return "master_replid:" + std::string(40, 'c') +
         "\r\nmaster_repl_offset:" + std::to_string(left_at + 1) + "\r\nmaster_replid2:" + kTheirs +
         "\r\nsecond_repl_offset:" + std::to_string(left_at + 1) + "\r\n";
}

std::optional<SyncRefusal> Refused(const Bench& bench) {
  return bench.replica.View(bench.now)->refused;
}

}  // namespace

TEST_CASE("replica: a primary that came back with an older history is refused, however it grows") {
  for (const std::string& first : {kFirstRun, std::string()}) {
    CAPTURE(first);
    Bench bench;
    SyncedThenCut(bench, first);
    CHECK(AskAgain(bench, kSecondRun, FullResync('c', 99)) == "close\n");
    CHECK(Refused(bench) == SyncRefusal::kOlder);
    CHECK(bench.replica.resumable());
    CHECK(bench.replica.NextDeadline() == bench.now + 10s);
    CHECK(AskAgain(bench, kSecondRun, FullResync('c', 5000)) == "close\n");
    // It lets in what is ours.
    CHECK(AskAgain(bench, kSecondRun, "+CONTINUE " + std::string(40, 'd') + "\r\n")
              .ends_with("send <REPLCONF ACK 100>\n"));
    CHECK_FALSE(Refused(bench).has_value());
  }
}

TEST_CASE("replica: a primary that came back without a key is refused once that is certain") {
  Bench bench;
  SyncedThenCut(bench, kFirstRun);
  CHECK(AskAgain(bench, kSecondRun, FullResync('c', 900) + "$3\r\nrdb") ==
        "begin staging\nstage 'rdb'\nfinish staging\n");
  CHECK(bench.Step(StagingVerified{-1, 0}) == "abandon staging\nclose\n");
  CHECK(Refused(bench) == SyncRefusal::kEmpty);
  CHECK(bench.history.offset() == Offset(100));
  SUBCASE("a legacy link names no history") {
    CHECK(AskAgain(bench, "", "-ERR unknown command\r\n") == "send SYNC\r\n\n");
    bench.Receive("$3\r\nrdb");
    CHECK(bench.Step(StagingVerified{-1, 0}) == "abandon staging\nclose\n");
  }
  SUBCASE("it has keys now") {
    AskAgain(bench, kSecondRun, FullResync('d', 900) + "$3\r\nrdb");
    CHECK(bench.Step(StagingVerified{-1, 1}) == "drop sub-replicas\ncommit staging\n");
    bench.Step(StagingCommitted{});
    CHECK_FALSE(Refused(bench).has_value());
  }
}

TEST_CASE("replica: what is not a primary that lost data is not refused") {
  Bench bench;
  SyncedThenCut(bench, kFirstRun);
  std::string run = kSecondRun;
  std::string answer = FullResync('c', 10);
  std::string info;
  SUBCASE("no keys of ours") { bench.replica.SetHasKeys(false); }
  SUBCASE("the directive is off") {
    bench.options.refuse_empty_primary = false;
    bench.replica.SetOptions(bench.options);
  }
  SUBCASE("the same process changed its history") { run = kFirstRun; }
  SUBCASE("another primary") {
    bench.Step(quorate::replication::core::Follow{{"10.0.0.2", 6379}, true, -1});
    bench.Step(LinkClosed{"not there"});
  }
  SUBCASE("all of our history is in the new one") { info = Info(100); }
  SUBCASE("a middle node, which may have become a primary since") {
    bench.Step(AllowSync{});
    AskAgain(bench, kFirstRun + " " + kSecondRun, "+CONTINUE\r\n");
    REQUIRE(bench.replica.link_up());
    bench.Step(LinkClosed{"cut"});
  }
  SUBCASE("our own history, whole") { answer = "+FULLRESYNC " + kTheirs + " 100\r\n"; }
  SUBCASE("never in sync since the Follow") {
    bench.Step(Promote{});
    bench.Follow(true);
    bench.Step(LinkClosed{"not there"});
  }
  CHECK(AskAgain(bench, run, answer, info) == "");
  CHECK(bench.Receive("$3\r\nrdb").ends_with("finish staging\n"));
  CHECK(bench.Step(StagingVerified{-1, 0}) == "drop sub-replicas\ncommit staging\n");
}

TEST_CASE("replica: after a restart with data an empty primary is refused, a shorter one is not") {
  Bench bench;
  bench.replica.SetRunId(*RunId::Parse(std::string(40, '9')));
  bench.replica.SetHasKeys(true);
  bench.FollowOnceLoaded();
  bench.history.Restore(*ReplicationId::Parse(kTheirs), Offset(100), {}, std::nullopt);
  bench.Step(HistoryRestored{-1});
  bench.Step(LinkClosed{"not there yet"});
  SUBCASE("empty, and still when it has grown") {
    CHECK(
        AskAgain(bench, kFirstRun, FullResync('c', 0) + "$3\r\nrdb").ends_with("finish staging\n"));
    CHECK(bench.Step(StagingVerified{-1, 0}) == "abandon staging\nclose\n");
    CHECK(Refused(bench) == SyncRefusal::kEmptyUnsure);
    CHECK(AskAgain(bench, kFirstRun, FullResync('c', 5000)) == "close\n");
    CHECK(bench.history.offset() == Offset(100));
    // Its successor has what we have.
    bench.Step(quorate::replication::core::Follow{{"10.0.0.2", 6379}, true, -1});
    CHECK_FALSE(Refused(bench).has_value());
  }
  SUBCASE("empty, but by a history that has all of ours in it") {
    CHECK(AskAgain(bench, kFirstRun, FullResync('c', 200) + "$3\r\nrdb", Info(100))
              .ends_with("finish staging\n"));
    CHECK(bench.Step(StagingVerified{-1, 0}) == "drop sub-replicas\ncommit staging\n");
  }
  SUBCASE("empty, and at the beginning of our own history") {
    CHECK(AskAgain(bench, kFirstRun, "+FULLRESYNC " + kTheirs + " 50\r\n$3\r\nrdb")
              .ends_with("finish staging\n"));
    CHECK(bench.Step(StagingVerified{-1, 0}) == "drop sub-replicas\ncommit staging\n");
  }
  SUBCASE("emptied, after it had gone on from a part of ours") {
    CHECK(AskAgain(bench, kFirstRun, FullResync('c', 200) + "$3\r\nrdb", Info(90))
              .ends_with("finish staging\n"));
    CHECK(bench.Step(StagingVerified{-1, 0}) == "drop sub-replicas\ncommit staging\n");
  }
  SUBCASE("shorter than ours") {
    CHECK(AskAgain(bench, kFirstRun, FullResync('c', 99) + "$3\r\nrdb", Info(90))
              .ends_with("finish staging\n"));
    CHECK(bench.Step(StagingVerified{-1, 1}) == "drop sub-replicas\ncommit staging\n");
  }
  SUBCASE("a middle node guards itself") {
    CHECK(AskAgain(bench, kFirstRun + " " + kSecondRun, FullResync('c', 0) + "$3\r\nrdb")
              .ends_with("finish staging\n"));
    CHECK(bench.Step(StagingVerified{-1, 0}) == "drop sub-replicas\ncommit staging\n");
  }
}

TEST_CASE("replica: a new history that has only a part of ours in it is refused") {
  Bench bench;
  SyncedThenCut(bench, kFirstRun);
  CHECK(AskAgain(bench, kSecondRun, FullResync('c', 99), Info(99)) == "close\n");
  CHECK(Refused(bench) == SyncRefusal::kOlder);
}

TEST_CASE("replica: what can be recorded whole is given up after a while") {
  Bench bench;
  bench.options.rollback = true;
  bench.replica.SetOptions(bench.options);
  SyncedThenCut(bench, kFirstRun);
  const std::string lost = "*1\r\n$4\r\nPING\r\n";
  bench.history.Append(lost);  // beyond what the primary has
  CHECK(AskAgain(bench, kSecondRun, "", Info(100)) == "");
  CHECK(Refused(bench) == SyncRefusal::kOlder);
  CHECK(AskAgain(bench, kSecondRun, "", Info(100)) == "");
  CHECK(Refused(bench) == SyncRefusal::kOlder);
  CHECK(AskAgain(bench, kSecondRun, FullResync('c', 101), Info(100)) == "");
  bench.Receive("$3\r\nrdb");
  CHECK(bench.Step(StagingVerified{-1, 0}) ==
        "drop sub-replicas\nrecord 1 from 100 for 10.0.0.1:6379\n");
}

TEST_CASE("replica: a node that has yet to come to where we are in our own history is awaited") {
  Bench bench;
  SyncedThenCut(bench, "");
  CHECK(AskAgain(bench, "", "+FULLRESYNC " + kTheirs + " 90\r\n") == "close\n");
  CHECK(Refused(bench) == SyncRefusal::kOlder);
  SUBCASE("it came there") {
    CHECK(AskAgain(bench, "", "+CONTINUE\r\n").ends_with("send <REPLCONF ACK 100>\n"));
  }
  SUBCASE("it came past it, and cannot go on from where we are") {
    CHECK(AskAgain(bench, "", "+FULLRESYNC " + kTheirs + " 180\r\n") == "");
  }
  SUBCASE("it does not come, and what would be lost cannot be recorded") {
    for (int i = 0; i < 5; ++i)
      CHECK(AskAgain(bench, "", "+FULLRESYNC " + kTheirs + " 90\r\n") == "close\n");
  }
}

TEST_CASE("replica: our own history, cut short, is taken after a while if the rest is recorded") {
  Bench bench;
  bench.options.rollback = true;
  bench.replica.SetOptions(bench.options);
  SyncedThenCut(bench, "");
  bench.history.Append("*1\r\n$4\r\nPING\r\n");
  const std::string short_one = "+FULLRESYNC " + kTheirs + " 100\r\n";
  CHECK(AskAgain(bench, "", short_one) == "close\n");
  CHECK(AskAgain(bench, "", short_one) == "close\n");
  CHECK(AskAgain(bench, "", short_one) == "");
  bench.Receive("$3\r\nrdb");
  CHECK(bench.Step(StagingVerified{-1, 0}) ==
        "drop sub-replicas\nrecord 1 from 100 for 10.0.0.1:6379\n");
}

TEST_CASE("replica: INFO tells of an older history before anything is asked for") {
  Bench bench;
  SyncedThenCut(bench, kFirstRun);
  const std::string info = "master_replid:" + std::string(40, 'c') + "\r\nmaster_repl_offset:0\r\n";
  CHECK(AskAgain(bench, kSecondRun, "", info) == "");
  CHECK(bench.replica.link_state() == LinkState::kConnect);
  CHECK(Refused(bench) == SyncRefusal::kOlder);
}

TEST_CASE("replica: AllowSync asks at once and takes what was refused") {
  Bench bench;
  SyncedThenCut(bench, kFirstRun);
  CHECK(bench.Step(AllowSync{}) == "");  // nothing is refused
  AskAgain(bench, kSecondRun, FullResync('c', 10));
  REQUIRE(Refused(bench).has_value());
  CHECK(bench.Step(AllowSync{}) == "open 10.0.0.1:6379\n");
  CHECK_FALSE(Refused(bench).has_value());
  bench.Step(LinkOpened{});
  bench.Receive("+PONG\r\n+OK\r\n+OK " + kSecondRun + "\r\n");
  CHECK(bench.Receive(FullResync('c', 10)) == "");
  bench.Receive("$3\r\nrdb");
  CHECK(bench.Step(StagingVerified{-1, 0}) == "drop sub-replicas\ncommit staging\n");
  bench.Step(StagingCommitted{});
  // From now on this is what must not be lost.
  bench.Step(LinkClosed{"cut"});
  CHECK(AskAgain(bench, kFirstRun, FullResync('e', 5)) == "close\n");
}
