#include "replication/core/psync.h"

#include <array>
#include <string>
#include <vector>

#include "shared/base/random.h"
#include "tests/unit/replication/core/sample_history.h"

#include <doctest/doctest.h>

using namespace quorate::base;
using namespace quorate::replication::core;

namespace {

std::string Decide(const std::string& id, int64_t next_byte, const History& history,
                   PsyncConditions conditions = {}) {
  PsyncRequest request;
  request.id = id;
  request.next_byte = next_byte;
  const PsyncDecision decision = DecidePsync(request, history, conditions);
  if (const auto* partial = std::get_if<PartialResync>(&decision)) {
    return "partial " + std::to_string(partial->from.bytes());
  }
  if (const auto* full = std::get_if<FullResync>(&decision)) {
    return "full: " + std::string(Describe(full->reason));
  }
  return std::get<PsyncDenied>(decision).error;
}

}  // namespace

TEST_CASE("psync: what is decided for whom") {
  const History history = Sample();
  struct Row {
    std::string id;
    int64_t next_byte;
    std::string decision;
  };
  const std::vector<Row> rows = {
      {"?", -1, "full: the replica asked for a full resync"},
      {std::string(40, 'c'), 1000, "full: the replica's replication id is not ours"},
      {std::string(40, '0'), 1000, "full: the replica's replication id is not ours"},
      {"short", 1000, "full: the replica's replication id is not ours"},
      // Ours: [900, 1200] held, asked for as 901 .. 1201.
      {kOurs, 900, "full: the requested offset is no longer in the backlog"},
      {kOurs, 901, "partial 900"},
      {kOurs, 1201, "partial 1200"},
      {kOurs, 1202, "full: the requested offset is ahead of ours"},
      {kOurs, 0, "full: the requested offset is no longer in the backlog"},
      {kOurs, -1, "full: the requested offset is no longer in the backlog"},
      {kOurs, INT64_MIN, "full: the requested offset is no longer in the backlog"},
      {kOurs, INT64_MAX, "full: the requested offset is ahead of ours"},
      // The history before: shared up to 1000.
      {kBefore, 901, "partial 900"},
      {kBefore, 1001, "partial 1000"},
      {kBefore, 1002,
       "full: the replica went past the point where our history left its replication id"},
  };
  for (const Row& row : rows) {
    CAPTURE(row.id);
    CAPTURE(row.next_byte);
    CHECK(Decide(row.id, row.next_byte, history) == row.decision);
  }
}

TEST_CASE("psync: without a backlog everything is a full resync") {
  const History history(Id(kOurs), 1024);
  CHECK(Decide(kOurs, 1, history) == "full: there is no backlog");
}

TEST_CASE("psync: refusals, in Redis' words and order") {
  const History history = Sample();
  CHECK(Decide(kOurs, 1000, history, {.is_replica = true, .upstream_in_sync = false}) ==
        "NOMASTERLINK Can't SYNC while not connected with my master");
  CHECK(Decide(kOurs, 1000, history, {.is_replica = true, .upstream_in_sync = true}) ==
        "partial 999");
  CHECK(Decide(kOurs, 1000, history, {.failing_over = true, .pending_output = true}) ==
        "NOMASTERLINK Can't SYNC while failing over");
  CHECK(Decide(kOurs, 1000, history, {.pending_output = true}) ==
        "ERR SYNC and PSYNC are invalid with pending output");
}

TEST_CASE("psync: parses requests") {
  using Args = std::vector<std::string_view>;
  Result<PsyncRequest> request = ParsePsync(Args{"PSYNC", "?", "-1"});
  REQUIRE(request.ok());
  CHECK(request->id == "?");
  CHECK(request->next_byte == -1);
  CHECK_FALSE(request->failover);
  request = ParsePsync(Args{"psync", std::string_view(kOurs), "12", "FAILOVER"});
  REQUIRE(request.ok());
  CHECK(request->failover);
  request = ParsePsync(Args{"SYNC"});
  REQUIRE(request.ok());
  CHECK(request->legacy_sync);
  CHECK(ParsePsync(Args{"PSYNC", "?", "x"}).error().message ==
        "ERR value is not an integer or out of range");
  CHECK_FALSE(ParsePsync(Args{"PSYNC", "?"}).ok());
}
