#include "scripts/ops/status_table.h"

#include <nlohmann/json.hpp>

#include <doctest/doctest.h>

namespace quorate::ops {
namespace {

Topology Small() {
  Topology topology;
  topology.name = "small";
  topology.group = "g";
  return topology;
}

Observation PairWithOneSilent() {
  ServerView primary;
  primary.name = "a";
  primary.endpoint = {"127.0.0.1", 1};
  primary.pid = 4711;
  primary.is_primary = true;
  primary.replicas = 1;
  ServerView silent;
  silent.name = "b";
  silent.endpoint = {"127.0.0.1", 2};
  silent.problem = "connection refused";
  SentinelView sentinel;
  sentinel.name = "s";
  sentinel.endpoint = {"127.0.0.1", 3};
  sentinel.primary = primary.endpoint;
  sentinel.flags = "master";
  Observation observation;
  observation.servers = {primary, silent};
  observation.sentinels = {sentinel};
  return observation;
}

}  // namespace

TEST_CASE("status: the table names every process, and what is not well") {
  CHECK(StatusTable(Small(), PairWithOneSilent()) ==
        "small, group g, quorum 1\n"
        "\n"
        "  a  127.0.0.1:1  4711  primary   1 replica           offset 0  0 keys\n"
        "  b  127.0.0.1:2  -     ?         connection refused\n"
        "  s  127.0.0.1:3  -     sentinel  names a             epoch 0   1 sentinel\n"
        "\n"
        "not well: b: connection refused\n");
}

TEST_CASE("status: the JSON says the same to programs") {
  const auto json = nlohmann::json::parse(StatusJson(Small(), PairWithOneSilent()));
  CHECK(json["schema"] == kStatusSchema);
  CHECK(json["well"] == false);
  CHECK(json["primary"] == "127.0.0.1:1");
  CHECK(json["servers"][0]["role"] == "primary");
  CHECK(json["servers"][0]["pid"] == 4711);
  CHECK(json["servers"][1]["answers"] == false);
  CHECK(json["servers"][1]["pid"].is_null());
  CHECK(json["servers"][1]["problem"] == "connection refused");
}

}  // namespace quorate::ops
