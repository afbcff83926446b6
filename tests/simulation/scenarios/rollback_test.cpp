// What a primary that lost its role wrote without its successor: all of it is in the record.
#include <algorithm>
#include <set>
#include <string>
#include <vector>

#include "server/persistence/rollback_form.h"
#include "tests/simulation/deployment/scenario.h"

#include <doctest/doctest.h>

using namespace quorate;
using namespace std::chrono_literals;
using simulation::Host;
using simulation::Scenario;
using simulation::ServerNode;

namespace {

// The summaries on the server's disk.
std::vector<server::persistence::RollbackSummary> Records(ServerNode& server) {
  std::vector<server::persistence::RollbackSummary> records;
  for (const std::string& path : server.host().disk().List()) {
    if (!path.ends_with(".json") || path.find("/rollback/") == std::string::npos) continue;
    const auto summary =
        server::persistence::ParseRollbackSummary(*server.host().disk().Peek(path));
    REQUIRE(summary.ok());
    const std::string commands = path.substr(0, path.size() - 4) + "aof";
    REQUIRE(server.host().disk().Peek(commands).has_value());
    CHECK(server.host().disk().Peek(commands)->size() == summary->bytes);
    records.push_back(*summary);
  }
  return records;
}

}  // namespace

TEST_CASE("scenario: a primary cut off with its writer records exactly the writes that it loses") {
  Scenario s("old_primary_loses_writes", 21);
  Host& writer = s.world().host("10.0.3.1");
  Host* side[] = {&s.server(1).host(), &s.sentinel(1).host(), &writer};
  s.Note("partition: server 1, sentinel 1 and the writer alone");
  s.world().Partition(side);
  s.Run(10s);
  CHECK(s.sentinel(2).state().groups.begin()->second.primary.address == s.server(2).endpoint());
  CHECK(Records(s.server(1)).empty());
  s.Note("heal");
  s.world().HealAll();
  CHECK(s.UntilWell());
  const size_t lost = s.CountLostWrites(2);
  CHECK(lost > 100);

  const auto records = Records(s.server(1));
  REQUIRE(records.size() == 1);
  CHECK(!records[0].estimated);
  CHECK(records[0].missing_bytes == 0);
  CHECK(records[0].successor == s.server(2).endpoint().ToString());
  std::set<std::string> recorded(records[0].key_names.begin(), records[0].key_names.end());
  // Every acknowledged write that is gone is in the record, and nothing else but writes whose
  // answer got lost and the counters of the writer's transactions, one in each of its databases.
  const auto& databases = s.server(2).engine().databases();
  const std::set<std::string> gone = s.writer().Absent(s.writer().acknowledged(), databases);
  CHECK(gone.size() == lost);
  const std::set<std::string> unanswered = s.writer().Absent(s.writer().unknown(), databases);
  for (const std::string& key : gone) {
    CAPTURE(key);
    CHECK(recorded.erase(key) == 1);
  }
  for (const std::string& key : unanswered) recorded.erase(key);
  CHECK(recorded.size() <= 2);
  CHECK(s.MatchesTranscript());
}

TEST_CASE("scenario: a record survives the power cut that follows the loss of the writes") {
  Scenario s("old_primary_loses_power", 22);
  Host& writer = s.world().host("10.0.3.1");
  Host* side[] = {&s.server(1).host(), &s.sentinel(1).host(), &writer};
  s.Note("partition: server 1, sentinel 1 and the writer alone");
  s.world().Partition(side);
  s.Run(10s);
  s.world().HealAll();
  s.Note("heal; server 1 loses power as soon as it has its new data");
  CHECK(s.world().RunUntil(
      [&] {
        return s.server(1).replication().is_replica() &&
               s.server(1).replication().primary_link_up();
      },
      30s));
  s.server(1).PowerOff();
  const auto records = Records(s.server(1));
  REQUIRE(records.size() == 1);
  CHECK(records[0].commands > 100);
  CHECK(s.MatchesTranscript());
}

TEST_CASE("scenario: the on-disk backlog is turned off while a record is read from it") {
  simulation::DeploymentOptions options;
  options.longest_value = 50'000;
  options.backlog_bytes = 64 * 1024;
  options.disk_backlogs = {64 * 1024 * 1024};
  Scenario s("turned_off_under_record", 22, options);
  Host& writer = s.world().host("10.0.3.1");
  Host* side[] = {&s.server(1).host(), &s.sentinel(1).host(), &writer};
  s.world().Partition(side);
  s.Run(10s);
  REQUIRE(s.sentinel(2).state().groups.begin()->second.primary.address == s.server(2).endpoint());
  s.world().HealAll();
  bool turned_off = false;
  SUBCASE("it is not") {}
  SUBCASE("it is") { turned_off = true; }
  if (turned_off) CHECK(s.TurnOffDiskWhileRead(1) == "OK");
  CHECK(s.UntilWell());
  const auto records = Records(s.server(1));
  REQUIRE(records.size() == 1);
  CHECK(records[0].commands > 0);
  CHECK((records[0].missing_bytes != 0) == turned_off);
  const bool said = std::ranges::any_of(s.server(1).log(), [](const std::string& line) {
    return line.find("only what memory holds; the on-disk backlog: it was turned off") !=
           std::string::npos;
  });
  CHECK(said == turned_off);
  CHECK(s.server(1).Segments().empty() == turned_off);
}
