#include "replication/runtime/replication.h"

#include <chrono>
#include <memory>
#include <string>

#include "tests/unit/replication/runtime/fake_nodes.h"

#include <doctest/doctest.h>

using namespace quorate::base;
using namespace quorate::replication;
using namespace std::chrono_literals;
using runtime::fake::Data;
using runtime::fake::Node;
using runtime::fake::World;

namespace {

struct Nodes {
  explicit Nodes(uint64_t seed = 1, const core::Options& options = {}) : world(seed) {
    for (uint16_t port = 7001; port <= 7004; ++port) {
      nodes.push_back(std::make_unique<Node>(world, by_port, port, options));
    }
  }
  Node& operator[](size_t i) { return *nodes[i]; }

  World world;
  std::map<uint16_t, Node*> by_port;
  std::vector<std::unique_ptr<Node>> nodes;
};

void Fill(Node& node, int keys) {
  for (int i = 0; i < keys; ++i) {
    node.Set(i % 3, "key:" + std::to_string(i), std::string(static_cast<size_t>(i % 500), 'v'));
  }
}

}  // namespace

TEST_CASE("replication: full sync, then the stream, whatever the pipes do to the bytes") {
  for (uint64_t seed = 1; seed <= 10; ++seed) {
    for (const size_t window : {size_t{100}, size_t{70000}, size_t{1} << 20}) {
      CAPTURE(seed);
      CAPTURE(window);
      Nodes n(seed);
      n.world.length_framing = seed % 2 == 0;
      n.world.window = window;
      Fill(n[0], 1000);
      n[1].Set(0, "old", "data");
      n[1].Follow(n[0]);
      n.world.Run(3s);
      n[0].Set(5, "later", "x");
      n[0].SetTwo(0, "unit", "y");
      n.world.Run(2s);
      REQUIRE(n[1].replication.primary_link_up());
      CHECK(n[1].data == n[0].data);
      CHECK(n[1].replication.offset() == n[0].replication.offset());
      CHECK(n[1].replication.history().id() == n[0].replication.history().id());
      CHECK(n[0].replication.CountAcknowledged(n[0].replication.offset()) == 1);
      CHECK(n[0].replication.Replicas().at(0).port == 7002);
    }
  }
}

TEST_CASE("replication: what comes from the primary is counted, snapshot and stream") {
  Nodes n;
  n[0].Set(0, "big", std::string(100000, 'x'));
  n[1].Follow(n[0]);
  n.world.Run(2s);
  const uint64_t after_sync = n[1].upstream_bytes;
  CHECK(after_sync > 500);  // compressed
  n[0].Set(0, "later", std::string(5000, 'y'));
  n.world.Run(500ms);
  CHECK(n[1].upstream_bytes >= after_sync + 5000);
  CHECK(n[0].upstream_bytes == 0);
}

TEST_CASE("replication: the link to the primary is kept alive as configured") {
  core::Options options;
  options.keepalive = 77s;
  Nodes n(1, options);
  n[1].Follow(n[0]);
  n.world.Run(1s);
  CHECK(n.world.keepalive == 77s);
}

TEST_CASE("replication: replicas that come together share a snapshot") {
  core::Options options;
  options.diskless_sync_delay = 1s;
  Nodes n(1, options);
  Fill(n[0], 100);
  n[1].Follow(n[0]);
  n.world.Run(500ms);
  n[2].Follow(n[0]);
  n.world.Run(2s);
  CHECK(n[1].data == n[0].data);
  CHECK(n[2].data == n[0].data);
  CHECK(n[0].replication.counters().full == 2);
  CHECK(n[0].snapshots == 1);
}

TEST_CASE("replication: a cut link resumes with a partial resync, in the right database") {
  for (uint64_t seed = 1; seed <= 20; ++seed) {
    CAPTURE(seed);
    Nodes n(seed);
    Fill(n[0], 50);
    n[1].Follow(n[0]);
    n.world.Run(2s);
    for (int round = 0; round < 5; ++round) {
      n[0].Set(round, "a" + std::to_string(round), "1");
      n[0].SetTwo(round, "t" + std::to_string(round), "2");
      n.world.Run(std::chrono::microseconds(n.world.random.Between(0, 3000)));
      n[0].CutReplicas();
      n[0].Set(round, "b" + std::to_string(round), "3");
      n.world.Run(2s);
    }
    CHECK(n[1].data == n[0].data);
    CHECK(n[1].replication.offset() == n[0].replication.offset());
    CHECK(n[0].replication.counters().full == 1);
    CHECK(n[0].replication.counters().partial_ok >= 5);
    CHECK(n[1].commits == 1);
  }
}

TEST_CASE("replication: WAIT's acknowledgement comes at once, not at the next tick") {
  Nodes n;
  n[1].Follow(n[0]);
  n.world.Run(2s + 100ms);
  n[0].Set(0, "k", "v");
  const Offset end = n[0].replication.offset();
  const int before = n[0].acknowledgements;
  n[0].replication.ScheduleGetAck();
  n.world.Run(20ms);
  CHECK(n[0].acknowledgements > before);
  CHECK(n[0].replication.CountAcknowledged(end) == 1);
}

TEST_CASE(
    "replication: a command that the replica cannot run is not counted, passed on or "
    "acknowledged") {
  Nodes n;
  n[1].Follow(n[0]);
  n[2].Follow(n[1]);
  n.world.Run(5s);
  n[1].unknown_command = "NOSUCH";
  n[0].Set(0, "before", "1");
  const Offset before = n[0].replication.offset();
  n[0].replication.Append(0, Node::Encode({"NOSUCH", "x"}));
  n[0].Set(0, "after", "2");
  n.world.Run(5s);
  CHECK_FALSE(n[1].replication.primary_link_up());
  CHECK(n[1].replication.offset() == before);
  CHECK(n[2].replication.offset() == before);
  CHECK(n[0].replication.CountAcknowledged(before) <= 1);
  CHECK(n[0].replication.CountAcknowledged(n[0].replication.offset()) == 0);
  CHECK(n[1].data[0] == Data{{0, {{"before", "1"}}}}[0]);
  // About once a second, always by a partial resync.
  CHECK(n[0].replication.counters().partial_ok >= 3);
  CHECK(n[0].replication.counters().partial_ok <= 7);
  CHECK(n[0].replication.counters().full == 1);

  n[1].unknown_command.clear();  // the cause is mended
  n.world.Run(2s);
  CHECK(n[1].replication.primary_link_up());
  CHECK(n[1].data == n[0].data);
  CHECK(n[2].data == n[0].data);
  CHECK(n[2].replication.offset() == n[0].replication.offset());
}

TEST_CASE("replication: a chain passes the same bytes on") {
  Nodes n;
  Fill(n[0], 100);
  n[1].Follow(n[0]);
  n.world.Run(1s);
  n[2].Follow(n[1]);
  n[3].Follow(n[2]);
  n.world.Run(5s);
  n[0].Set(7, "deep", "down");
  n[0].SetTwo(8, "unit", "u");
  n.world.Run(12s);  // a PING goes through
  for (size_t i = 1; i < 4; ++i) {
    CAPTURE(i);
    CHECK(n[i].data == n[0].data);
    CHECK(n[i].replication.offset() == n[0].replication.offset());
    CHECK(n[i].replication.history().id() == n[0].replication.history().id());
  }
}

TEST_CASE("replication: who joins late goes on in the database that the stream has selected") {
  Nodes n;
  n[1].Follow(n[0]);
  n.world.Run(1s);
  n[0].Set(7, "before", "1");
  n.world.Run(1s);
  n[2].Follow(n[1]);  // its snapshot comes from the middle of the stream
  n.world.Run(5s);
  n[0].Set(7, "after", "2");
  n.world.Run(1s);
  CHECK(n[2].data == n[0].data);
  n[3].Follow(n[0]);
  n.world.Run(5s);
  n[0].Set(7, "and after", "3");
  n.world.Run(1s);
  for (size_t i = 1; i < 4; ++i) {
    CAPTURE(i);
    CHECK(n[i].data == n[0].data);
    CHECK(n[i].data[7].size() == 3);
  }
}

TEST_CASE("replication: the middle of a chain is promoted; its replica and the rest follow") {
  for (uint64_t seed = 1; seed <= 10; ++seed) {
    CAPTURE(seed);
    Nodes n(seed);
    Fill(n[0], 100);
    n[1].Follow(n[0]);
    n[3].Follow(n[0]);
    n.world.Run(1s);
    n[2].Follow(n[1]);
    n.world.Run(5s);
    const ReplicationId before = n[1].replication.history().id();
    REQUIRE(n[1].replication.Promote());
    n[1].Set(4, "after", "promotion");
    n[3].Follow(n[1]);
    n[0].Follow(n[1]);  // the old primary comes along
    n.world.Run(5s);
    CHECK(n[1].replication.history().previous_id() == before);
    for (const size_t i : {size_t{0}, size_t{2}, size_t{3}}) {
      CAPTURE(i);
      CHECK(n[i].data == n[1].data);
      CHECK(n[i].replication.offset() == n[1].replication.offset());
      CHECK(n[i].replication.history().id() == n[1].replication.history().id());
    }
    // Everybody had the common prefix: nobody needed a snapshot.
    CHECK(n[1].replication.counters().full == 1);
    CHECK(n[1].snapshots == 1);
    CHECK(n[0].commits == 0);
  }
}

TEST_CASE("replication: an old primary that went further is resynchronised in full") {
  Nodes n;
  Fill(n[0], 100);
  n[1].Follow(n[0]);
  n.world.Run(2s);
  n[0].CutReplicas();
  n[0].Set(0, "lost", "write");  // never reaches the replica
  n[1].replication.Promote();
  n[1].Set(0, "new", "write");
  n[0].Follow(n[1]);
  n.world.Run(3s);
  CHECK(n[0].data == n[1].data);
  CHECK_FALSE(n[0].data[0].contains("lost"));
  CHECK(n[0].commits == 1);
}

TEST_CASE("replication: a primary that is gone is tried until it is back") {
  Nodes n;
  Fill(n[0], 10);
  n[1].Follow(n[0]);
  n.world.Run(2s);
  n.nodes[0].reset();
  n.world.Run(10s);
  CHECK_FALSE(n[1].replication.primary_link_up());
  CHECK(n[1].replication.Upstream()->down_seconds >= 9);
  CHECK(n[1].data[0].size() == 4);  // serves what it had
  n.nodes[0] = std::make_unique<Node>(n.world, n.by_port, 7001);
  n[0].Set(0, "other", "history");
  n.world.Run(5s);
  CHECK(n[1].replication.primary_link_up());
  CHECK(n[1].data == n[0].data);
}

TEST_CASE("replication: sub-replicas of a broken middle are told to wait") {
  Nodes n;
  Fill(n[0], 10);
  n[1].Follow(n[0]);
  n.world.Run(1s);
  n.nodes[0].reset();
  n.world.Run(1s);
  n[2].Follow(n[1]);
  n.world.Run(3s);
  CHECK_FALSE(n[2].replication.primary_link_up());
  CHECK(n[1].replication.counters().full == 0);
  n.nodes[0] = std::make_unique<Node>(n.world, n.by_port, 7001);
  n.world.Run(5s);
  CHECK(n[1].replication.Upstream()->refused == core::SyncRefusal::kEmpty);
  CHECK_FALSE(n[2].replication.primary_link_up());
  CHECK_FALSE(n[1].data[0].empty());
  CHECK_FALSE(n[1].replication.ReplicaOf({"127.0.0.1", 7001}));  // lets it happen
  n.world.Run(5s);
  CHECK(n[2].replication.primary_link_up());
  CHECK(n[1].data == n[0].data);
  CHECK(n[2].data == n[0].data);
}

TEST_CASE("replication: who is ahead of a middle that has restarted waits until it caught up") {
  Nodes n;
  Fill(n[0], 10);
  n[1].Follow(n[0]);
  n[2].Follow(n[1]);
  n.world.Run(3s);
  const runtime::Replication& before = n[1].replication;
  const runtime::Replication::SavedHistory saved{before.history().id(), before.offset(),
                                                 before.stream_db()};
  const Data data = n[1].data;
  Fill(n[0], 1000);
  n.world.Run(3s);
  const Offset reached = n[2].replication.offset();
  REQUIRE(reached == n[0].replication.offset());

  n.world.window = 200;  // it will take its time
  n.nodes[1].reset();
  n.nodes[1] = std::make_unique<Node>(n.world, n.by_port, 7002);
  n[1].data = data;
  n[1].replication.FollowOnceLoaded({"127.0.0.1", 7001});
  n[1].replication.OnLoaded(saved);
  bool link_came_up_before = false;
  for (int i = 0; i < 3000; ++i) {
    n.world.Run(1ms);
    CHECK(n[2].replication.offset() >= reached);
    if (n[1].replication.primary_link_up() && n[1].replication.offset() < reached)
      link_came_up_before = true;
  }
  CHECK(link_came_up_before);
  n.world.Run(1s);
  CHECK(n[2].replication.primary_link_up());
  CHECK(n[2].commits == 1);
  CHECK(n[1].replication.counters().full == 0);
  CHECK(n[2].data == n[0].data);
}

TEST_CASE("replication: REPLICAOF the same primary changes nothing") {
  Nodes n;
  n[1].Follow(n[0]);
  n.world.Run(2s);
  CHECK_FALSE(n[1].replication.ReplicaOf({"127.0.0.1", 7001}));
  CHECK(n[1].replication.primary_link_up());
  CHECK(n[1].replication.Promote());
  CHECK_FALSE(n[1].replication.Promote());
}

TEST_CASE("replication: a slow replica neither stalls the others nor is forgotten") {
  core::Options options;
  options.output_hard_limit = 1 << 20;
  options.output_soft_limit = 0;
  Nodes n(3, options);
  n[1].Follow(n[0]);
  n.world.Run(2s);
  n.world.window = 1000;  // a trickle
  for (int i = 0; i < 200; ++i) n[0].Set(0, "k" + std::to_string(i), std::string(1000, 'x'));
  CHECK(n[0].replication.Replicas().at(0).pending_bytes > 100000);
  n.world.Run(5s);
  CHECK(n[1].data == n[0].data);
  for (int i = 0; i < 2000; ++i) n[0].Set(0, "k" + std::to_string(i), std::string(1000, 'y'));
  n.world.Run(1ms);
  CHECK(n[0].closed_reasons.back() == "output limit reached (client-output-buffer-limit replica)");
}

TEST_CASE("replication: cut at any moment of a first sync, it ends up equal") {
  for (uint64_t seed = 1; seed <= 40; ++seed) {
    CAPTURE(seed);
    Nodes n(seed);
    n.world.length_framing = seed % 2 == 0;
    n.world.window = 2000;
    Fill(n[0], 300);
    n[1].Follow(n[0]);
    n.world.Run(std::chrono::microseconds(n.world.random.Between(0, 30000)));
    n[0].Set(1, "during", std::to_string(seed));
    n[0].CutReplicas();
    n.world.Run(20s);
    REQUIRE(n[1].replication.primary_link_up());
    CHECK(n[1].data == n[0].data);
    CHECK(n[1].replication.offset() == n[0].replication.offset());
  }
}

TEST_CASE("replication: what was staged of a sync that broke goes back to the dataset") {
  Nodes n;
  n.world.window = 2000;
  Fill(n[0], 300);
  n[1].Follow(n[0]);
  n.world.Run(20ms);
  REQUIRE(n[1].replication.Upstream()->sync_in_progress);
  CHECK(n[1].discards == 0);
  n[0].CutReplicas();
  n.world.Run(20s);
  CHECK(n[1].discards == 1);
  CHECK(n[1].commits == 1);
}

TEST_CASE("replication: FAILOVER moves the role to a replica that has every byte, partially") {
  for (uint64_t seed = 1; seed <= 20; ++seed) {
    CAPTURE(seed);
    Nodes n(seed);
    Fill(n[0], 50);
    n[1].Follow(n[0]);
    n[2].Follow(n[0]);
    n.world.Run(2s);
    n.world.Run(std::chrono::milliseconds(50 * seed));
    n[0].Set(0, "last", "write");
    core::FailoverRequest request;
    request.target = {"127.0.0.1", 7002};
    CHECK(n[0].replication.StartFailover(request));
    CHECK(n[0].paused);
    CHECK(n[0].replication.failover_state() == core::FailoverState::kWaitingForSync);
    n.world.Run(100ms);  // not a tick of the replica's
    CHECK(n[0].replication.failover_state() == core::FailoverState::kNone);
    CHECK_FALSE(n[0].paused);
    n.world.Run(3s);
    CHECK(n[0].replication.is_replica());
    REQUIRE_FALSE(n[1].replication.is_replica());
    CHECK(n[1].closed_reasons.empty());  // the asker was not sent away
    n[1].Set(1, "after", "it");
    n.world.Run(2s);
    CHECK(n[0].data == n[1].data);
    CHECK(n[2].data == n[1].data);
    CHECK(n[1].replication.counters().full == 0);
    CHECK(n[0].replication.counters().full == 2);
    CHECK(n[1].data[0]["last"] == "write");
  }
}

TEST_CASE("replication: during FAILOVER nothing is added to the stream and nobody may sync") {
  core::Options options;
  options.ping_period = 1s;
  Nodes n(1, options);
  n[1].Follow(n[0]);
  n.world.Run(2s);
  n.world.window = 0;  // what is sent stays with its sender: no acknowledgement comes
  n[0].Set(0, "k", "v");
  CHECK(n[0].replication.StartFailover({}));
  n.world.Run(1ms);  // the question
  const Offset offset = n[0].replication.offset();
  n[0].replication.ScheduleGetAck();
  n.world.Run(5s);
  CHECK(n[0].replication.offset() == offset);
  const auto psync = n[0].replication.HandlePsync(
      core::ReplicaId{99}, "127.0.0.1", false, std::vector<std::string_view>{"PSYNC", "?", "-1"});
  CHECK(psync.error == "NOMASTERLINK Can't SYNC while failing over");
  CHECK(n[0].replication.AbortFailover());
  CHECK_FALSE(n[0].paused);
  n.world.Run(5s);
  CHECK(n[0].replication.offset() > offset);
}

TEST_CASE("replication: who hands its role over does not take one meanwhile") {
  Nodes n;
  n[1].Follow(n[0]);
  n.world.Run(2s);
  core::FailoverRequest request;
  request.target = {"127.0.0.1", 7002};
  CHECK(n[0].replication.StartFailover(request));
  n.by_port.erase(7002);
  n.world.Run(2s);
  REQUIRE(n[0].replication.failover_state() == core::FailoverState::kInProgress);
  const std::string id = n[0].replication.history().id().ToString();
  const auto psync =
      n[0].replication.HandlePsync(core::ReplicaId{99}, "127.0.0.1", false,
                                   std::vector<std::string_view>{"PSYNC", id, "1", "FAILOVER"});
  CHECK(psync.error == "NOMASTERLINK Can't SYNC while failing over");
  CHECK(n[0].replication.is_replica());
  CHECK(n[0].paused);
}

TEST_CASE(
    "replication: FAILOVER whose target is lost waits for it, and ABORT takes the role back") {
  Nodes n;
  n[1].Follow(n[0]);
  n.world.Run(2s);
  n[0].Set(0, "k", "v");
  core::FailoverRequest request;
  request.target = {"127.0.0.1", 7002};
  request.timeout = 100ms;
  request.force = true;
  CHECK(n[0].replication.StartFailover(request));
  n.by_port.erase(7002);  // nobody can be connected to there
  n.world.Run(5s);
  CHECK(n[0].replication.failover_state() == core::FailoverState::kInProgress);
  CHECK(n[0].replication.is_replica());
  const auto id = n[0].replication.history().id();
  CHECK(n[0].replication.AbortFailover());
  CHECK_FALSE(n[0].replication.is_replica());
  CHECK(n[0].replication.history().previous_id() == id);
  CHECK_FALSE(n[0].paused);
}

TEST_CASE("replication: FAILOVER whose target is started again with less leaves the role") {
  Nodes n;
  n[1].Follow(n[0]);
  n.world.Run(2s);
  n[0].Set(0, "old", "1");
  n.world.Run(2s);
  const Data file = n[1].data;
  const auto& history = n[1].replication.history();
  const runtime::Replication::SavedHistory saved{history.id(), history.offset(), 0};
  n[0].Set(0, "new", "2");
  n.world.Run(2s);
  REQUIRE(n[1].data == n[0].data);
  core::FailoverRequest request;
  request.target = {"127.0.0.1", 7002};
  CHECK(n[0].replication.StartFailover(request));
  n.by_port.erase(7002);
  n.world.Run(2s);
  REQUIRE(n[0].replication.failover_state() == core::FailoverState::kInProgress);

  n.nodes[1].reset();
  n.nodes[1] = std::make_unique<Node>(n.world, n.by_port, 7002);
  n[1].data = file;
  n[1].replication.FollowOnceLoaded({"127.0.0.1", 7001});
  n[1].replication.OnLoaded(saved);
  n.world.Run(10s);
  CHECK(n[0].replication.failover_state() == core::FailoverState::kNone);
  CHECK_FALSE(n[0].replication.is_replica());
  CHECK_FALSE(n[0].paused);
  CHECK(n[0].data[0]["new"] == "2");
  CHECK(n[1].replication.is_replica());
  CHECK(n[1].data == n[0].data);
  CHECK(n[1].commits == 0);
}

TEST_CASE("replication: a replica that has only what was saved takes no role that asks for more") {
  Nodes n;
  const auto id = *ReplicationId::Parse(std::string(40, 'a'));
  n[1].replication.FollowOnceLoaded({"127.0.0.1", 7009});
  n[1].replication.OnLoaded(runtime::Replication::SavedHistory{id, Offset(500), 0});
  const auto asked = [&](Node& node, const std::string& next_byte) {
    const std::string name = node.replication.history().id().ToString();
    return node.replication.HandlePsync(
        core::ReplicaId{99}, "127.0.0.1", false,
        std::vector<std::string_view>{"PSYNC", name, next_byte, "FAILOVER"});
  };
  for (const std::string next_byte : {"502", "1001", "9223372036854775807"}) {
    CHECK(asked(n[1], next_byte).error.starts_with("NOMASTERLINK "));
    CHECK(n[1].replication.is_replica());
  }
  CHECK(asked(n[1], "501").outcome == core::PsyncOutcome::kReplicaLink);
  CHECK_FALSE(n[1].replication.is_replica());
  // One that is in sync is asked for more only if somebody forces it to take the role.
  n[2].Follow(n[0]);
  n.world.Run(2s);
  const core::History& history = n[0].replication.history();
  n[3].replication.FollowOnceLoaded({"127.0.0.1", 7001});
  n[3].replication.OnLoaded(runtime::Replication::SavedHistory{history.id(), history.offset(), 0});
  n.world.Run(2s);
  CHECK(n[3].commits == 0);
  for (const size_t node : {size_t{2}, size_t{3}}) {
    CHECK(asked(n[node], "100000").outcome == core::PsyncOutcome::kReplicaLink);
    CHECK_FALSE(n[node].replication.is_replica());
  }
}

TEST_CASE("replication: a node refuses to follow itself and those that follow it") {
  Nodes n;
  n[0].Set(0, "k", "v");
  n[0].Follow(n[0]);
  n.world.Run(2s);
  CHECK_FALSE(n[0].replication.primary_link_up());
  CHECK(n[0].data[0]["k"] == "v");
  n[0].replication.Promote();

  n[1].Follow(n[0]);
  n[2].Follow(n[1]);
  n.world.Run(4s);
  REQUIRE(n[2].replication.primary_link_up());
  n[0].Follow(n[2]);
  n.world.Run(5s);
  CHECK_FALSE(n[0].replication.primary_link_up());
  CHECK(n[2].replication.counters().full + n[2].replication.counters().partial_ok == 0);
  // Opening the circle anywhere makes it a chain.
  n[2].replication.Promote();
  n.world.Run(5s);
  CHECK(n[0].replication.primary_link_up());
  CHECK(n[1].replication.primary_link_up());
}

TEST_CASE("replication: who came to a node before that followed another learns of it") {
  Nodes n;
  n[2].Follow(n[1]);
  n.world.Run(3s);
  n[1].Follow(n[0]);
  n.world.Run(4s);
  REQUIRE(n[2].replication.primary_link_up());
  n[0].Follow(n[2]);
  n.world.Run(5s);
  CHECK_FALSE(n[0].replication.primary_link_up());
}
