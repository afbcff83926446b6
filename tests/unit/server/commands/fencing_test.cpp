#include <string>

#include "tests/support/command_fixture.h"

#include <doctest/doctest.h>

using namespace quorate;
using namespace std::chrono_literals;
using quorate::testing::CommandFixture;
using Role = server::engine::Fencing::Role;
using Word = server::engine::Fencing::Word;

namespace {

const std::string kFirst(40, 'a');
const std::string kSecond(40, 'b');

std::string Heartbeat(const std::string& sentinel, int epoch, const std::string& rest) {
  return "QUORATE HEARTBEAT " + sentinel + " " + std::to_string(epoch) + " 3 " + rest;
}

// The stamp in an answer.
std::string Stamp(const std::string& reply) {
  REQUIRE(reply.front() == ':');
  return reply.substr(1, reply.size() - 3);
}

bool Refused(CommandFixture& f) { return f.Run("SET k v").starts_with("-NOQUORUM "); }

}  // namespace

TEST_CASE("quorate heartbeat: writes are accepted while a majority is heard") {
  CommandFixture f;
  f.engine.fencing().SetLease(500ms);
  CHECK_FALSE(Refused(f));
  const std::string stamp = Stamp(f.Run(Heartbeat(kFirst, 3, "PRIMARY")));
  CHECK(f.Run("SET k v") ==
        "-NOQUORUM No majority of the sentinels has been heard for primary-lease. CONFIG SET "
        "primary-lease 0 lifts this.\r\n");
  CHECK(f.Run("GET k") == "$1\r\nv\r\n");
  f.Run(Heartbeat(kFirst, 3, "PRIMARY " + stamp));
  CHECK(Refused(f));
  f.Run(Heartbeat(kSecond, 3, "primary " + stamp));
  CHECK_FALSE(Refused(f));
  f.Advance(500ms);
  CHECK(Refused(f));
  CHECK(f.Run("MULTI") == "+OK\r\n");
  CHECK(Refused(f));
  CHECK(f.Run("EXEC").starts_with("-EXECABORT"));
}

TEST_CASE("quorate heartbeat: the word is saved when it changes") {
  CommandFixture f;
  f.Run(Heartbeat(kFirst, 0, "PRIMARY"));
  f.Run(Heartbeat(kSecond, 0, "PRIMARY"));
  f.Run(Heartbeat(kFirst, 3, "PRIMARY"));
  f.Run(Heartbeat(kSecond, 3, "PRIMARY"));
  CHECK(f.Run(Heartbeat(kSecond, 2, "REPLICA")).starts_with("-STALEEPOCH 3 primary"));
  f.Run(Heartbeat(kSecond, 4, "REPLICA"));
  CHECK(f.host.saved_words ==
        std::vector<Word>{{base::Epoch(), Role::kPrimary, 3},  // before any election
                          {base::Epoch(3), Role::kPrimary, 3},
                          {base::Epoch(4), Role::kReplica, 3}});
  CHECK(f.Run("SET k v") ==
        "-NOQUORUM Another primary was elected (epoch 4). REPLICAOF NO ONE lifts this.\r\n");
  // A replica's writes are refused as ever.
  f.replication.replica = true;
  CHECK(f.Run("SET k v").starts_with("-READONLY "));
}

TEST_CASE("quorate heartbeat: bad words are refused") {
  CommandFixture f;
  CHECK(f.Run("QUORATE HEARTBEAT x 1 3 PRIMARY") == "-ERR Invalid sentinel ID\r\n");
  CHECK(f.Run("QUORATE HEARTBEAT " + kFirst + " -1 3 PRIMARY") == "-ERR Invalid epoch\r\n");
  CHECK(f.Run("QUORATE HEARTBEAT " + kFirst + " 4611686018427387905 3 PRIMARY") ==
        "-ERR Invalid epoch\r\n");
  CHECK(f.Run("QUORATE HEARTBEAT " + kFirst + " 1 1000001 PRIMARY") ==
        "-ERR Invalid electorate\r\n");
  CHECK(f.Run(Heartbeat(kFirst, 1, "LEADER")) == "-ERR syntax error\r\n");
  CHECK(f.Run(Heartbeat(kFirst, 1, "PRIMARY -5")) == "-ERR Invalid stamp\r\n");
  CHECK(f.Run(Heartbeat(kFirst, 1, "PRIMARY 5 6")) == "-ERR syntax error\r\n");
  CHECK_FALSE(Refused(f));
}

TEST_CASE("quorate fence: no writes, and no link to a primary, until its order") {
  CommandFixture f;
  CHECK(f.Run("QUORATE FENCE 7 2000") == "+OK\r\n");
  CHECK(f.replication.held_upstream_until == f.host.now + 2s);
  CHECK(Refused(f));
  CHECK(f.Run("QUORATE REPLICAOF NO ONE 6").starts_with("-STALEEPOCH 7 elected"));
  CHECK(f.replication.asked_primaries.empty());
  CHECK(f.Run("QUORATE REPLICAOF NO ONE 7") == "+OK\r\n");
  CHECK(f.replication.asked_primaries.size() == 1);
  CHECK(f.replication.held_upstream_until == base::Instant{});
  CHECK_FALSE(Refused(f));
  // That the first sentinel has spoken is to be remembered, too.
  CHECK(f.host.saved_words ==
        std::vector<Word>{{base::Epoch(), Role::kPrimary}, {base::Epoch(7), Role::kPrimary}});
  CHECK(f.Run("QUORATE FENCE 8 100") == "+OK\r\n");
  CHECK(f.Run("QUORATE FENCE 8 0") == "+OK\r\n");
  CHECK_FALSE(Refused(f));
  CHECK(f.Run("QUORATE FENCE 9 -1") == "-ERR Invalid time\r\n");
  CHECK(f.Run("QUORATE FENCE x 1") == "-ERR Invalid epoch\r\n");
}

TEST_CASE("replicaof without an epoch is obeyed whatever sentinels have said") {
  CommandFixture f;
  f.Run(Heartbeat(kFirst, 3, "REPLICA"));
  CHECK(Refused(f));
  CHECK(f.Run("QUORATE FENCE 4 1000") == "+OK\r\n");
  CHECK(f.Run("REPLICAOF NO ONE") == "+OK\r\n");
  CHECK_FALSE(Refused(f));
}
