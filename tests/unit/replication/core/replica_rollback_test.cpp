// What a full sync throws away is recorded first.
#include "tests/unit/replication/core/replica_bench.h"

#include <doctest/doctest.h>

using namespace quorate::base;
using namespace quorate::replication::core;
using namespace std::chrono_literals;

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

TEST_CASE("replica: after a restart the loss is recorded though its bytes are gone from memory") {
  Bench restarted(Recording());
  restarted.FollowOnceLoaded();
  restarted.history.Restore(*ReplicationId::Parse(kOurs), Offset(130), {}, std::nullopt);
  restarted.Step(HistoryRestored{-1});
  restarted.Step(LinkOpened{});
  CHECK(restarted.Receive("+PONG\r\n+OK\r\n+OK\r\n").ends_with("send <INFO replication>\n"));
  restarted.Receive(HistoryOf(kTheirs, 200, kOurs, 101) + "+FULLRESYNC " + kTheirs +
                    " 200\r\n$3\r\nrdb");
  CHECK(restarted.Step(StagingVerified{0}) ==
        "drop sub-replicas\nrecord 1 from 100 for 10.0.0.1:6379\n");
}

TEST_CASE("replica: what lies beyond the fork is recorded before the data is replaced") {
  Demoted130 bench;
  bench.Receive("+OK\r\n" + HistoryOf(kTheirs, 200, kOurs, 101));
  CHECK(bench.Snapshot() == "drop sub-replicas\nrecord 1 from 100 for 10.0.0.1:6379\n");
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
  CHECK(refused.Snapshot() ==
        "drop sub-replicas\nrecord 1 from 90 (estimated) for 10.0.0.1:6379\n");
  Demoted130 unrelated;
  unrelated.Receive("+OK\r\n" + HistoryOf(kTheirs, 200));
  CHECK(unrelated.Snapshot() ==
        "drop sub-replicas\nrecord 1 from 90 (estimated) for 10.0.0.1:6379\n");
  // It began another history between INFO and PSYNC.
  Demoted130 changed;
  changed.Receive("+OK\r\n" + HistoryOf(std::string(40, 'c'), 200, kOurs, 131));
  CHECK(changed.Snapshot() ==
        "drop sub-replicas\nrecord 1 from 90 (estimated) for 10.0.0.1:6379\n");
}

TEST_CASE("replica: of a dataset that the other's history knows nothing of all is recorded") {
  Demoted130 unrelated;
  unrelated.replica.SetHasKeys(true);
  unrelated.Receive("+OK\r\n" + HistoryOf(kTheirs, 200));
  CHECK(unrelated.Snapshot() ==
        "drop sub-replicas\nrecord 1 from 90 (estimated) with the dataset for 10.0.0.1:6379\n");
  Demoted130 related;
  related.replica.SetHasKeys(true);
  related.Receive("+OK\r\n" + HistoryOf(kTheirs, 200, kOurs, 131));
  CHECK(related.Snapshot() == kCommit);
  // Nor if it begins a new one when it is followed.
  Demoted130 begun;
  begun.replica.SetHasKeys(true);
  begun.Receive("+OK\r\n" + HistoryOf(std::string(40, 'c'), 0));
  CHECK(begun.Snapshot() ==
        "drop sub-replicas\nrecord 1 from 90 (estimated) with the dataset for 10.0.0.1:6379\n");
  // It does not say, and of our stream nothing is left.
  Bench silent(Recording());
  silent.replica.SetHasKeys(true);
  silent.FollowOnceLoaded();
  silent.history.Restore(*ReplicationId::Parse(kOurs), Offset(130), {}, std::nullopt);
  silent.Step(HistoryRestored{-1});
  silent.Step(LinkOpened{});
  silent.Receive("+PONG\r\n+OK\r\n+OK\r\n-NOPERM\r\n+FULLRESYNC " + kTheirs + " 200\r\n$3\r\nrdb");
  CHECK(silent.Step(StagingVerified{0, 1}) ==
        "drop sub-replicas\nrecord 1 from 130 (estimated) with the dataset for 10.0.0.1:6379\n");
  // Nobody ever followed it.
  Bench alone(Recording());
  alone.replica.SetHasKeys(true);
  alone.Asked(/*offer_own_history=*/true);
  alone.Receive(HistoryOf(kTheirs, 200) + "+FULLRESYNC " + kTheirs + " 200\r\n$3\r\nrdb");
  CHECK(alone.Step(StagingVerified{0}) ==
        "drop sub-replicas\nrecord 1 from 0 (estimated) with the dataset for 10.0.0.1:6379\n");
  CHECK(alone.Step(DiscardedRecorded{1, true}) == kCommit);
}

TEST_CASE("replica: who was started again as a primary, and wrote, loses all to a stranger") {
  Bench restarted(Recording());
  restarted.replica.SetHasKeys(true);
  restarted.history.Restore(*ReplicationId::Parse(std::string(40, 'c')), Offset(130),
                            *ReplicationId::Parse(kOurs), Offset(130));
  restarted.history.Append("one SET");  // nobody follows it
  restarted.Asked(/*offer_own_history=*/true);
  restarted.Receive("-NOPERM\r\n+FULLRESYNC " + kTheirs + " 200\r\n$3\r\nrdb");
  CHECK(restarted.Step(StagingVerified{0}) ==
        "drop sub-replicas\nrecord 1 from 130 (estimated) with the dataset for 10.0.0.1:6379\n");
}

TEST_CASE("replica: the rest of our own history takes nothing away, though INFO is refused") {
  Bench cut(Recording(/*required=*/true));
  cut.replica.SetHasKeys(true);
  cut.Synced();
  cut.Apply({"SET", "k", "v"});
  cut.Step(LinkClosed{"cut"});
  cut.now += 1s;
  cut.Step(ReplicaTick{});
  cut.Step(LinkOpened{});
  cut.Receive("+PONG\r\n+OK\r\n+OK\r\n-NOPERM\r\n+FULLRESYNC " + kTheirs + " 900\r\n$3\r\nrdb");
  CHECK(cut.Step(StagingVerified{0, 1}) == kCommit);
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

TEST_CASE("replica: a record may take longer to write than a link may be silent") {
  Demoted130 bench;
  bench.Receive("+OK\r\n" + HistoryOf(kTheirs, 200, kOurs, 101));
  bench.Snapshot();
  for (const Instant end = bench.now + 3 * bench.options.timeout; bench.now < end;) {
    bench.now = std::max(bench.now + 1ms, bench.replica.NextDeadline());
    const std::string sent = bench.Step(ReplicaTick{});
    CHECK((sent == "send newline\n" || sent == ""));
  }
  CHECK(bench.Step(DiscardedRecorded{1, true}) == kCommit);
}

TEST_CASE("replica: a record that comes after its link is gone changes nothing") {
  Demoted130 bench;
  bench.Receive("+OK\r\n" + HistoryOf(kTheirs, 200, kOurs, 101));
  bench.Snapshot();
  CHECK(bench.Step(LinkClosed{"reset"}) == "abandon staging\nclose\n");
  CHECK(bench.Step(DiscardedRecorded{1, true}) == "");
}
