#include "server/engine/stats.h"

#include <doctest/doctest.h>

#include "shared/base/random.h"

using namespace quorate;
using server::engine::InstantaneousRate;
using server::engine::LatencyHistogram;
using server::engine::Statistics;

TEST_CASE("stats: a histogram answers percentiles within four percent") {
  LatencyHistogram histogram;
  for (int64_t value = 1; value <= 10000; ++value) histogram.Record(value);
  CHECK(histogram.count() == 10000);
  for (const double percent : {1.0, 50.0, 90.0, 99.0, 99.9, 100.0}) {
    const double exact = percent * 100;
    const auto measured = static_cast<double>(histogram.Percentile(percent));
    CHECK(measured >= exact);
    CHECK(measured <= exact * 1.04 + 1);
  }
}

TEST_CASE("stats: small values are exact, and an empty histogram answers zero") {
  LatencyHistogram histogram;
  CHECK(histogram.Percentile(50) == 0);
  histogram.Record(7);
  CHECK(histogram.Percentile(50) == 7);
  histogram.Record(-5);  // a clock that was read out of order
  CHECK(histogram.Percentile(1) == 0);
}

TEST_CASE("stats: cumulative counts end at all recordings") {
  LatencyHistogram histogram;
  base::Random random(3);
  for (int i = 0; i < 1000; ++i) histogram.Record(random.Between(0, 1'000'000));
  const auto points = histogram.CumulativeByPowerOfTwo();
  CHECK(!points.empty());
  CHECK(points.back().second == 1000);
  for (size_t i = 1; i < points.size(); ++i) {
    CHECK(points[i].first > points[i - 1].first);
    CHECK(points[i].second > points[i - 1].second);
  }
}

TEST_CASE("stats: a rate is the mean of the last samples") {
  InstantaneousRate rate;
  base::Instant now{std::chrono::seconds(10)};
  uint64_t counter = 0;
  for (int i = 0; i < 40; ++i) {
    rate.Sample(now, counter);
    now += std::chrono::milliseconds(100);
    counter += 50;
  }
  CHECK(rate.PerSecond() == 500);
}

TEST_CASE("stats: kinds of errors are bounded") {
  Statistics stats;
  for (int i = 0; i < 1000; ++i) stats.CountError("KIND" + std::to_string(i));
  CHECK(stats.total_error_replies == 1000);
  CHECK(stats.errors.size() == Statistics::kMaxErrorKinds);
}
