#include "scripts/ops/drill_report.h"

#include <nlohmann/json.hpp>

#include <doctest/doctest.h>

namespace quorate::ops {
namespace {

using std::chrono::milliseconds;

RoundReport Round(int gap_ms, bool passed) {
  RoundReport round;
  round.old_primary = "server-1";
  round.new_primary = "server-2";
  round.fault = base::Instant(milliseconds(500));
  round.result.phases.detection = milliseconds(gap_ms - 200);
  round.result.gaps = {{0, milliseconds(gap_ms - 1)}, {1, milliseconds(gap_ms)}};
  round.result.writes.acknowledged = 10;
  round.findings = {{"write-gap", passed, "because"}};
  round.events = {{base::Instant(milliseconds(1500)), "sentinel-1", "+sdown", "master \xff"}};
  return round;
}

DrillReport Report() {
  DrillReport report;
  report.server = "redis 7.0.15";
  report.topology.sentinels = {{"sentinel-1", 1}, {"sentinel-2", 2}, {"sentinel-3", 3}};
  report.writers = 2;
  report.rounds = {Round(1250, true), Round(1100, true), Round(1900, true)};
  return report;
}

}  // namespace

TEST_CASE("drill report: median, least and greatest over the rounds") {
  const auto json = nlohmann::json::parse(ToJson(Report()));
  CHECK(json["schema"] == kDrillReportSchema);
  CHECK(json["verdict"] == "passed");
  CHECK(json["summary_ms"]["write_gap"]["median"] == 1250.0);
  CHECK(json["summary_ms"]["write_gap"]["min"] == 1100.0);
  CHECK(json["summary_ms"]["write_gap"]["max"] == 1900.0);
  CHECK(json["summary_ms"]["election"].is_null());
  CHECK(json["rounds"][0]["events"][0]["ms"] == 1000.0);
  CHECK(json["rounds"][0]["write_gap_by_writer_ms"] == nlohmann::json::array({1249.0, 1250.0}));
}

TEST_CASE("drill report: one failed finding fails the drill and is named") {
  DrillReport report = Report();
  report.rounds.push_back(Round(5000, false));
  CHECK_FALSE(Passed(report));
  const std::string table = ToTable(report);
  CHECK(table.find("FAILED write-gap: because") != std::string::npos);
  CHECK(table.ends_with("verdict: FAILED\n"));
  CHECK(nlohmann::json::parse(ToJson(report))["verdict"] == "failed");
}

TEST_CASE("drill report: no rounds is no pass, and a round nobody survived has no gap") {
  CHECK_FALSE(Passed(DrillReport{}));
  DrillReport report = Report();
  report.rounds = {Round(1000, false)};
  report.rounds[0].new_primary.clear();
  report.rounds[0].result.gaps[1] = std::nullopt;
  const auto json = nlohmann::json::parse(ToJson(report));
  CHECK(json["rounds"][0]["new_primary"].is_null());
  CHECK(json["rounds"][0]["ms"]["write_gap"].is_null());
}

TEST_CASE("drill report: a cut is told with what was missed, its return and the resyncs") {
  DrillReport report = Report();
  report.scenario = Scenario::kCutReplica;
  report.rounds = {Round(3, true)};
  RoundReport& round = report.rounds[0];
  round.new_primary.clear();
  round.result.cut = ReplicaCut{.replica = "server-2",
                                .away = milliseconds(2140),
                                .missed_bytes = 400'000,
                                .in_step = milliseconds(31),
                                .links = 1,
                                .resumed = 1};
  round.result.resyncs = Resyncs{.full = 0, .partial = 1};
  round.result.disagreement = "";
  const std::string table = ToTable(report);
  const auto tells = [&](const std::string& text) { return table.find(text) != std::string::npos; };
  CHECK(tells("server-1 stays primary, gap 3 ms"));
  CHECK(tells("server-2 was away for 2.1 s and missed 400000 bytes; in step again after 31 ms\n"));
  CHECK(tells("syncs: 0 full, 1 partial"));
  CHECK_FALSE(tells("election"));
  const auto json = nlohmann::json::parse(ToJson(report));
  CHECK(json["summary_ms"]["away"]["median"] == 2140.0);
  CHECK(json["summary_ms"]["in_step"]["median"] == 31.0);
  const auto& told = json["rounds"][0];
  CHECK(told["role_moved"] == false);
  CHECK(told["replica_cut"] == nlohmann::json({{"replica", "server-2"},
                                               {"away_ms", 2140.0},
                                               {"missed_bytes", 400'000},
                                               {"in_step_ms", 31.0},
                                               {"links", 1},
                                               {"resumed", 1}}));
  CHECK(told["syncs"] == nlohmann::json({{"full", 0}, {"partial", 1}}));
  CHECK(told["equal_data"] == true);
}

TEST_CASE("drill report: a replica that is never in step, and servers that differ, are told") {
  DrillReport report = Report();
  report.scenario = Scenario::kCutReplica;
  report.rounds[0].result.cut = ReplicaCut{.replica = "server-2"};
  report.rounds[0].result.disagreement = "a and b differ";
  CHECK(ToTable(report).find("in step again not in time") != std::string::npos);
  const auto json = nlohmann::json::parse(ToJson(report));
  CHECK(json["rounds"][0]["replica_cut"]["in_step_ms"].is_null());
  CHECK(json["rounds"][0]["equal_data"] == false);
  CHECK(json["rounds"][1]["replica_cut"].is_null());
  CHECK(json["rounds"][1]["syncs"].is_null());
  CHECK(json["rounds"][1]["equal_data"].is_null());
}

}  // namespace quorate::ops
