#include "scripts/ops/bench_report.h"

#include <nlohmann/json.hpp>

#include <doctest/doctest.h>

namespace quorate::ops {
namespace {

BenchFigure Rate(std::vector<double> redis, std::vector<double> ours, double target) {
  return {"SET", "requests/s", true, target, std::move(redis), std::move(ours)};
}

}  // namespace

TEST_CASE("bench report: the ratio is the median of the rounds' ratios") {
  CHECK(Median({}) == 0);
  CHECK(Median({5}) == 5);
  CHECK(Median({9, 1, 5}) == 5);
  CHECK(Median({1, 9, 5, 6}) == 5.5);
  // A machine that became slower from round to round, ours the faster one in each.
  CHECK(Ratio(Rate({100, 80, 60}, {110, 88, 66}, 1)) == doctest::Approx(1.1));
  CHECK(Ratio(Rate({100, 100, 100}, {150, 90, 120}, 1)) == doctest::Approx(1.2));
  CHECK(Ratio(Rate({100, 0}, {150, 150}, 1)) == 0);
  CHECK(Ratio(Rate({100, 100}, {150}, 1)) == 0);
}

TEST_CASE("bench report: a rate must be high enough, a cost low enough") {
  CHECK(MeetsTarget(Rate({100}, {130}, 1.3)));
  CHECK_FALSE(MeetsTarget(Rate({100}, {129}, 1.3)));
  BenchFigure cost = Rate({100}, {75}, 0.75);
  cost.more_is_better = false;
  CHECK(MeetsTarget(cost));
  cost.ours = {76};
  CHECK_FALSE(MeetsTarget(cost));
}

TEST_CASE("bench report: a figure can be held against itself, or only told") {
  BenchFigure cost = Rate({1}, {1.2}, 1.1);
  cost.more_is_better = false;
  cost.judged = Judged::kOurs;
  CHECK_FALSE(MeetsTarget(cost));
  cost.ours = {0};
  CHECK(MeetsTarget(cost));
  cost.ours = {};
  CHECK_FALSE(MeetsTarget(cost));
  cost.judged = Judged::kNothing;
  CHECK(MeetsTarget(cost));
}

TEST_CASE("bench report: what was not measured has not met its target") {
  CHECK_FALSE(MeetsTarget(Rate({}, {1}, 1)));
  BenchFigure cost = Rate({1}, {}, 1);
  cost.more_is_better = false;
  CHECK_FALSE(MeetsTarget(cost));
  CHECK_FALSE(Passed(BenchReport{}));
}

TEST_CASE("bench report: one missed target fails it and is marked") {
  const BenchReport report{"7.0.15", "0.1.0", {Rate({100}, {130}, 1.3), Rate({100}, {90}, 1)}};
  CHECK_FALSE(Passed(report));
  CHECK(ToTable(report).find("MISSED") != std::string::npos);
  const auto json = nlohmann::json::parse(ToJson(report));
  CHECK(json["verdict"] == "failed");
  CHECK(json["figures"][0]["met"] == true);
  CHECK(json["figures"][1]["met"] == false);
}

TEST_CASE("bench report: the rate is read from redis-benchmark's CSV") {
  CHECK(RateInCsv("\"test\",\"rps\",\"avg\"\n\"SET\",\"171762.28\",\"4.513\"\n") ==
        doctest::Approx(171762.28));
  CHECK(RateInCsv("Could not connect") == 0);
  CHECK(RateInCsv("") == 0);
}

}  // namespace quorate::ops
