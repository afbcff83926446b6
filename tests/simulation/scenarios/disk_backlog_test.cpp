// What the on-disk backlog saves, in whole deployments without save points, each scenario with its
// transcript beside this file.
#include <string>

#include "tests/simulation/deployment/scenario.h"

#include <doctest/doctest.h>

using namespace quorate;
using namespace std::chrono_literals;
using simulation::DeploymentOptions;
using simulation::Scenario;
using simulation::ServerNode;

namespace {

// A primary and a replica, both with an on-disk backlog and little of it in memory.
DeploymentOptions TwoServers() {
  DeploymentOptions options;
  options.follows = {std::nullopt, 0};
  options.longest_value = 50'000;
  options.backlog_bytes = 64 * 1024;
  options.disk_backlogs = {64 * 1024 * 1024, 64 * 1024 * 1024};
  return options;
}

int64_t OnDisk(const ServerNode& server) {
  const auto disk = server.replication().history().disk();
  return disk ? disk->end.bytes() : -1;
}

int64_t At(const ServerNode& server) { return server.replication().offset().bytes(); }

}  // namespace

TEST_CASE(
    "scenario: a replica was away for longer than the memory backlog, and resumes from disk") {
  Scenario s("replica_away_long", 31, TwoServers());
  const int64_t before = At(s.server(2));
  s.Note("cut server 1 from server 2 for 12 s");
  s.ShowResyncs();
  s.world().Cut(s.server(1).host(), s.server(2).host());
  s.Run(12s);
  CHECK(s.server(1).replication().history().backlog()->start().bytes() > before + 1024 * 1024);
  CHECK(s.server(1).replication().counters().full == 1);
  s.Note("heal");
  s.world().Heal(s.server(1).host(), s.server(2).host());
  CHECK(s.UntilWell());
  CHECK(s.server(1).replication().counters().full == 1);
  CHECK(s.server(1).replication().counters().partial_ok == 1);
  CHECK(s.CountLostWrites(1) == 0);
  CHECK_FALSE(s.deployment().Difference().has_value());
  CHECK(s.MatchesTranscript());
}

TEST_CASE("scenario: a killed primary without save points resumes from its on-disk backlog") {
  Scenario s("primary_resumes_from_disk", 32, TwoServers());
  CHECK(s.world().RunUntil([&] { return OnDisk(s.server(1)) == At(s.server(1)); }, 1s));
  s.Note("kill server 1, when its disk has all that it wrote; it starts again after 100 ms");
  s.ShowResyncs();
  s.server(1).Kill();
  s.Run(100ms);
  CHECK(s.server(1).Start().ok());
  CHECK(s.UntilWell());
  CHECK(s.server(1).replication().counters().full == 0);
  CHECK(s.server(1).replication().counters().partial_ok == 1);
  CHECK(s.CountLostWrites(1) == 0);
  CHECK_FALSE(s.deployment().Difference().has_value());
  CHECK(s.MatchesTranscript());
}

// The log is written within milliseconds, not before the acknowledgement. What was not in it when
// the primary was killed is lost, and a replica that has it gives it up by a full resync.
TEST_CASE("scenario: a killed primary whose disk lacks what its replica has already") {
  Scenario s("primary_resumes_behind", 33, TwoServers());
  const auto in_between = [&] {
    return s.writer().unknown().empty() && OnDisk(s.server(1)) < At(s.server(1)) &&
           At(s.server(2)) == At(s.server(1));
  };
  CHECK(s.world().RunUntil(in_between, 5s));
  s.Note("kill server 1, when client and replica have a write that its disk has not");
  s.ShowResyncs();
  s.server(1).Kill();
  s.Run(100ms);
  CHECK(s.server(1).Start().ok());
  CHECK(s.UntilWell());
  CHECK(s.server(1).replication().counters().full == 1);
  CHECK_FALSE(s.deployment().Difference().has_value());
  CHECK(s.CountLostWrites(1) == 1);
  CHECK(s.MatchesTranscript());
}

TEST_CASE("scenario: the on-disk backlog is turned off while a replica is fed from it") {
  DeploymentOptions options = TwoServers();
  options.disk_backlogs = {64 * 1024 * 1024};
  Scenario s("turned_off_under_replica", 34, options);
  s.Note("cut server 1 from server 2 for 12 s; turned off as soon as server 2 is fed from disk");
  s.ShowResyncs();
  s.world().Cut(s.server(1).host(), s.server(2).host());
  s.Run(12s);
  s.world().Heal(s.server(1).host(), s.server(2).host());
  CHECK(s.TurnOffDiskWhileRead(1) == "OK");
  CHECK(s.server(1).replication().counters().partial_ok == 1);
  CHECK(s.UntilWell());
  CHECK(s.server(1).replication().counters().full == 2);
  CHECK(s.server(1).Segments().empty());
  CHECK(s.CountLostWrites(1) == 0);
  CHECK_FALSE(s.deployment().Difference().has_value());
  CHECK(s.MatchesTranscript());
}
