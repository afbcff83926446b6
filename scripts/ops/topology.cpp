#include "scripts/ops/topology.h"

#include <yaml-cpp/yaml.h>

#include <algorithm>
#include <fstream>
#include <set>
#include <sstream>

#include "shared/base/numbers.h"

namespace quorate::ops {
namespace {

// Thrown inside this file only; ParseTopology turns it into an Error.
struct Fault {
  YAML::Mark mark;
  std::string reason;
};

[[noreturn]] void Fail(const YAML::Node& node, std::string reason) {
  throw Fault{node.Mark(), std::move(reason)};
}

std::string Text(const YAML::Node& node, std::string_view what) {
  if (!node.IsScalar()) Fail(node, std::string(what) + " must be a single value");
  return node.Scalar();
}

int64_t Number(const YAML::Node& node, std::string_view what, int64_t low, int64_t high) {
  const auto value = base::ParseInt64(Text(node, what));
  if (!value || *value < low || *value > high) {
    Fail(node, std::string(what) + " must be a number from " + std::to_string(low) + " to " +
                   std::to_string(high));
  }
  return *value;
}

base::Duration Milliseconds(const YAML::Node& node, std::string_view what) {
  return std::chrono::milliseconds(Number(node, what, 1, 86'400'000));
}

bool IsFolderName(std::string_view name) {
  return !name.empty() && name.front() != '.' && std::ranges::all_of(name, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '_' || c == '.';
  });
}

// The entries of one map, in order; keys must be scalars that occur once.
std::vector<std::pair<YAML::Node, YAML::Node>> Entries(const YAML::Node& map,
                                                       std::string_view what) {
  if (!map.IsMap()) Fail(map, std::string(what) + " must be a map");
  std::vector<std::pair<YAML::Node, YAML::Node>> entries;
  std::set<std::string> seen;
  for (const auto& entry : map) {
    if (!seen.insert(Text(entry.first, "a key")).second)
      Fail(entry.first, "'" + entry.first.Scalar() + "' is given twice");
    entries.emplace_back(entry.first, entry.second);
  }
  return entries;
}

std::vector<Setting> ReadSettings(const YAML::Node& map, std::string_view what) {
  std::vector<Setting> settings;
  for (const auto& [key, value] : Entries(map, what))
    settings.emplace_back(key.Scalar(), Text(value, key.Scalar()));
  return settings;
}

// Reads one server or sentinel and checks what can be checked of it alone.
class NodeReader {
 public:
  ServerNode Read(const YAML::Node& map, bool may_follow) {
    ServerNode node;
    for (const auto& [key, value] : Entries(map, "an entry")) {
      if (key.Scalar() == "name") {
        node.name = ReadName(value);
      } else if (key.Scalar() == "port") {
        node.port = ReadPort(value);
      } else if (key.Scalar() == "follows" && may_follow) {
        node.follows = Text(value, "follows");
      } else {
        Fail(key, "unknown key '" + key.Scalar() + "'");
      }
    }
    if (node.name.empty()) Fail(map, "an entry needs a name");
    if (node.port == 0) Fail(map, "'" + node.name + "' needs a port");
    return node;
  }

 private:
  std::string ReadName(const YAML::Node& value) {
    std::string name = Text(value, "name");
    if (!IsFolderName(name)) Fail(value, "a name is made of letters, digits, '-', '_' and '.'");
    if (!names_.insert(name).second) Fail(value, "the name '" + name + "' is taken");
    return name;
  }
  uint16_t ReadPort(const YAML::Node& value) {
    const auto port = static_cast<uint16_t>(Number(value, "port", 1, 65535));
    if (!ports_.insert(port).second) Fail(value, "port " + std::to_string(port) + " is taken");
    return port;
  }

  std::set<std::string> names_;
  std::set<uint16_t> ports_;
};

// True if following the chain from `server` ends at a server that follows nobody.
bool ReachesPrimary(const Topology& topology, const ServerNode& server) {
  const ServerNode* at = &server;
  for (size_t step = 0; step <= topology.servers.size(); ++step) {
    if (at->follows.empty()) return true;
    at = topology.FindServer(at->follows);
    if (at == nullptr) return false;
  }
  return false;
}

void CheckServers(const Topology& topology, const YAML::Node& list) {
  if (topology.servers.empty()) Fail(list, "there must be a server");
  for (size_t i = 0; i < topology.servers.size(); ++i) {
    const ServerNode& server = topology.servers[i];
    if (!server.follows.empty() && topology.FindServer(server.follows) == nullptr) {
      Fail(list[i],
           "'" + server.name + "' follows '" + server.follows + "', which is no server here");
    }
    if (!ReachesPrimary(topology, server))
      Fail(list[i], "'" + server.name + "' follows itself in a circle");
  }
  const auto primaries = std::ranges::count_if(
      topology.servers, [](const ServerNode& s) { return s.follows.empty(); });
  if (primaries != 1)
    Fail(list, "exactly one server follows nobody, but " + std::to_string(primaries) + " do");
}

void ReadKey(Topology& topology, NodeReader& nodes, const std::string& key, const YAML::Node& value,
             const YAML::Node& key_node) {
  if (key == "name") {
    topology.name = Text(value, key);
    if (!IsFolderName(topology.name))
      Fail(value, "a name is made of letters, digits, '-', '_' and '.'");
  } else if (key == "group") {
    topology.group = Text(value, key);
    if (!IsFolderName(topology.group))
      Fail(value, "a group is named with letters, digits, '-', '_' and '.'");
  } else if (key == "host") {
    topology.host = Text(value, key);
  } else if (key == "quorum") {
    topology.quorum = static_cast<int>(Number(value, key, 1, 1000));
  } else if (key == "down-after-milliseconds") {
    topology.down_after = Milliseconds(value, key);
  } else if (key == "failover-timeout-milliseconds") {
    topology.failover_timeout = Milliseconds(value, key);
  } else if (key == "servers") {
    if (!value.IsSequence()) Fail(value, "servers must be a list");
    for (const auto& entry : value) topology.servers.push_back(nodes.Read(entry, true));
    CheckServers(topology, value);
  } else if (key == "sentinels") {
    if (!value.IsSequence()) Fail(value, "sentinels must be a list");
    for (const auto& entry : value) {
      const ServerNode node = nodes.Read(entry, false);
      topology.sentinels.push_back({node.name, node.port});
    }
  } else if (key == "server-settings") {
    topology.server_settings = ReadSettings(value, key);
  } else if (key == "sentinel-settings") {
    topology.sentinel_settings = ReadSettings(value, key);
  } else if (key == "quorate-server-settings") {
    topology.quorate_server_settings = ReadSettings(value, key);
  } else if (key == "quorate-sentinel-settings") {
    topology.quorate_sentinel_settings = ReadSettings(value, key);
  } else {
    Fail(key_node, "unknown key '" + key + "'");
  }
}

Topology ReadDocument(const YAML::Node& document) {
  Topology topology;
  NodeReader nodes;
  for (const auto& [key, value] : Entries(document, "a topology"))
    ReadKey(topology, nodes, key.Scalar(), value, key);
  if (topology.servers.empty()) Fail(document, "there must be a list of servers");
  if (topology.sentinels.empty()) Fail(document, "there must be a list of sentinels");
  if (static_cast<size_t>(topology.quorum) > topology.sentinels.size()) {
    Fail(document["quorum"], "quorum " + std::to_string(topology.quorum) +
                                 " cannot be reached by " +
                                 std::to_string(topology.sentinels.size()) + " sentinels");
  }
  return topology;
}

void AppendSettings(std::string& text, std::string_view key, const std::vector<Setting>& settings) {
  if (settings.empty()) return;
  YAML::Emitter out;
  out << YAML::BeginMap;
  for (const auto& [directive, value] : settings) {
    out << YAML::Key << directive << YAML::Value << YAML::DoubleQuoted << value;
  }
  out << YAML::EndMap;
  std::istringstream lines(out.c_str());
  text.append(key).append(":\n");
  for (std::string line; std::getline(lines, line);) text.append("  ").append(line).append("\n");
}

}  // namespace

const ServerNode& Topology::FirstPrimary() const {
  const auto found =
      std::ranges::find_if(servers, [](const ServerNode& s) { return s.follows.empty(); });
  CHECK(found != servers.end());
  return *found;
}

const ServerNode* Topology::FindServer(std::string_view server_name) const {
  const auto found = std::ranges::find(servers, server_name, &ServerNode::name);
  return found == servers.end() ? nullptr : &*found;
}

base::Result<Topology> ParseTopology(std::string_view yaml, std::string_view file) {
  const auto where = [&](const YAML::Mark& mark) {
    return std::string(file) + ":" + std::to_string(std::max(mark.line, 0) + 1) + ": ";
  };
  try {
    return ReadDocument(YAML::Load(std::string(yaml)));
  } catch (const Fault& fault) {
    return base::Error{where(fault.mark) + fault.reason};
  } catch (const YAML::Exception& exception) {
    return base::Error{where(exception.mark) + exception.msg};
  }
}

base::Result<Topology> ReadTopology(const std::string& path) {
  std::ifstream file(path);
  std::ostringstream text;
  if (!file || !(text << file.rdbuf())) return base::Error{path + ": cannot be read"};
  return ParseTopology(text.str(), path);
}

std::string FormatTopology(const Topology& topology) {
  std::string text =
      "name: " + topology.name + "\ngroup: " + topology.group + "\nhost: " + topology.host +
      "\nquorum: " + std::to_string(topology.quorum) +
      "\ndown-after-milliseconds: " + std::to_string(base::ToMs(topology.down_after)) +
      "\nfailover-timeout-milliseconds: " + std::to_string(base::ToMs(topology.failover_timeout)) +
      "\nservers:\n";
  for (const ServerNode& server : topology.servers) {
    text += "  - {name: " + server.name + ", port: " + std::to_string(server.port) +
            (server.follows.empty() ? "" : ", follows: " + server.follows) + "}\n";
  }
  text += "sentinels:\n";
  for (const SentinelNode& sentinel : topology.sentinels) {
    text += "  - {name: " + sentinel.name + ", port: " + std::to_string(sentinel.port) + "}\n";
  }
  AppendSettings(text, "server-settings", topology.server_settings);
  AppendSettings(text, "sentinel-settings", topology.sentinel_settings);
  AppendSettings(text, "quorate-server-settings", topology.quorate_server_settings);
  AppendSettings(text, "quorate-sentinel-settings", topology.quorate_sentinel_settings);
  return text;
}

}  // namespace quorate::ops
