#include "replication/core/failover.h"

#include <chrono>
#include <string>
#include <vector>

#include "shared/base/overloaded.h"

#include <doctest/doctest.h>

using namespace quorate::base;
using namespace quorate::replication::core;
using namespace std::chrono_literals;

namespace {

struct Bench {
  Bench() {
    replicas.resize(2);
    replicas[0] = {ReplicaId{1}, "10.0.0.1", 7001, ReplicaPhase::kOnline, Offset(90), 0, 0, true};
    replicas[1] = {ReplicaId{2}, "10.0.0.2", 7002, ReplicaPhase::kOnline, Offset(80), 0, 0, true};
  }
  std::string Start(const FailoverRequest& request, bool is_replica = false) {
    FailoverActions actions;
    const Status status = failover.Start(now, request, is_replica, replicas, actions);
    return status ? Show(actions) : status.error().message;
  }
  std::string Abort() {
    FailoverActions actions;
    const Status status = failover.Abort(actions);
    return status ? Show(actions) : status.error().message;
  }
  std::string Look() {
    FailoverActions actions;
    failover.Look(now, offset, replicas, actions);
    return Show(actions);
  }
  // As the primary's side does it: two GETACKs, and who acknowledges the first has read both.
  void Asked() {
    offset = Offset(offset.bytes() + 74);
    failover.Asked(Offset(offset.bytes() - 37), offset);
  }
  std::string Answered(bool accepted) {
    FailoverActions actions;
    failover.Answered(accepted, actions);
    return Show(actions);
  }
  static std::string Show(const FailoverActions& actions) {
    std::string out;
    for (const FailoverAction& action : actions) {
      std::visit(Overloaded{
                     [&](const PauseForFailover&) { out += "pause\n"; },
                     [&](const EndFailoverPause&) { out += "go on\n"; },
                     [&](const AskReplicas&) { out += "ask\n"; },
                     [&](const HandOver& to) {
                       out += "follow " + to.target.ToString() + (to.forced ? " forced" : "");
                       if (to.process) out += " if it is " + to.process->ToString().substr(0, 2);
                       if (to.acknowledged != Offset())
                         out += " from " + std::to_string(to.acknowledged.bytes());
                       out += "\n";
                     },
                     [&](const TakeRoleBack&) { out += "promote\n"; },
                     [&](const FailoverNote& note) { out += "'" + note.text + "'\n"; },
                 },
                 action);
    }
    return out;
  }

  Instant now = Instant{} + 1000s;
  Offset offset{100};
  std::vector<ReplicaView> replicas;
  Failover failover;
};

FailoverRequest To(std::string host, int64_t port) {
  FailoverRequest request;
  request.target = {std::move(host), port};
  return request;
}

}  // namespace

TEST_CASE("failover: to whoever has every byte first") {
  Bench bench;
  CHECK(bench.Start({}) == "'FAILOVER requested to any replica.'\npause\n");
  CHECK(InfoName(bench.failover.state()) == "waiting-for-sync");
  CHECK(bench.failover.NextDeadline() == Instant::max());
  CHECK(bench.Look() == "ask\n");
  bench.Asked();
  CHECK(bench.Look() == "");
  bench.replicas[1].acknowledged = Offset(100);  // a tick's: it may not have read the question
  CHECK(bench.Look() == "");
  bench.replicas[1].acknowledged = Offset(137);
  CHECK(bench.Look() ==
        "'Failover target 10.0.0.2:7002 is synced, failing over.'\n"
        "follow 10.0.0.2:7002 from 137\n");
  CHECK(InfoName(bench.failover.state()) == "failover-in-progress");
  CHECK(bench.Look() == "");
  CHECK(bench.Answered(true) == "go on\n");
  CHECK(InfoName(bench.failover.state()) == "no-failover");
}

TEST_CASE("failover: who has acknowledged every byte is not asked first") {
  Bench bench;
  bench.replicas[1].acknowledged = Offset(100);
  bench.Start({});
  CHECK(bench.Look().ends_with("follow 10.0.0.2:7002 from 100\n"));
}

TEST_CASE("failover: the role is for the process that acknowledged, unless it is forced") {
  Bench bench;
  bench.replicas[0].process = RunId::Parse(std::string(40, '1'));
  FailoverRequest request = To("10.0.0.1", 7001);
  request.timeout = 100ms;
  request.force = true;
  bench.Start(request);
  bench.replicas[0].acknowledged = Offset(100);
  CHECK(bench.Look().ends_with("follow 10.0.0.1:7001 if it is 11 from 100\n"));
  bench.Abort();
  bench.replicas[0].acknowledged = Offset(90);
  bench.Start(request);
  bench.now += 100ms;
  CHECK(bench.Look().ends_with("follow 10.0.0.1:7001 forced\n"));
}

TEST_CASE("failover: a keepalive in the stream makes it ask again") {
  Bench bench;
  bench.Start({});
  CHECK(bench.Look() == "ask\n");
  bench.Asked();
  bench.offset = Offset(bench.offset.bytes() + 14);
  bench.replicas[0].acknowledged = Offset(137);
  CHECK(bench.Look() == "ask\n");
  bench.Asked();
  CHECK(bench.Look() == "");
  bench.replicas[0].acknowledged = Offset(188 + 37);
  CHECK(bench.Look().ends_with("follow 10.0.0.1:7001 from 225\n"));
}

TEST_CASE("failover: a replica that does not say where it listens is no candidate") {
  Bench bench;
  bench.replicas[0].port = 0;
  bench.replicas[0].acknowledged = Offset(100);
  CHECK(bench.Start(To("10.0.0.1", 0)) == "ERR FAILOVER target HOST and PORT is not a replica.");
  bench.Start({});
  CHECK(bench.Look() == "ask\n");
  bench.replicas[1].acknowledged = Offset(100);
  CHECK(bench.Look().ends_with("follow 10.0.0.2:7002 from 100\n"));
}

TEST_CASE("failover: the named target is waited for, nobody else will do") {
  Bench bench;
  bench.replicas[0].acknowledged = Offset(100);
  bench.Start(To("10.0.0.2", 7002));
  CHECK(bench.Look() == "ask\n");
  bench.replicas[1].acknowledged = Offset(100);
  CHECK(bench.Look().ends_with("follow 10.0.0.2:7002 from 100\n"));
}

TEST_CASE("failover: who never acknowledges never is in sync") {
  Bench bench;
  bench.offset = Offset();
  for (ReplicaView& replica : bench.replicas) {
    replica.acknowledged = Offset();
    replica.acknowledges = false;  // loading, or a SYNC link
  }
  bench.Start({});
  CHECK(bench.Look() == "");
}

TEST_CASE("failover: the time is over") {
  Bench bench;
  FailoverRequest request = To("10.0.0.1", 7001);
  request.timeout = 100ms;
  bench.Start(request);
  CHECK(bench.failover.NextDeadline() == bench.now + 100ms);
  bench.now += 99ms;
  CHECK(bench.Look() == "ask\n");
  bench.now += 1ms;
  CHECK(bench.Look() ==
        "'FAILOVER to 10.0.0.1:7001 aborted: Replica never caught up before timeout'\ngo on\n");
  CHECK_FALSE(bench.failover.active());

  request.force = true;
  bench.Start(request);
  bench.now += 100ms;
  CHECK(bench.Look() ==
        "'Failover to 10.0.0.1:7001 time out exceeded, failing over.'\nfollow 10.0.0.1:7001 "
        "forced\n");
}

TEST_CASE("failover: a refusal and ABORT give the role back, if it was given away") {
  Bench bench;
  bench.Start({});
  CHECK(bench.Abort() == "'FAILOVER to any replica aborted: Failover manually aborted'\ngo on\n");
  CHECK(bench.Abort() == "ERR No failover in progress.");
  CHECK(bench.Answered(false) == "");

  bench.replicas[0].acknowledged = bench.offset;
  bench.Start({});
  bench.Look();
  CHECK(bench.Answered(false) ==
        "'FAILOVER to 10.0.0.1:7001 aborted: Failover target rejected psync request'\n"
        "promote\ngo on\n");

  bench.Start({});
  bench.Look();
  CHECK(bench.Abort() ==
        "'FAILOVER to 10.0.0.1:7001 aborted: Failover manually aborted'\npromote\ngo on\n");
}

TEST_CASE("failover: what is refused, in Redis' words") {
  Bench bench;
  CHECK(bench.Start({}, true) == "ERR FAILOVER is not valid when server is a replica.");
  CHECK(bench.Start(To("10.0.0.1", 7002)) == "ERR FAILOVER target HOST and PORT is not a replica.");
  CHECK(bench.Start(To("10.0.0.1", 7001 + 65536)) ==
        "ERR FAILOVER target HOST and PORT is not a replica.");
  FailoverRequest force = To("10.0.0.1", 7001);
  force.force = true;
  const std::string incomplete =
      "ERR FAILOVER with force option requires both a timeout and target HOST and IP.";
  CHECK(bench.Start(force) == incomplete);
  force.target.reset();
  force.timeout = 1s;
  CHECK(bench.Start(force) == incomplete);
  bench.replicas[0].phase = ReplicaPhase::kSendSnapshot;
  CHECK(bench.Start(To("10.0.0.1", 7001)) == "ERR FAILOVER target replica is not online.");
  bench.Start({});
  CHECK(bench.Start({}) == "ERR FAILOVER already in progress.");
  bench.Abort();
  bench.replicas.clear();
  CHECK(bench.Start({}) == "ERR FAILOVER requires connected replicas.");
}
