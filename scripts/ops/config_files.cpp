#include "scripts/ops/config_files.h"

namespace quorate::ops {
namespace {

// A value as an argument of Redis' syntax: quoted if it is empty or would be split.
std::string Argument(const std::string& value) {
  if (!value.empty() && value.find_first_of(" \t\"'\\#") == std::string::npos) return value;
  std::string quoted = "\"";
  for (char c : value) {
    if (c == '"' || c == '\\') quoted += '\\';
    quoted += c;
  }
  return quoted + '"';
}

std::string Common(const Topology& topology, uint16_t port, const std::string& directory) {
  return "bind " + topology.host + "\nport " + std::to_string(port) + "\ndir " +
         Argument(directory) + "\n";
}

// A setting's value is written as given: one directive may take several arguments.
std::string Settings(const std::vector<Setting>& settings) {
  std::string text;
  for (const auto& [directive, value] : settings)
    text += directive + " " + (value.empty() ? "\"\"" : value) + "\n";
  return text;
}

}  // namespace

std::string ServerConfig(const Topology& topology, const ServerNode& server,
                         const std::string& directory, Make make) {
  std::string text = Common(topology, server.port, directory);
  text += "save \"\"\nappendonly no\nrepl-diskless-sync yes\nrepl-diskless-sync-delay 0\n";
  text += "enable-debug-command local\n";  // DEBUG DIGEST, by which drills compare servers
  if (const ServerNode* upstream = topology.FindServer(server.follows)) {
    text += "replicaof " + topology.host + " " + std::to_string(upstream->port) + "\n";
  }
  text += Settings(topology.server_settings);
  return make == Make::kQuorate ? text + Settings(topology.quorate_server_settings) : text;
}

std::string SentinelConfig(const Topology& topology, const SentinelNode& sentinel,
                           const std::string& directory, Make make) {
  const std::string& group = topology.group;
  const uint16_t primary = topology.FirstPrimary().port;
  std::string text = Common(topology, sentinel.port, directory);
  text += "sentinel monitor " + group + " " + topology.host + " " + std::to_string(primary) + " " +
          std::to_string(topology.quorum) + "\n";
  text += "sentinel down-after-milliseconds " + group + " " +
          std::to_string(base::ToMs(topology.down_after)) + "\n";
  text += "sentinel failover-timeout " + group + " " +
          std::to_string(base::ToMs(topology.failover_timeout)) + "\n";
  text += Settings(topology.sentinel_settings);
  return make == Make::kQuorate ? text + Settings(topology.quorate_sentinel_settings) : text;
}

}  // namespace quorate::ops
