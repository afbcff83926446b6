#include "sentinel/config/history_file.h"

#include <nlohmann/json.hpp>
#include <optional>
#include <stdexcept>
#include <utility>

#include "sentinel/config/json_values.h"

namespace quorate::sentinel::config {

namespace {

using nlohmann::json;

json ToJson(const base::Endpoint& endpoint) {
  return {{"host", endpoint.host}, {"port", endpoint.port}};
}

json ToJson(const core::DiscardedWrites& discarded) {
  return {{"server", ToJson(discarded.server)},
          {"record", discarded.record},
          {"commands", discarded.commands},
          {"bytes", discarded.bytes}};
}

json ToJson(const HistoryEntry& entry) {
  const core::FailoverRecord& r = entry.failover;
  json phases = json::array();
  for (const core::PhaseSpan& phase : r.phases)
    phases.push_back({{"name", phase.name}, {"us", base::ToMicros(phase.took)}});
  json votes = json::array();
  for (const base::RunId& id : r.votes) votes.push_back(id.ToString());
  json discarded = json::array();
  for (const core::DiscardedWrites& writes : entry.discarded) discarded.push_back(ToJson(writes));
  json line = {{"at", entry.at.ms},
               {"attempts", entry.attempts},
               {"group", r.group},
               {"epoch", r.epoch.number()},
               {"led", r.led},
               {"cause", core::CauseName(r.cause)},
               {"outcome", r.outcome},
               {"from", ToJson(r.from)},
               {"evidence", r.evidence},
               {"votes", votes},
               {"votes-needed", r.votes_needed},
               {"phases", phases},
               {"took-us", base::ToMicros(r.took)},
               {"discarded", discarded}};
  if (r.leader) line["leader"] = r.leader->ToString();
  if (r.to) line["to"] = ToJson(*r.to);
  if (r.bytes_at_risk) line["bytes-at-risk"] = *r.bytes_at_risk;
  return line;
}

// ---- reading; whatever json or these throw is caught in ReadHistory

template <typename T>
T Demand(std::optional<T> value) {
  if (!value) throw std::runtime_error("malformed");
  return *value;
}
base::RunId IdFrom(const json& j) { return Demand(base::RunId::Parse(j.get<std::string>())); }

HistoryEntry EntryFrom(const json& j) {
  HistoryEntry entry;
  entry.at.ms = NumberFrom<int64_t>(j.at("at"));
  entry.attempts = NumberOr<uint64_t>(j, "attempts", 1);
  core::FailoverRecord& r = entry.failover;
  r.group = j.at("group").get<std::string>();
  r.epoch = base::Epoch(NumberFrom<uint64_t>(j.at("epoch")));
  r.led = j.at("led").get<bool>();
  r.cause = Demand(core::ParseCause(j.at("cause").get<std::string>()));
  r.outcome = j.at("outcome").get<std::string>();
  r.from = EndpointFrom(j.at("from"));
  r.evidence = j.at("evidence").get<std::vector<std::string>>();
  for (const json& id : j.at("votes")) r.votes.push_back(IdFrom(id));
  r.votes_needed = NumberFrom<size_t>(j.at("votes-needed"));
  for (const json& phase : j.at("phases"))
    r.phases.push_back({phase.at("name").get<std::string>(), MicrosFrom(phase.at("us"))});
  r.took = MicrosFrom(j.at("took-us"));
  if (j.contains("leader")) r.leader = IdFrom(j.at("leader"));
  if (j.contains("to")) r.to = EndpointFrom(j.at("to"));
  if (j.contains("bytes-at-risk")) r.bytes_at_risk = NumberFrom<int64_t>(j.at("bytes-at-risk"));
  for (const json& d : j.at("discarded"))
    entry.discarded.push_back({EndpointFrom(d.at("server")), d.at("record").get<std::string>(),
                               NumberFrom<uint64_t>(d.at("commands")),
                               NumberFrom<uint64_t>(d.at("bytes"))});
  return entry;
}

}  // namespace

std::string HistoryPath(const std::string& config_path) { return config_path + ".history"; }

std::string WriteHistory(const std::deque<HistoryEntry>& entries) {
  std::string text;
  for (const HistoryEntry& entry : entries)
    text += ToJson(entry).dump(-1, ' ', false, json::error_handler_t::replace) + "\n";
  return text;
}

History ReadHistory(std::string_view text) {
  History history;
  while (!text.empty()) {
    const std::string_view line = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(line.size() + 1, text.size()));
    try {
      history.entries.push_back(EntryFrom(json::parse(line)));
    } catch (const std::exception&) {
      ++history.damaged_lines;
    }
  }
  return history;
}

}  // namespace quorate::sentinel::config
