#include "sentinel/commands/info.h"

#include <algorithm>
#include <cstdio>

#include "sentinel/core/electorate.h"
#include "sentinel/core/maintenance.h"
#include "sentinel/core/names.h"
#include "sentinel/core/views.h"
#include "shared/base/numbers.h"
#include "shared/session/handshake.h"

namespace quorate::sentinel::commands {

namespace {

constexpr int64_t kSecondsPerDay = 86400;

class Section {
 public:
  explicit Section(std::string_view title) : text_("# " + std::string(title) + "\r\n") {}
  Section& Add(std::string_view name, std::string_view value) {
    text_ += std::string(name) + ":" + std::string(value) + "\r\n";
    return *this;
  }
  Section& Add(std::string_view name, int64_t value) { return Add(name, std::to_string(value)); }
  Section& AddCount(std::string_view name, uint64_t value) {
    return Add(name, std::to_string(value));
  }
  Section& AddSeconds(std::string_view name, double value) {
    char text[32];
    std::snprintf(text, sizeof text, "%.6f", value);
    return Add(name, text);
  }
  std::string Take() { return std::move(text_); }

 private:
  std::string text_;
};

std::string Server(const Host& host) {
  const ProcessFacts facts = host.Facts();
  const Counters counters = host.Count();
  const int64_t uptime =
      std::chrono::duration_cast<std::chrono::seconds>(host.now() - counters.started).count();
  return Section("Server")
      .Add("redis_version", session::kRedisVersion)
      .Add("quorate_version", QUORATE_VERSION)
      .Add("redis_mode", "sentinel")
      .Add("os", facts.os)
      .Add("arch_bits", 64)
      .Add("multiplexing_api", "epoll")
      .Add("gcc_version", session::CompilerVersion())
      .Add("process_id", facts.pid)
      .Add("process_supervised",
           host.process().supervised == config::Supervised::kNo ? "no" : "systemd")
      .Add("run_id", counters.run_id.view())
      .Add("tcp_port", counters.port)
      .Add("server_time_usec", counters.wall.ms * 1000)
      .Add("uptime_in_seconds", uptime)
      .Add("uptime_in_days", uptime / kSecondsPerDay)
      .Add("executable", facts.executable)
      .Add("config_file", facts.config_file)
      .Take();
}

std::string Clients(const Host& host) {
  const Counters counters = host.Count();
  return Section("Clients")
      .AddCount("connected_clients", counters.connected_clients)
      .AddCount("maxclients", host.process().maxclients)
      .Add("blocked_clients", 0)
      .Take();
}

std::string Cpu(const Host& host) {
  const ProcessFacts facts = host.Facts();
  return Section("CPU")
      .AddSeconds("used_cpu_sys", facts.cpu_system_seconds)
      .AddSeconds("used_cpu_user", facts.cpu_user_seconds)
      .AddSeconds("used_cpu_sys_children", facts.child_cpu_system_seconds)
      .AddSeconds("used_cpu_user_children", facts.child_cpu_user_seconds)
      .Take();
}

std::string Stats(const Host& host) {
  const Counters counters = host.Count();
  const session::PubSub& pubsub = host.pubsub();
  return Section("Stats")
      .AddCount("total_connections_received", counters.connections_received)
      .AddCount("total_commands_processed", counters.commands_processed)
      .AddCount("total_net_input_bytes", counters.input_bytes)
      .AddCount("total_net_output_bytes", counters.output_bytes)
      .AddCount("rejected_connections", counters.rejected_connections)
      .Add("pubsub_channels", pubsub.channel_count())
      .Add("pubsub_patterns", pubsub.pattern_count())
      .AddCount("total_error_replies", counters.error_replies)
      .AddCount("total_reads_processed", counters.reads)
      .AddCount("total_writes_processed", counters.writes)
      .Take();
}

// What clients take apart at commas and equals signs must have none.
std::string AsValue(std::string text) {
  std::ranges::replace(text, ',', ';');
  std::ranges::replace(text, '=', ':');
  return text;
}

std::string_view Status(const core::Group& group) {
  if (group.odown_since) return "odown";
  return group.primary.sdown_since ? "sdown" : "ok";
}

std::string Sentinel(const Host& host) {
  const core::State& state = host.state();
  const std::vector<ScriptView> scripts = host.Scripts();
  const int64_t tilt_seconds =
      state.tilt_since
          ? std::chrono::duration_cast<std::chrono::seconds>(host.now() - *state.tilt_since).count()
          : -1;
  Section section("Sentinel");
  section.AddCount("sentinel_masters", state.groups.size())
      .Add("sentinel_tilt", state.tilt_since ? 1 : 0)
      .Add("sentinel_tilt_since_seconds", tilt_seconds)
      .AddCount("sentinel_total_tilt", state.tilts)
      .Add("sentinel_running_scripts", std::ranges::count(scripts, true, &ScriptView::running))
      .AddCount("sentinel_scripts_queue_length", scripts.size())
      .AddCount("sentinel_simulate_failure_flags", host.simulated_failures());
  size_t index = 0;
  for (const auto& [name, group] : state.groups) {
    const base::Endpoint address = core::Shown(state, group.primary.address);
    section.Add("master" + std::to_string(index++),
                "name=" + name + ",status=" + std::string(Status(group)) +
                    ",address=" + address.host + ":" + std::to_string(address.port) +
                    ",slaves=" + std::to_string(core::ReplicaCount(group)) +
                    ",sentinels=" + std::to_string(group.peers.size() + 1));
  }
  index = 0;
  for (const auto& [name, group] : state.groups)
    section.Add("electorate" + std::to_string(index++),
                "name=" + name + ",size=" + std::to_string(core::Electorate(group)) +
                    ",set=" + std::to_string(group.options.electorate) +
                    ",votes_needed=" + std::to_string(core::VotesNeeded(group)));
  index = 0;
  for (const auto& [name, group] : state.groups)
    if (core::IsPaused(group))
      section.Add("pause" + std::to_string(index++),
                  "name=" + name + ",seconds=" +
                      std::to_string(std::chrono::duration_cast<std::chrono::seconds>(
                                         *group.maintenance.until - host.now())
                                         .count()) +
                      ",reason=" + AsValue(group.maintenance.reason));
  index = 0;
  for (const auto& [name, group] : state.groups)
    if (!group.shared.empty())
      section.Add("propagated" + std::to_string(index++),
                  "name=" + name + ",options=" + std::to_string(group.shared.size()));
  index = 0;
  for (const auto& [name, group] : state.groups)
    for (const config::HistoryEntry& last : host.History(name, 1))
      section.Add("last_failover" + std::to_string(index++),
                  "name=" + name + ",time=" + std::to_string(last.at.ms / 1000) +
                      ",epoch=" + std::to_string(last.failover.epoch.number()) +
                      ",cause=" + std::string(core::CauseName(last.failover.cause)) +
                      ",outcome=" + last.failover.outcome +
                      ",milliseconds=" + std::to_string(base::ToMs(last.failover.took)));
  return section.Take();
}

struct Row {
  std::string_view name;
  std::string (*render)(const Host&);
};
constexpr Row kSections[] = {{"server", &Server},
                             {"clients", &Clients},
                             {"stats", &Stats},
                             {"cpu", &Cpu},
                             {"sentinel", &Sentinel}};

bool AsksForAll(std::string_view word) {
  return base::EqualsIgnoreCase(word, "default") || base::EqualsIgnoreCase(word, "all") ||
         base::EqualsIgnoreCase(word, "everything");
}

}  // namespace

std::string RenderInfo(const Host& host, std::span<const std::string_view> sections) {
  const bool all = sections.empty() || std::ranges::any_of(sections, AsksForAll);
  std::string text;
  for (const Row& row : kSections) {
    const bool asked = all || std::ranges::any_of(sections, [&](std::string_view s) {
                         return base::EqualsIgnoreCase(s, row.name);
                       });
    if (!asked) continue;
    if (!text.empty()) text += "\r\n";
    text += row.render(host);
  }
  return text;
}

}  // namespace quorate::sentinel::commands
