#include "replication/core/fork.h"

#include <string>
#include <vector>

#include <doctest/doctest.h>

using namespace quorate::base;
using namespace quorate::replication::core;

namespace {

ReplicationId Id(char digit) { return *ReplicationId::Parse(std::string(40, digit)); }

History Ours(char id, int64_t offset, char previous = '0', int64_t previous_end = 0) {
  History history(Id(id), 1 << 20);
  history.Restore(Id(id), Offset(offset), Id(previous),
                  previous == '0' ? std::nullopt : std::optional(Offset(previous_end)));
  return history;
}

}  // namespace

TEST_CASE("fork: INFO of a promoted primary tells its id, its predecessor and where that ended") {
  const auto history =
      ParsePrimaryHistory("# Replication\r\nrole:master\r\nconnected_slaves:0\r\nmaster_replid:" +
                          std::string(40, 'b') + "\r\nmaster_replid2:" + std::string(40, 'a') +
                          "\r\nmaster_repl_offset:150\r\nsecond_repl_offset:101\r\n");
  REQUIRE(history.has_value());
  CHECK(history->id == Id('b'));
  CHECK(history->offset == Offset(150));
  CHECK(history->previous_id == Id('a'));
  CHECK(history->previous_end == Offset(100));
}

TEST_CASE("fork: no predecessor is what Redis prints for none, and what is malformed") {
  const std::string head = "master_replid:" + std::string(40, 'b') + "\nmaster_repl_offset:7\n";
  for (const std::string& rest : std::vector<std::string>{
           "master_replid2:" + std::string(40, '0') + "\nsecond_repl_offset:-1\n",
           "master_replid2:" + std::string(40, 'a') + "\nsecond_repl_offset:-1\n",
           "master_replid2:" + std::string(40, 'a') + "\nsecond_repl_offset:x\n",
           "master_replid2:xyz\nsecond_repl_offset:5\n", ""}) {
    CAPTURE(rest);
    const auto history = ParsePrimaryHistory(head + rest);
    REQUIRE(history.has_value());
    CHECK(!history->previous_end.has_value());
  }
}

TEST_CASE("fork: an INFO without a sound id and offset tells nothing") {
  CHECK(!ParsePrimaryHistory(""));
  CHECK(!ParsePrimaryHistory("master_replid:abc\nmaster_repl_offset:5\n"));
  CHECK(!ParsePrimaryHistory("master_replid:" + std::string(40, 'a') + "\n"));
  CHECK(!ParsePrimaryHistory("master_replid:" + std::string(40, '0') + "\nmaster_repl_offset:5\n"));
  CHECK(
      !ParsePrimaryHistory("master_replid:" + std::string(40, 'a') + "\nmaster_repl_offset:-5\n"));
  const std::string id = "master_replid:" + std::string(40, 'a') + "\nmaster_repl_offset:";
  CHECK(ParsePrimaryHistory(id + std::to_string(kHighestOffset.bytes()) + "\n"));
  CHECK(!ParsePrimaryHistory(id + std::to_string(kHighestOffset.bytes() + 1) + "\n"));
}

TEST_CASE("fork: a promoted replica's predecessor is our id") {
  const PrimaryHistory theirs{Id('b'), Offset(150), Id('a'), Offset(100)};
  CHECK(CommonPrefix(Ours('a', 130), theirs) == Offset(100));
  CHECK(CommonPrefix(Ours('a', 80), theirs) == Offset(80));
}

TEST_CASE("fork: within one id nothing of ours is beyond it unless they are behind") {
  CHECK(CommonPrefix(Ours('a', 130), {Id('a'), Offset(500), {}, {}}) == Offset(130));
  CHECK(CommonPrefix(Ours('a', 130), {Id('a'), Offset(90), {}, {}}) == Offset(90));
}

TEST_CASE("fork: two that were promoted from one history share what both had of it") {
  const PrimaryHistory theirs{Id('b'), Offset(150), Id('a'), Offset(100)};
  CHECK(CommonPrefix(Ours('c', 300, 'a', 120), theirs) == Offset(100));
  CHECK(CommonPrefix(Ours('c', 300, 'a', 70), theirs) == Offset(70));
  // They still are what we were before.
  CHECK(CommonPrefix(Ours('c', 300, 'a', 70), {Id('a'), Offset(400), {}, {}}) == Offset(70));
}

TEST_CASE("fork: histories without a common id have no known fork") {
  CHECK(!CommonPrefix(Ours('a', 130), {Id('b'), Offset(500), Id('c'), Offset(50)}));
  CHECK(!CommonPrefix(Ours('a', 130), {Id('b'), Offset(500), {}, std::nullopt}));
}

TEST_CASE("fork: an unknown one is estimated by what was acknowledged, else by what is held") {
  const History ours = Ours('a', 130);
  const Fork exact = FindFork(ours, PrimaryHistory{Id('b'), Offset(9), Id('a'), Offset(5)}, {});
  CHECK(exact.at == Offset(5));
  CHECK(!exact.estimated);
  const Fork acknowledged = FindFork(ours, std::nullopt, Offset(90));
  CHECK(acknowledged.at == Offset(90));
  CHECK(acknowledged.estimated);
  CHECK(FindFork(ours, std::nullopt, Offset(900)).at == Offset(130));
  const Fork held = FindFork(ours, PrimaryHistory{Id('b'), Offset(9), {}, {}}, std::nullopt);
  CHECK(held.at == Offset(130));  // the backlog begins where the history was restored
  CHECK(held.estimated);
}
