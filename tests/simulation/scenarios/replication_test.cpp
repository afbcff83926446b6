// Replication of whole servers in virtual time.
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "server/store/digest.h"
#include "tests/simulation/deployment/caller.h"
#include "tests/simulation/deployment/server_node.h"
#include "tests/simulation/world/world.h"

#include <doctest/doctest.h>

using namespace quorate;
using namespace std::chrono_literals;
using simulation::Caller;
using simulation::ServerNode;
using simulation::World;

namespace {

constexpr char kConfig[] =
    "port 6379\nbind *\nprotected-mode no\nrepl-diskless-sync-delay 0\nrepl-timeout "
    "5\nrepl-ping-replica-period 1\n";

struct Chain {
  explicit Chain(uint64_t seed) : world(seed), caller(world, "10.0.9.1") {
    for (int i = 0; i < 3; ++i) {
      nodes.push_back(
          std::make_unique<ServerNode>(world, "10.0.0." + std::to_string(i + 1), kConfig));
      CHECK(nodes.back()->Start().ok());
    }
  }
  std::string Digest(int i) {
    return server::store::DatasetDigest(
               nodes[static_cast<size_t>(i)]->server().engine().databases())
        .ToHex();
  }
  int64_t Offset(int i) {
    return nodes[static_cast<size_t>(i)]->server().replication().offset().bytes();
  }
  std::string Call(int i, std::initializer_list<std::string_view> args) {
    return caller.Call(nodes[static_cast<size_t>(i)]->endpoint(), args);
  }
  bool Equal() {
    return Offset(0) > 0 && Offset(0) == Offset(1) && Offset(1) == Offset(2) &&
           Digest(0) == Digest(1) && Digest(1) == Digest(2);
  }
  bool Settles() {
    return world.RunUntil(
        [this] {
          return nodes[1]->server().replication().primary_link_up() &&
                 nodes[2]->server().replication().primary_link_up() && Equal();
        },
        30s);
  }
  void Link() {
    for (int i = 0; i < 200; ++i)
      Call(0, {"SET", "key" + std::to_string(i), "value" + std::to_string(i)});
    CHECK(Call(1, {"REPLICAOF", "10.0.0.1", "6379"}) == "OK");
    CHECK(Call(2, {"REPLICAOF", "10.0.0.2", "6379"}) == "OK");
    Call(0, {"SET", "last", "1"});
    CHECK(Settles());
  }

  World world;
  Caller caller;
  std::vector<std::unique_ptr<ServerNode>> nodes;
};

}  // namespace

TEST_CASE("simulated replication: a chain of three reaches equal data and offsets") {
  Chain chain(1);
  chain.Link();
  CHECK(chain.Call(2, {"GET", "key7"}) == "\"value7\"");
  CHECK(chain.Call(0, {"INCR", "counter"}) == "1");
  CHECK(chain.Settles());
  CHECK(chain.Call(2, {"GET", "counter"}) == "\"1\"");
}

TEST_CASE("simulated replication: after a cut the middle and its replica resume partially") {
  Chain chain(2);
  chain.Link();
  const auto full_before = chain.nodes[0]->server().replication().counters().full;
  chain.world.Cut(chain.nodes[0]->host(), chain.nodes[1]->host());
  for (int i = 0; i < 50; ++i) chain.Call(0, {"SET", "during", std::to_string(i)});
  chain.world.RunFor(20s);
  CHECK_FALSE(chain.nodes[1]->server().replication().primary_link_up());
  chain.world.Heal(chain.nodes[0]->host(), chain.nodes[1]->host());
  CHECK(chain.Settles());
  CHECK(chain.nodes[0]->server().replication().counters().full == full_before);
  CHECK(chain.nodes[0]->server().replication().counters().partial_ok >= 1);
  CHECK(chain.Call(2, {"GET", "during"}) == "\"49\"");
}

TEST_CASE(
    "simulated replication: promotion of the middle keeps its replica by partial resync, the old "
    "primary follows") {
  Chain chain(3);
  chain.Link();
  CHECK(chain.Call(1, {"REPLICAOF", "NO", "ONE"}) == "OK");
  CHECK(chain.Call(1, {"SET", "new", "history"}) == "OK");
  CHECK(chain.Call(0, {"REPLICAOF", "10.0.0.2", "6379"}) == "OK");
  CHECK(chain.world.RunUntil(
      [&] { return chain.nodes[0]->server().replication().primary_link_up() && chain.Equal(); },
      30s));
  CHECK(chain.nodes[1]->server().replication().counters().partial_ok >= 2);
  CHECK(chain.nodes[1]->server().replication().counters().full == 1);
  CHECK(chain.Call(0, {"GET", "new"}) == "\"history\"");
  CHECK(chain.Call(0, {"SET", "a", "b"}) ==
        "(error) READONLY You can't write against a read only replica.");
}

TEST_CASE("simulated replication: a killed replica comes back and is synchronised again") {
  Chain chain(4);
  chain.Link();
  chain.nodes[2]->Kill();
  chain.Call(0, {"SET", "while", "away"});
  CHECK(chain.nodes[2]->Start().ok());
  CHECK(chain.Call(2, {"DBSIZE"}) == "0");
  CHECK(chain.Call(2, {"REPLICAOF", "10.0.0.2", "6379"}) == "OK");
  CHECK(chain.Settles());
}

TEST_CASE("simulated replication: a position is waited for across a cut and a change of history") {
  Chain chain(6);
  chain.Link();
  const auto end = [&] {
    return std::pair(chain.nodes[0]->server().replication().history().id().ToString(),
                     std::to_string(chain.Offset(0)));
  };
  chain.world.Cut(chain.nodes[0]->host(), chain.nodes[1]->host());
  CHECK(chain.Call(0, {"SET", "a", "1"}) == "OK");
  const auto [history, offset] = end();
  CHECK(chain.Call(2, {"QUORATE", "WAITOFFSET", history, offset, "100"}) == "0");
  chain.world.Heal(chain.nodes[0]->host(), chain.nodes[1]->host());
  CHECK(chain.Call(2, {"QUORATE", "WAITOFFSET", history, offset, "0"}) == "1");
  CHECK(chain.Call(2, {"GET", "a"}) == "\"1\"");

  // The middle is promoted: what it had counts under its new id, what it never got does not come.
  chain.world.Cut(chain.nodes[0]->host(), chain.nodes[1]->host());
  CHECK(chain.Call(0, {"SET", "lost", "1"}) == "OK");
  const auto [same_history, lost] = end();
  CHECK(same_history == history);
  CHECK(chain.Call(1, {"REPLICAOF", "NO", "ONE"}) == "OK");
  CHECK(chain.world.RunUntil(
      [&] {
        return chain.nodes[2]->server().replication().history().id() ==
               chain.nodes[1]->server().replication().history().id();
      },
      30s));
  CHECK(chain.Call(2, {"QUORATE", "WAITOFFSET", history, offset, "0"}) == "1");
  CHECK(chain.Call(2, {"QUORATE", "WAITOFFSET", history, lost, "0"})
            .starts_with("(error) NOHISTORY Offset " + lost));
}

TEST_CASE("simulated replication: the same seed gives the same run") {
  const auto run = [](uint64_t seed) {
    Chain chain(seed);
    chain.Link();
    chain.world.Cut(chain.nodes[0]->host(), chain.nodes[1]->host());
    chain.world.RunFor(7s);
    chain.world.HealAll();
    chain.world.RunFor(7s);
    return chain.world.TraceHash();
  };
  CHECK(run(5) == run(5));
  CHECK(run(5) != run(6));
}

TEST_CASE(
    "simulated replication: a primary that is killed after FLUSHALL does not let its replica keep "
    "the keys") {
  Chain chain(7);
  chain.Link();
  CHECK(chain.Call(0, {"CONFIG", "SET", "save", "3600 1"}) == "OK");
  chain.world.Cut(chain.nodes[0]->host(), chain.nodes[1]->host());
  CHECK(chain.Call(0, {"FLUSHALL"}) == "OK");
  chain.nodes[0]->Kill();
  CHECK(chain.nodes[0]->Start().ok());
  chain.world.Heal(chain.nodes[0]->host(), chain.nodes[1]->host());
  CHECK(chain.Settles());
  CHECK(chain.Call(1, {"DBSIZE"}) == "0");
  CHECK(chain.Call(2, {"DBSIZE"}) == "0");
}
