#include "scripts/ops/status_table.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <vector>

namespace quorate::ops {
namespace {

using nlohmann::json;
using Row = std::vector<std::string>;

// Columns as wide as their widest cell, two spaces apart.
std::string Align(const std::vector<Row>& rows) {
  std::vector<size_t> widths;
  for (const Row& row : rows) {
    widths.resize(std::max(widths.size(), row.size()));
    for (size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], row[i].size());
  }
  std::string text;
  for (const Row& row : rows) {
    std::string line = " ";
    for (size_t i = 0; i < row.size(); ++i)
      line += " " + row[i] + std::string(widths[i] - row[i].size() + 1, ' ');
    line.resize(line.find_last_not_of(' ') + 1);
    text += line + "\n";
  }
  return text;
}

std::string PidText(const std::optional<int64_t>& pid) { return pid ? std::to_string(*pid) : "-"; }

std::string NameOf(const Observation& observation, const base::Endpoint& endpoint) {
  if (endpoint.empty()) return "nobody";
  const ServerView* server = observation.ServerOn(endpoint);
  return server == nullptr ? endpoint.ToString() : server->name;
}

std::string Counted(int64_t count, const std::string& noun) {
  return std::to_string(count) + " " + noun + (count == 1 ? "" : "s");
}

Row ServerRow(const Observation& observation, const ServerView& server) {
  const Row start = {server.name, server.endpoint.ToString(), PidText(server.pid)};
  Row row = start;
  if (!server.Answers()) {
    row.insert(row.end(), {"?", server.problem});
  } else if (server.is_primary) {
    row.insert(row.end(), {"primary", Counted(server.replicas, "replica")});
  } else {
    row.insert(row.end(), {"replica", "of " + NameOf(observation, server.follows) +
                                          (server.link_up ? "" : ", link down")});
  }
  if (server.Answers())
    row.insert(row.end(), {"offset " + std::to_string(server.offset), Counted(server.keys, "key")});
  return row;
}

Row SentinelRow(const Observation& observation, const SentinelView& sentinel) {
  Row row = {sentinel.name, sentinel.endpoint.ToString(), PidText(sentinel.pid), "sentinel"};
  if (!sentinel.Answers()) {
    row.push_back(sentinel.problem);
    return row;
  }
  row.push_back("names " + NameOf(observation, sentinel.primary) +
                (sentinel.flags == "master" ? "" : " (" + sentinel.flags + ")"));
  row.push_back("epoch " + std::to_string(sentinel.epoch));
  row.push_back(Counted(sentinel.other_sentinels + 1, "sentinel"));
  return row;
}

json EndpointJson(const base::Endpoint& endpoint) {
  if (endpoint.empty()) return nullptr;
  return endpoint.ToString();
}

json ServerJson(const ServerView& server) {
  json object = {{"name", server.name},
                 {"address", EndpointJson(server.endpoint)},
                 {"answers", server.Answers()}};
  object["pid"] = server.pid ? json(*server.pid) : json(nullptr);
  if (!server.Answers()) {
    object["problem"] = server.problem;
    return object;
  }
  object["version"] = server.version;
  object["role"] = server.is_primary ? "primary" : "replica";
  object["offset"] = server.offset;
  object["keys"] = server.keys;
  object["replicas"] = server.replicas;
  if (!server.is_primary) {
    object["follows"] = EndpointJson(server.follows);
    object["link_up"] = server.link_up;
  }
  return object;
}

json SentinelJson(const SentinelView& sentinel) {
  json object = {{"name", sentinel.name},
                 {"address", EndpointJson(sentinel.endpoint)},
                 {"answers", sentinel.Answers()}};
  object["pid"] = sentinel.pid ? json(*sentinel.pid) : json(nullptr);
  if (!sentinel.Answers()) {
    object["problem"] = sentinel.problem;
    return object;
  }
  object["version"] = sentinel.version;
  object["primary"] = EndpointJson(sentinel.primary);
  object["flags"] = sentinel.flags;
  object["epoch"] = sentinel.epoch;
  object["other_sentinels"] = sentinel.other_sentinels;
  object["direct_replicas"] = sentinel.replicas;
  object["quorum"] = sentinel.quorum;
  return object;
}

}  // namespace

std::string StatusTable(const Topology& topology, const Observation& observation) {
  std::vector<Row> rows;
  for (const ServerView& server : observation.servers)
    rows.push_back(ServerRow(observation, server));
  for (const SentinelView& sentinel : observation.sentinels)
    rows.push_back(SentinelRow(observation, sentinel));
  const std::string missing = WhatIsMissing(observation);
  return topology.name + ", group " + topology.group + ", quorum " +
         std::to_string(topology.quorum) + "\n\n" + Align(rows) + "\n" +
         (missing.empty() ? "all is well" : "not well: " + missing) + "\n";
}

std::string StatusJson(const Topology& topology, const Observation& observation) {
  json servers = json::array();
  for (const ServerView& server : observation.servers) servers.push_back(ServerJson(server));
  json sentinels = json::array();
  for (const SentinelView& sentinel : observation.sentinels)
    sentinels.push_back(SentinelJson(sentinel));
  const auto primary = observation.AgreedPrimary();
  const std::string missing = WhatIsMissing(observation);
  const json whole = {
      {"schema", kStatusSchema}, {"topology", topology.name},
      {"group", topology.group}, {"primary", primary ? json(primary->ToString()) : json(nullptr)},
      {"well", missing.empty()}, {"missing", missing},
      {"servers", servers},      {"sentinels", sentinels}};
  return whole.dump(2, ' ', false, json::error_handler_t::replace) + "\n";
}

}  // namespace quorate::ops
