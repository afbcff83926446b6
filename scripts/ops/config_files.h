// The configuration file of each process of a topology, in Redis' syntax, which both our programs
// and Redis' take. Pure text; the launcher writes it. Once started, a process rewrites its own file
// (a promoted replica, a sentinel's state), so the file is generated once and then belongs to the
// process.
#pragma once

#include <string>

#include "scripts/ops/topology.h"

namespace quorate::ops {

// Whose file it is: Redis' programs refuse directives that are ours.
enum class Make { kQuorate, kRedis };

// `directory` is the process' own, absolute.
std::string ServerConfig(const Topology& topology, const ServerNode& server,
                         const std::string& directory, Make make);
std::string SentinelConfig(const Topology& topology, const SentinelNode& sentinel,
                           const std::string& directory, Make make);

}  // namespace quorate::ops
