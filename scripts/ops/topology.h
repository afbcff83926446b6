// The drawing of a deployment: which servers and sentinels run on which ports, and who follows whom
// at first. It is read from configs/topologies/*.yaml and written beside a running deployment in
// the same form. It says how things start; who is primary later is the sentinels' decision and not
// recorded here.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "shared/base/ids.h"
#include "shared/base/result.h"
#include "shared/base/time.h"

namespace quorate::ops {

struct ServerNode {
  std::string name;
  uint16_t port = 0;
  std::string follows;  // the name of another server; empty for the first primary

  friend bool operator==(const ServerNode&, const ServerNode&) = default;
};

struct SentinelNode {
  std::string name;
  uint16_t port = 0;

  friend bool operator==(const SentinelNode&, const SentinelNode&) = default;
};

// A directive and its arguments, as Redis' configuration syntax has them.
using Setting = std::pair<std::string, std::string>;

// Invariants of a parsed topology: at least one server and one sentinel; names unique and fit for
// folder names; ports unique; exactly one server follows nobody and all others follow it, directly
// or through others; 1 <= quorum <= sentinels.
struct Topology {
  std::string name = "deployment";
  std::string group = "mymaster";
  std::string host = "127.0.0.1";
  int quorum = 1;
  base::Duration down_after = std::chrono::seconds(1);
  base::Duration failover_timeout = std::chrono::seconds(10);
  std::vector<ServerNode> servers;
  std::vector<SentinelNode> sentinels;
  std::vector<Setting> server_settings;
  std::vector<Setting> sentinel_settings;
  // For our programs alone.
  std::vector<Setting> quorate_server_settings;
  std::vector<Setting> quorate_sentinel_settings;

  const ServerNode& FirstPrimary() const;
  const ServerNode* FindServer(std::string_view server_name) const;
  base::Endpoint EndpointOf(uint16_t port) const { return {host, port}; }

  friend bool operator==(const Topology&, const Topology&) = default;
};

// `file` is for messages: every error reads "<file>:<line>: <reason>".
base::Result<Topology> ParseTopology(std::string_view yaml, std::string_view file);
base::Result<Topology> ReadTopology(const std::string& path);

// YAML that ParseTopology reads back as an equal topology.
std::string FormatTopology(const Topology& topology);

}  // namespace quorate::ops
