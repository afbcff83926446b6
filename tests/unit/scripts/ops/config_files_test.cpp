#include "scripts/ops/config_files.h"

#include <doctest/doctest.h>

namespace quorate::ops {
namespace {

Topology Small() {
  Topology topology;
  topology.group = "g";
  topology.servers = {{"a", 7001, ""}, {"b", 7002, "a"}};
  topology.sentinels = {{"s", 7003}};
  topology.server_settings = {{"maxmemory", "100mb"},
                              {"client-output-buffer-limit", "replica 0 0 0"}};
  return topology;
}

}  // namespace

TEST_CASE("config files: a replica names the server that it follows, the primary names none") {
  const Topology topology = Small();
  CHECK(ServerConfig(topology, topology.servers[0], "/d", Make::kQuorate).find("replicaof") ==
        std::string::npos);
  CHECK(
      ServerConfig(topology, topology.servers[1], "/d b", Make::kQuorate) ==
      "bind 127.0.0.1\nport 7002\ndir \"/d b\"\nsave \"\"\nappendonly no\nrepl-diskless-sync yes\n"
      "repl-diskless-sync-delay 0\nenable-debug-command local\nreplicaof 127.0.0.1 7001\n"
      "maxmemory 100mb\n"
      "client-output-buffer-limit replica 0 0 0\n");
}

TEST_CASE("config files: a sentinel monitors the first primary") {
  const Topology topology = Small();
  CHECK(SentinelConfig(topology, topology.sentinels[0], "/d", Make::kQuorate) ==
        "bind 127.0.0.1\nport 7003\ndir /d\nsentinel monitor g 127.0.0.1 7001 1\n"
        "sentinel down-after-milliseconds g 1000\nsentinel failover-timeout g 10000\n");
}

TEST_CASE("config files: what is for our programs alone is not in Redis'") {
  Topology topology = Small();
  topology.quorate_server_settings = {{"primary-lease", "500"}};
  topology.quorate_sentinel_settings = {{"sentinel", "failure-detection g fast"}};
  const auto server = [&](Make make) {
    return ServerConfig(topology, topology.servers[0], "/d", make);
  };
  const auto sentinel = [&](Make make) {
    return SentinelConfig(topology, topology.sentinels[0], "/d", make);
  };
  CHECK(server(Make::kQuorate) == server(Make::kRedis) + "primary-lease 500\n");
  CHECK(sentinel(Make::kQuorate) == sentinel(Make::kRedis) + "sentinel failure-detection g fast\n");
}

}  // namespace quorate::ops
