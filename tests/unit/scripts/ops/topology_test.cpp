#include "scripts/ops/topology.h"

#include <string>

#include <doctest/doctest.h>

namespace quorate::ops {
namespace {

constexpr const char* kSmall =
    "group: g\n"
    "quorum: 1\n"
    "down-after-milliseconds: 250\n"
    "servers:\n"
    "  - {name: a, port: 7001}\n"
    "  - {name: b, port: 7002, follows: a}\n"
    "  - {name: c, port: 7003, follows: b}\n"
    "sentinels:\n"
    "  - {name: s, port: 7004}\n"
    "server-settings: {maxmemory: 100mb, save: ''}\n"
    "quorate-server-settings: {primary-lease: 500}\n"
    "quorate-sentinel-settings: {sentinel: failure-detection g fast}\n";

std::string ErrorOf(const std::string& yaml) {
  const auto topology = ParseTopology(yaml, "t.yaml");
  REQUIRE_FALSE(topology.ok());
  return topology.error().message;
}

std::string Replaced(std::string text, const std::string& from, const std::string& to) {
  const size_t at = text.find(from);
  REQUIRE(at != std::string::npos);
  return text.replace(at, from.size(), to);
}

}  // namespace

TEST_CASE("topology: a chain is read with its settings") {
  const auto topology = ParseTopology(kSmall, "t.yaml");
  REQUIRE(topology.ok());
  CHECK(topology->group == "g");
  CHECK(base::ToMs(topology->down_after) == 250);
  CHECK(topology->FirstPrimary().name == "a");
  CHECK(topology->servers[2].follows == "b");
  CHECK(topology->sentinels == std::vector<SentinelNode>{{"s", 7004}});
  CHECK(topology->server_settings == std::vector<Setting>{{"maxmemory", "100mb"}, {"save", ""}});
  CHECK(topology->quorate_server_settings == std::vector<Setting>{{"primary-lease", "500"}});
  CHECK(topology->quorate_sentinel_settings ==
        std::vector<Setting>{{"sentinel", "failure-detection g fast"}});
}

TEST_CASE("topology: what is written is read back as the same") {
  const auto topology = ParseTopology(kSmall, "t.yaml");
  REQUIRE(topology.ok());
  const auto again = ParseTopology(FormatTopology(*topology), "again.yaml");
  REQUIRE(again.ok());
  CHECK(*again == *topology);
}

TEST_CASE("topology: errors name file, line and reason") {
  CHECK(ErrorOf(Replaced(kSmall, "port: 7002", "port: 7001")) == "t.yaml:6: port 7001 is taken");
  CHECK(ErrorOf(Replaced(kSmall, "name: c", "name: a")) == "t.yaml:7: the name 'a' is taken");
  CHECK(ErrorOf(Replaced(kSmall, "port: 7003", "port: 70000")) ==
        "t.yaml:7: port must be a number from 1 to 65535");
  CHECK(ErrorOf(Replaced(kSmall, "follows: b", "follows: z")) ==
        "t.yaml:7: 'c' follows 'z', which is no server here");
  CHECK(ErrorOf(Replaced(kSmall, "follows: a", "follows: c")) ==
        "t.yaml:6: 'b' follows itself in a circle");
  CHECK(ErrorOf(Replaced(kSmall, ", follows: a", "")) ==
        "t.yaml:5: exactly one server follows nobody, but 2 do");
  CHECK(ErrorOf(Replaced(kSmall, "quorum: 1", "quorum: 2")) ==
        "t.yaml:2: quorum 2 cannot be reached by 1 sentinels");
  CHECK(ErrorOf(Replaced(kSmall, "group: g", "group: g\ngroop: h")) ==
        "t.yaml:2: unknown key 'groop'");
  CHECK(ErrorOf(Replaced(kSmall, "group: g", "group: g\ngroup: h")) ==
        "t.yaml:2: 'group' is given twice");
  CHECK(ErrorOf(Replaced(kSmall, "name: s,", "name: ../s,")) ==
        "t.yaml:9: a name is made of letters, digits, '-', '_' and '.'");
  CHECK(ErrorOf("servers: [").starts_with("t.yaml:1: "));
  CHECK(ErrorOf("a: 1\nb: [1, 2\nc").starts_with("t.yaml:"));
  CHECK(ErrorOf("just text").starts_with("t.yaml:1: a topology must be a map"));
}

TEST_CASE("topology: the deployment that scripts/up starts is valid") {
  const auto topology =
      ReadTopology(std::string(QUORATE_SOURCE_DIR) + "/configs/topologies/three-sentinels.yaml");
  REQUIRE_MESSAGE(topology.ok(), topology.error().message);
  CHECK(topology->servers.size() == 3);
  CHECK(topology->sentinels.size() == 3);
  CHECK(topology->FindServer("server-3")->follows == "server-2");
}

}  // namespace quorate::ops
