#include "server/config/table.h"

#include <cstdio>

#include "shared/base/numbers.h"

namespace quorate::server::config {

using quorate::config::Args;
using quorate::config::Codec;
using quorate::config::Custom;
using quorate::config::Integer;
using quorate::config::kInt64Max;
using quorate::config::Shape;
using quorate::config::Value;
using quorate::config::YesNo;
using S = ServerSettings;

namespace {

Codec<NotifyEvents> NotifyCodec() {
  return {.parse = [](std::string_view text) -> base::Result<NotifyEvents> {
            const std::optional<NotifyEvents> events = ParseNotifyEvents(text);
            if (!events)
              return base::Error{"Invalid event class character. Use 'Ag$lshzxeKEtmdn'."};
            return *events;
          },
          .format = FormatNotifyEvents,
          .write =
              [](const NotifyEvents& events) {
                std::string letters = FormatNotifyEvents(events);
                const bool swallowed = letters.starts_with('A') && (events & kNotifyNewKey) != 0;
                return swallowed ? letters + 'n' : letters;
              },
          .values = "letters of Ag$lshzxeKEtmdn",
          .quoted = true};
}

// With at most six decimals, as CONFIG GET prints a percentile.
std::string FormatPercentile(double percentile) {
  char text[32];
  std::snprintf(text, sizeof text, "%f", percentile);
  std::string trimmed = text;
  trimmed.erase(trimmed.find_last_not_of('0') + 1);
  if (trimmed.ends_with('.')) trimmed.pop_back();
  return trimmed;
}

base::Status SetPercentiles(S& settings, const Args& args) {
  std::vector<double> percentiles;
  if (args != Args{""}) {
    for (const std::string& text : args) {
      const std::optional<double> percentile = base::ParseDouble(text);
      if (!percentile) return base::Error{"Invalid latency-tracking-info-percentiles parameters"};
      if (*percentile < 0 || *percentile > 100)
        return base::Error{
            "latency-tracking-info-percentiles parameters should sit between [0.0,100.0]"};
      percentiles.push_back(*base::ParseDouble(FormatPercentile(*percentile)));
    }
  }
  settings.latency_tracking_info_percentiles = std::move(percentiles);
  return {};
}
std::vector<Args> PercentileLines(const S& settings) {
  Args words;
  for (const double percentile : settings.latency_tracking_info_percentiles)
    words.push_back(FormatPercentile(percentile));
  return {words.empty() ? Args{""} : words};
}

}  // namespace

std::vector<ServerRow> ObservationRows() {
  return {
      Value("notify-keyspace-events", &S::notify_keyspace_events, NotifyCodec(),
            "Keyspace events to publish: K and E choose the channels, the other letters the "
            "classes (A is all of "
            "g$lshzxetd); empty publishes none."),
      Value("slowlog-log-slower-than", &S::slowlog_log_slower_than,
            Integer<std::chrono::microseconds>(-1, kInt64Max),
            "Microseconds from which a command enters the slow log; -1 turns it off, 0 takes every "
            "command."),
      Value("slowlog-max-len", &S::slowlog_max_len, Integer<int64_t>(0, kInt64Max),
            "Entries that the slow log keeps."),
      Value("latency-monitor-threshold", &S::latency_monitor_threshold,
            Integer<std::chrono::milliseconds>(0, kInt64Max),
            "Milliseconds from which the latency monitor records an event; 0 turns it off."),
      Value("latency-tracking", &S::latency_tracking, YesNo(),
            "Keep a latency histogram for every command."),
      Custom<S>("latency-tracking-info-percentiles", Shape::kWords, "percentiles from 0 to 100",
                "Percentiles that INFO latencystats prints for every command.", SetPercentiles,
                PercentileLines),
  };
}

}  // namespace quorate::server::config
