// Commandstats, Errorstats and Latencystats: the figures kept per command and per error.
#include <algorithm>
#include <array>
#include <cstdio>

#include "server/info/info.h"

namespace quorate::server::info {

namespace {

template <typename... Values>
std::string Format(const char* format, Values... values) {
  std::array<char, 256> buffer{};
  const int length = std::snprintf(buffer.data(), buffer.size(), format, values...);
  return std::string(buffer.data(), std::min(static_cast<size_t>(length), buffer.size() - 1));
}

// "99.9", "50": without trailing zeros.
std::string PercentileName(double percentile) {
  std::string text = Format("%.17g", percentile);
  if (text.size() > 8) text = Format("%g", percentile);
  return text;
}

}  // namespace

void AppendCommandstats(engine::Engine& engine, Fields& out) {
  out.Section("Commandstats");
  for (uint32_t index = 0; index < engine.table().size(); ++index) {
    const engine::CommandStatistics& stats = engine.stats().commands[index];
    if (stats.calls == 0 && stats.rejected == 0 && stats.failed == 0) continue;
    const long long usec = stats.nanoseconds / 1000;
    const double per_call = stats.calls == 0 ? 0
                                             : static_cast<double>(stats.nanoseconds) / 1000 /
                                                   static_cast<double>(stats.calls);
    out.Text("cmdstat_" + engine.table().at(index).full_name,
             Format("calls=%llu,usec=%lld,usec_per_call=%.2f,rejected_calls=%llu,failed_calls=%llu",
                    static_cast<unsigned long long>(stats.calls), usec, per_call,
                    static_cast<unsigned long long>(stats.rejected),
                    static_cast<unsigned long long>(stats.failed)));
  }
}

void AppendErrorstats(engine::Engine& engine, Fields& out) {
  out.Section("Errorstats");
  for (const auto& [prefix, count] : engine.stats().errors)
    out.Text("errorstat_" + prefix, "count=" + std::to_string(count));
}

void AppendLatencystats(engine::Engine& engine, Fields& out) {
  out.Section("Latencystats");
  if (!engine.settings().latency_tracking) return;
  for (uint32_t index = 0; index < engine.table().size(); ++index) {
    const engine::LatencyHistogram& latency = engine.stats().commands[index].latency;
    if (latency.count() == 0) continue;
    std::string text;
    for (const double percentile : engine.settings().latency_tracking_info_percentiles) {
      if (!text.empty()) text += ",";
      text += "p" + PercentileName(percentile) +
              Format("=%.3f", static_cast<double>(latency.Percentile(percentile)));
    }
    out.Text("latency_percentiles_usec_" + engine.table().at(index).full_name, text);
  }
}

}  // namespace quorate::server::info
