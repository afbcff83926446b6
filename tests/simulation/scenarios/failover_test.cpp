// Failovers of whole deployments in virtual time: a primary, a replica, a replica of that, three
// sentinels and a writer, each scenario with its transcript beside this file.
#include <string>
#include <vector>

#include "tests/simulation/deployment/scenario.h"

#include <doctest/doctest.h>

using namespace quorate;
using namespace std::chrono_literals;
using simulation::DeploymentOptions;
using simulation::Host;
using simulation::kGroup;
using simulation::Scenario;

TEST_CASE("scenario: the primary dies") {
  Scenario s("primary_dies", 1);
  s.Note("kill server 1");
  s.server(1).Kill();
  CHECK(s.UntilPrimaryIs(2));
  s.Run(5s);
  CHECK_FALSE(s.server(2).replication().is_replica());
  CHECK(s.server(3).replication().primary_link_up());
  // Half of down-after and more is the classic wait; the rest is election and promotion.
  CHECK(s.writer().longest_gap() < 1500ms);
  CHECK(s.Count("+elected-leader") == 1);
  CHECK(s.MatchesTranscript());
}

TEST_CASE("scenario: the primary dies, and death is seen at once") {
  DeploymentOptions options;
  options.fast_detection = true;
  Scenario s("primary_dies_fast", 2, options);
  s.Note("kill server 1");
  s.server(1).Kill();
  CHECK(s.UntilPrimaryIs(2));
  s.Run(5s);
  CHECK(s.writer().longest_gap() < 800ms);
  CHECK(s.MatchesTranscript());
}

TEST_CASE("scenario: a paused primary is replaced, returns and follows") {
  Scenario s("primary_paused", 3);
  s.Note("pause server 1");
  s.server(1).Pause();
  CHECK(s.UntilPrimaryIs(2));
  s.Run(5s);
  s.Note("resume server 1");
  s.server(1).Resume();
  CHECK(s.UntilWell());
  CHECK(s.server(1).replication().is_replica());
  CHECK(s.CountLostWrites(2) == 0);
  CHECK_FALSE(s.deployment().Difference().has_value());
  CHECK(s.MatchesTranscript());
}

TEST_CASE("scenario: a primary cut off with one sentinel is replaced by the majority") {
  Scenario s("primary_partitioned", 4);
  s.Note("partition: server 1 and sentinel 1 alone");
  Host* side[] = {&s.server(1).host(), &s.sentinel(1).host()};
  s.world().Partition(side);
  s.Run(10s);
  CHECK(s.sentinel(1).state().groups.at(kGroup).primary.address == s.server(1).endpoint());
  CHECK(s.sentinel(2).state().groups.at(kGroup).primary.address == s.server(2).endpoint());
  CHECK(s.sentinel(3).state().groups.at(kGroup).primary.address == s.server(2).endpoint());
  s.Note("heal");
  s.world().HealAll();
  CHECK(s.UntilWell());
  CHECK(s.deployment().primary().endpoint() == s.server(2).endpoint());
  CHECK(s.CountLostWrites(2) == 0);  // the writer was on the majority's side
  CHECK(s.MatchesTranscript());
}

TEST_CASE("scenario: a primary cut off with its writer stops accepting writes within its lease") {
  DeploymentOptions options;
  options.primary_lease = 500ms;
  Scenario s("primary_leased", 12, options);
  Host* side[] = {&s.server(1).host(), &s.sentinel(1).host(), &s.world().host("10.0.3.1")};
  s.Note("partition: server 1, sentinel 1 and the writer alone");
  s.world().Partition(side);
  s.Run(510ms);
  CHECK(s.server(1).engine().fencing().WritesRefused(s.server(1).host().Now()) ==
        server::engine::Fencing::Refusal::kNoMajority);
  const auto acknowledged = s.writer().acknowledged();
  s.Run(10s);
  CHECK(s.writer().acknowledged() == acknowledged);
  CHECK(s.sentinel(2).state().groups.at(kGroup).primary.address == s.server(2).endpoint());
  s.Note("heal");
  s.world().HealAll();
  CHECK(s.UntilWell());
  CHECK(s.writer().acknowledged().size() > acknowledged.size());
  CHECK(s.MatchesTranscript());
}

TEST_CASE("scenario: after a switchover the new primary takes writes at once, with a lease too") {
  DeploymentOptions options;
  options.primary_lease = 500ms;
  Scenario s("switchover_leased", 6, options);
  s.Note("SENTINEL SWITCHOVER at sentinel 2");
  CHECK(s.Call(s.sentinel(2).endpoint(), {"SENTINEL", "SWITCHOVER", kGroup}) == "OK");
  CHECK(s.UntilPrimaryIs(2));
  CHECK(s.UntilWell());
  CHECK(s.writer().longest_gap() < 300ms);
  CHECK(s.CountLostWrites(2) == 0);
  CHECK(s.MatchesTranscript());
}

TEST_CASE("scenario: without a majority of sentinels there is no failover") {
  Scenario s("no_majority", 5);
  s.Note("kill sentinels 2 and 3");
  s.sentinel(2).Kill();
  s.sentinel(3).Kill();
  s.Note("kill server 1");
  s.server(1).Kill();
  s.Run(60s);
  CHECK(s.Count("+switch-master") == 0);
  CHECK(s.Count("+elected-leader") == 0);
  CHECK(s.server(2).replication().is_replica());
  s.Note("start sentinel 3");
  CHECK(s.sentinel(3).Start().ok());
  CHECK(s.UntilPrimaryIs(2));
  CHECK(s.MatchesTranscript());
}

TEST_CASE("scenario: sentinels that start after the primary died elect all the same") {
  Scenario s("sentinels_start_late", 10);
  s.Note("kill every sentinel");
  for (size_t i = 1; i <= 3; ++i) s.sentinel(i).Kill();
  s.Note("kill server 1");
  s.server(1).Kill();
  s.Run(300s);
  s.Note("start every sentinel");
  for (size_t i = 1; i <= 3; ++i) CHECK(s.sentinel(i).Start().ok());
  CHECK(s.UntilPrimaryIs(2, 10s));
  CHECK(s.Count("-failover-abort-no-good-slave") == 0);
  CHECK(s.MatchesTranscript());
}

TEST_CASE("scenario: a planned switchover loses nothing") {
  Scenario s("switchover", 6);
  s.Note("SENTINEL FAILOVER at sentinel 2");
  CHECK(s.Call(s.sentinel(2).endpoint(), {"SENTINEL", "FAILOVER", kGroup}) == "OK");
  CHECK(s.UntilPrimaryIs(2));
  CHECK(s.UntilWell());
  CHECK(s.writer().longest_gap() < 300ms);
  CHECK(s.CountLostWrites(2) == 0);
  CHECK_FALSE(s.deployment().Difference().has_value());
  CHECK(s.MatchesTranscript());
}

TEST_CASE("scenario: an old primary returns empty and follows the new one") {
  Scenario s("old_primary_returns", 7);
  s.Note("kill server 1");
  s.server(1).Kill();
  CHECK(s.UntilPrimaryIs(2));
  s.Run(10s);
  s.Note("start server 1");
  CHECK(s.server(1).Start().ok());
  CHECK(s.UntilWell());
  CHECK(s.server(1).replication().is_replica());
  CHECK(s.CountLostWrites(2) == 0);
  CHECK_FALSE(s.deployment().Difference().has_value());
  CHECK(s.MatchesTranscript());
}

TEST_CASE("scenario: a primary restarts empty, and nothing is wiped") {
  for (const bool fast : {false, true}) {
    DeploymentOptions options;
    options.fast_detection = fast;
    Scenario s(fast ? "primary_restarts_empty_fast" : "primary_restarts_empty", 10, options);
    s.writer().Stop();
    const std::string keys = s.Call(s.server(2).endpoint(), {"DBSIZE"});
    s.Note("server 1 is killed and starts again at once, with nothing");
    s.server(1).Kill();
    CHECK(s.server(1).Start().ok());
    CHECK(s.UntilPrimaryIs(2, 900ms));  // down-after is a second
    CHECK(s.UntilWell());
    CHECK(s.server(1).replication().is_replica());
    for (const size_t server : {1, 2, 3})
      CHECK(s.Call(s.server(server).endpoint(), {"DBSIZE"}) == keys);
    CHECK(s.CountLostWrites(2) == 0);
    CHECK(s.MatchesTranscript());
  }
}

TEST_CASE("scenario: a vote survives the power cut that follows it") {
  Scenario s("vote_survives_power_cut", 8);
  s.Note("kill server 1");
  s.server(1).Kill();
  CHECK(s.UntilEvent(3, "+vote-for-leader"));
  const auto epoch = s.sentinel(3).state().groups.at(kGroup).vote.epoch;
  // Until the vote is on disk, which is before anybody hears of it.
  CHECK(s.world().RunUntil(
      [&] {
        const auto& state = s.sentinel(3).state();
        return state.durable_version >= state.groups.at(kGroup).vote_version;
      },
      1s));
  s.Note("sentinel 3 loses power");
  s.sentinel(3).PowerOff();
  s.Run(100ms);
  s.Note("sentinel 3 starts");
  CHECK(s.sentinel(3).Start().ok());
  // Whom it was for may be forgotten; that it is spent may not.
  CHECK(s.sentinel(3).state().groups.at(kGroup).vote.epoch == epoch);
  CHECK(s.UntilPrimaryIs(2));
  CHECK(s.MatchesTranscript());
}

TEST_CASE("scenario: a sentinel with a torn state file does not start") {
  for (const auto syntax : {simulation::ConfigSyntax::kRedis, simulation::ConfigSyntax::kYaml}) {
    DeploymentOptions options;
    options.syntax = syntax;
    Scenario s("torn_state", 9, options);
    s.sentinel(1).Kill();
    simulation::Disk& disk = s.sentinel(1).host().disk();
    const std::string whole = disk.Peek(s.sentinel(1).state_path()).value();
    disk.Put(s.sentinel(1).state_path(), whole.substr(0, whole.size() * 2 / 3));
    const base::Status started = s.sentinel(1).Start();
    CHECK_FALSE(started.ok());
    CHECK_FALSE(s.sentinel(1).running());
    CHECK_FALSE(s.sentinel(1).log().back().empty());
    disk.Put(s.sentinel(1).state_path(), whole);
    CHECK(s.sentinel(1).Start().ok());
  }
}

TEST_CASE(
    "scenario: sentinels that were cut off from the new primary do not hold that against it") {
  DeploymentOptions options;
  options.sentinels = 5;
  options.follows = {std::nullopt, 0, 0};
  Scenario s("cut_off_sentinels_return", 2, options);
  s.Note("partition: server 3, sentinels 1 and 2; server 1 is killed");
  Host* const side[] = {&s.server(3).host(), &s.sentinel(1).host(), &s.sentinel(2).host()};
  s.world().Partition(side);
  s.Run(1500ms);
  s.server(1).Kill();
  CHECK(s.UntilEvent(4, "+switch-master"));
  s.Run(3s);
  s.Note("heal");
  s.world().HealAll();
  CHECK(s.server(1).Start().ok());
  CHECK(s.UntilWell());
  CHECK(s.Count("+elected-leader") == 1);
  CHECK_FALSE(s.server(2).replication().is_replica());
  CHECK(s.MatchesTranscript());
}
