// LATENCY: the monitor's spikes per event (server/engine/latency_monitor.h) and the histograms per
// command (server/engine/stats.h).
#include "server/commands/families.h"
#include "server/engine/context.h"
#include "server/engine/engine.h"
#include "server/engine/latency_monitor.h"
#include "shared/command/introspection.h"

namespace quorate::server::commands {

namespace {

using engine::Context;

void LatencyLatest(Context& context) {
  const auto& events = context.engine.latency().events();
  context.reply.ArrayHeader(events.size());
  for (const auto& [name, event] : events) {
    const engine::LatencyMonitor::Sample& last = event.samples.back();
    context.reply.ArrayHeader(4);
    context.reply.Bulk(name);
    context.reply.Integer(last.unix_seconds);
    context.reply.Integer(last.milliseconds);
    context.reply.Integer(event.max_milliseconds);
  }
}

void LatencyHistory(Context& context) {
  const auto& events = context.engine.latency().events();
  const auto event = events.find(context.arg(2));
  if (event == events.end()) return context.reply.ArrayHeader(0);
  context.reply.ArrayHeader(event->second.samples.size());
  for (const engine::LatencyMonitor::Sample& sample : event->second.samples) {
    context.reply.ArrayHeader(2);
    context.reply.Integer(sample.unix_seconds);
    context.reply.Integer(sample.milliseconds);
  }
}

void LatencyReset(Context& context) {
  engine::LatencyMonitor& monitor = context.engine.latency();
  if (context.argc() == 2) return context.reply.Integer(static_cast<int64_t>(monitor.ResetAll()));
  int64_t reset = 0;
  for (const std::string_view event : context.args.subspan(2)) reset += monitor.Reset(event);
  context.reply.Integer(reset);
}

// One command's entry; false if it has never run.
bool ReplyHistogram(Context& context, const engine::Command& command) {
  const engine::LatencyHistogram& latency = context.engine.stats().commands[command.index].latency;
  if (latency.count() == 0) return false;
  const auto points = latency.CumulativeByPowerOfTwo();
  context.reply.Bulk(command.full_name);
  context.reply.MapHeader(2);
  context.reply.Bulk("calls");
  context.reply.Integer(static_cast<int64_t>(latency.count()));
  context.reply.Bulk("histogram_usec");
  context.reply.MapHeader(points.size());
  for (const auto& [bound, count] : points) {
    context.reply.Integer(bound);
    context.reply.Integer(static_cast<int64_t>(count));
  }
  return true;
}

// The command and its subcommands.
size_t ReplyHistograms(Context& context, const engine::Command& command) {
  size_t count = ReplyHistogram(context, command) ? 1 : 0;
  for (const engine::Command* sub : command.subcommands) count += ReplyHistograms(context, *sub);
  return count;
}

void LatencyHistogram(Context& context) {
  const command::Registry& table = context.engine.table();
  const resp::Writer::Mark mark = context.reply.Defer();
  size_t count = 0;
  if (context.argc() == 2) {
    for (const engine::Command* command : table.commands())
      count += ReplyHistograms(context, *command);
  }
  for (const std::string_view name : context.args.subspan(2)) {
    if (const engine::Command* command = table.FindFullName(name))
      count += ReplyHistograms(context, *command);
  }
  context.reply.FinishMap(mark, count);
}

void LatencyHelp(Context& context) {
  static constexpr std::string_view kLines[] = {
      "HISTORY <event>",
      "    Return time-latency samples for the <event> class.",
      "LATEST",
      "    Return the latest latency samples for all events.",
      "RESET [<event> ...]",
      "    Reset latency data of one or more <event> classes.",
      "    (default: reset all data for all event classes)",
      "HISTOGRAM [COMMAND ...]",
      "    Return a cumulative distribution of latencies in the format of a histogram for the "
      "specified command names.",
      "    If no commands are specified then all histograms are replied.",
  };
  command::ReplyHelp("LATENCY", kLines, context.reply);
}

// ---- rows

constexpr Argument kLatencyHistogramArguments[] = {
    {.name = "command", .optional = true, .multiple = true}};
constexpr std::string_view kLatencyHistogramTips[] = {
    "nondeterministic_output", "request_policy:all_nodes", "response_policy:special"};
constexpr Argument kLatencyHistoryArguments[] = {{.name = "event"}};
constexpr std::string_view kLatencyHistoryTips[] = {
    "nondeterministic_output", "request_policy:all_nodes", "response_policy:special"};
constexpr std::string_view kLatencyLatestTips[] = {
    "nondeterministic_output", "request_policy:all_nodes", "response_policy:special"};
constexpr Argument kLatencyResetArguments[] = {
    {.name = "event", .optional = true, .multiple = true}};
constexpr std::string_view kLatencyResetTips[] = {"request_policy:all_nodes",
                                                  "response_policy:all_succeeded"};
constexpr CommandRow kLatencySubcommands[] = {
    {.spec = {.name = "help",
              .summary = "Show helpful text about the different subcommands.",
              .since = "2.8.13",
              .group = Group::kServer,
              .complexity = "O(1)",
              .arity = 2,
              .flags = flag::kLoading | flag::kStale},
     .run = &LatencyHelp},
    {.spec =
         {.name = "histogram",
          .summary =
              "Return the cumulative distribution of latencies of a subset of commands or all.",
          .since = "7.0.0",
          .group = Group::kServer,
          .complexity =
              "O(N) where N is the number of commands with latency information being retrieved.",
          .arity = -2,
          .flags = flag::kAdmin | flag::kNoScript | flag::kLoading | flag::kStale,
          .arguments = kLatencyHistogramArguments,
          .tips = kLatencyHistogramTips},
     .run = &LatencyHistogram},
    {.spec = {.name = "history",
              .summary = "Return timestamp-latency samples for the event.",
              .since = "2.8.13",
              .group = Group::kServer,
              .complexity = "O(1)",
              .arity = 3,
              .flags = flag::kAdmin | flag::kNoScript | flag::kLoading | flag::kStale,
              .arguments = kLatencyHistoryArguments,
              .tips = kLatencyHistoryTips},
     .run = &LatencyHistory},
    {.spec = {.name = "latest",
              .summary = "Return the latest latency samples for all events.",
              .since = "2.8.13",
              .group = Group::kServer,
              .complexity = "O(1)",
              .arity = 2,
              .flags = flag::kAdmin | flag::kNoScript | flag::kLoading | flag::kStale,
              .tips = kLatencyLatestTips},
     .run = &LatencyLatest},
    {.spec = {.name = "reset",
              .summary = "Reset latency data for one or more events.",
              .since = "2.8.13",
              .group = Group::kServer,
              .complexity = "O(1)",
              .arity = -2,
              .flags = flag::kAdmin | flag::kNoScript | flag::kLoading | flag::kStale,
              .arguments = kLatencyResetArguments,
              .tips = kLatencyResetTips},
     .run = &LatencyReset}};

constexpr CommandRow kRows[] = {
    {.spec = {.name = "latency",
              .summary = "A container for latency diagnostics commands",
              .since = "2.8.13",
              .group = Group::kServer,
              .complexity = "Depends on subcommand.",
              .arity = -2},
     .subcommands = kLatencySubcommands},
};

}  // namespace

Rows LatencyRows() { return kRows; }

}  // namespace quorate::server::commands
