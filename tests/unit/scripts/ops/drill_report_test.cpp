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

}  // namespace quorate::ops
