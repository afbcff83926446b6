#include "scripts/ops/bench_report.h"

#include <algorithm>
#include <cstdio>
#include <nlohmann/json.hpp>
#include <utility>

#include "shared/base/numbers.h"

namespace quorate::ops {

double Median(std::vector<double> samples) {
  if (samples.empty()) return 0;
  std::ranges::sort(samples);
  const size_t middle = samples.size() / 2;
  return samples.size() % 2 == 1 ? samples[middle] : (samples[middle - 1] + samples[middle]) / 2;
}

double Ratio(const BenchFigure& figure) {
  if (figure.redis.size() != figure.ours.size()) return 0;
  std::vector<double> ratios;
  for (size_t round = 0; round < figure.ours.size(); ++round) {
    if (figure.redis[round] == 0) return 0;
    ratios.push_back(figure.ours[round] / figure.redis[round]);
  }
  return Median(std::move(ratios));
}

bool MeetsTarget(const BenchFigure& figure) {
  if (figure.judged == Judged::kNothing) return true;
  if (figure.ours.empty()) return false;
  const double value = figure.judged == Judged::kOurs ? Median(figure.ours) : Ratio(figure);
  if (figure.judged == Judged::kRatio && value == 0) return false;
  return figure.more_is_better ? value >= figure.target : value <= figure.target;
}

bool Passed(const BenchReport& report) {
  return !report.figures.empty() && std::ranges::all_of(report.figures, MeetsTarget);
}

namespace {

const char* JudgedName(Judged judged) {
  switch (judged) {
    case Judged::kRatio:
      return "ratio";
    case Judged::kOurs:
      return "quorate";
    case Judged::kNothing:
      return "nothing";
  }
  return "";
}

std::string TargetText(const BenchFigure& figure) {
  if (figure.judged == Judged::kNothing) return "";
  char text[32];
  std::snprintf(text, sizeof text, "  %s %.2f%s",
                figure.more_is_better ? ">=" : "<=", figure.target,
                figure.judged == Judged::kRatio ? "x" : "");
  return text;
}

// "-": some round's sample of redis-server is 0, so there is none.
std::string RatioText(const BenchFigure& figure) {
  const double ratio = Ratio(figure);
  if (ratio == 0) return "-";
  char text[32];
  std::snprintf(text, sizeof text, "%.2fx", ratio);
  return text;
}

}  // namespace

std::string ToTable(const BenchReport& report) {
  std::string text = report.redis_program + " " + report.redis_version + " beside " +
                     report.our_program + " " + report.our_version + ", medians of the rounds\n\n";
  char line[160];
  std::snprintf(line, sizeof line, "  %-36s %-12s %12s %12s %8s %10s\n", "", "", "redis", "quorate",
                "ratio", "target");
  text += line;
  for (const BenchFigure& figure : report.figures) {
    std::snprintf(line, sizeof line, "  %-36s %-12s %12.2f %12.2f %8s %s%s\n", figure.name.c_str(),
                  figure.unit.c_str(), Median(figure.redis), Median(figure.ours),
                  RatioText(figure).c_str(), TargetText(figure).c_str(),
                  MeetsTarget(figure) ? "" : "  MISSED");
    text += line;
  }
  return text + "\nverdict: " + (Passed(report) ? "passed" : "FAILED") + "\n";
}

std::string ToJson(const BenchReport& report) {
  using nlohmann::json;
  json figures = json::array();
  for (const BenchFigure& figure : report.figures) {
    figures.push_back({{"name", figure.name},
                       {"unit", figure.unit},
                       {"more_is_better", figure.more_is_better},
                       {"redis", figure.redis},
                       {"quorate", figure.ours},
                       {"ratio", Ratio(figure)},
                       {"judged", JudgedName(figure.judged)},
                       {"target", figure.target},
                       {"met", MeetsTarget(figure)}});
  }
  const json whole = {{"schema", kBenchReportSchema},
                      {"redis_version", report.redis_version},
                      {"quorate_version", report.our_version},
                      {"verdict", Passed(report) ? "passed" : "failed"},
                      {"figures", figures}};
  return whole.dump(2) + "\n";
}

double RateInCsv(const std::string& csv) {
  // "test","rps",...\n"SET","171762.28",...
  const size_t row = csv.rfind("\n\"");
  if (row == std::string::npos) return 0;
  const size_t start = csv.find("\",\"", row);
  if (start == std::string::npos) return 0;
  const size_t end = csv.find('"', start + 3);
  return base::ParseDouble(csv.substr(start + 3, end - start - 3)).value_or(0);
}

}  // namespace quorate::ops
