// The side-by-side benchmark's figures and what they are held against. Pure: from measured samples
// to medians, ratios and a verdict. Rates: ours divided by Redis', more is better; costs (CPU,
// memory): ours divided by Redis', less is better.
//
// A ratio is taken within each round, whose two samples met the same machine; the figure's ratio is
// the median of those. A ratio of two medians would compare one round's machine with another's.
#pragma once

#include <string>
#include <vector>

namespace quorate::ops {

inline constexpr int kBenchReportSchema = 1;

// What a target is held against: the median of the rounds' ratios, our own median, or nothing (the
// figure is told, not judged).
enum class Judged { kRatio, kOurs, kNothing };

// One quantity, sampled once on both programs in each round: redis[i] and ours[i] are of one round.
struct BenchFigure {
  std::string name;  // "SET, 16 pipelined"
  std::string unit;  // "requests/s"
  bool more_is_better = true;
  double target = 1;  // what `judged` is at least (at most, if less is better)
  std::vector<double> redis;
  std::vector<double> ours;
  Judged judged = Judged::kRatio;
};

struct BenchReport {
  std::string redis_version;
  std::string our_version;
  std::vector<BenchFigure> figures;
  std::string redis_program = "redis-server";
  std::string our_program = "quorate-server";
};

// The middle one; of an even number the mean of the two. 0 for no samples.
double Median(std::vector<double> samples);
// The median over the rounds of ours by Redis'; 0 if a sample of Redis' is 0 or either is missing.
double Ratio(const BenchFigure& figure);
bool MeetsTarget(const BenchFigure& figure);
// True if there are figures and all meet their targets.
bool Passed(const BenchReport& report);

std::string ToTable(const BenchReport& report);
std::string ToJson(const BenchReport& report);

// The requests per second in the output of `redis-benchmark --csv` of one test; 0 if it is not
// there.
double RateInCsv(const std::string& csv);

}  // namespace quorate::ops
