#include "sentinel/core/info_parser.h"

#include <string>

#include "sentinel/core/timings.h"

#include <doctest/doctest.h>

namespace quorate::sentinel::core {
namespace {

using base::Endpoint;

TEST_CASE("info: a primary of redis 7.0") {
  const InfoFacts facts = ParseInfo(
      "# Server\r\nredis_version:7.0.15\r\nrun_id:0a67b3fca1d4c40808ed8e74b7d6bf209e7a3f4f\r\n\r\n"
      "# Replication\r\nrole:master\r\nconnected_slaves:2\r\n"
      "slave0:ip=127.0.0.1,port=6380,state=online,offset=14,lag=1\r\n"
      "slave1:ip=::1,port=6381,state=wait_bgsave,offset=0,lag=0\r\n"
      "master_failover_state:no-failover\r\n"
      "master_replid:8371b4fb1155b71f4a04d3e1bc3e18c4a990aeeb\r\n"
      "master_replid2:0000000000000000000000000000000000000000\r\n"
      "master_repl_offset:14\r\nsecond_repl_offset:-1\r\n");
  CHECK(facts.run_id->ToString() == "0a67b3fca1d4c40808ed8e74b7d6bf209e7a3f4f");
  CHECK(facts.role == Role::kPrimary);
  CHECK(facts.replicas == std::vector<Endpoint>{{"127.0.0.1", 6380}, {"::1", 6381}});
  CHECK(facts.replication_id->ToString() == "8371b4fb1155b71f4a04d3e1bc3e18c4a990aeeb");
  CHECK_FALSE(facts.second_replication_id.has_value());
  CHECK(facts.primary_offset == base::Offset(14));
  CHECK_FALSE(facts.primary.has_value());
}

TEST_CASE("info: a replica, with its link down") {
  const InfoFacts facts = ParseInfo(
      "role:slave\r\nmaster_host:10.0.0.1\r\nmaster_port:6379\r\nmaster_link_status:down\r\n"
      "master_last_io_seconds_ago:-1\r\nmaster_sync_in_progress:1\r\nslave_read_repl_offset:99\r\n"
      "slave_repl_offset:98\r\nmaster_link_down_since_seconds:12\r\nslave_priority:10\r\n"
      "slave_read_only:1\r\nreplica_announced:0\r\n");
  CHECK(facts.role == Role::kReplica);
  CHECK(facts.primary == Endpoint{"10.0.0.1", 6379});
  CHECK(facts.primary_link_up == false);
  CHECK(facts.primary_link_down == std::chrono::seconds(12));
  CHECK(facts.sync_in_progress == true);
  CHECK(facts.replica_offset == base::Offset(98));
  CHECK(facts.priority == 10);
  CHECK(facts.announced == false);
}

TEST_CASE("info: the older form of a replica's line") {
  CHECK(ParseInfo("slave0:10.0.0.2,6380,online\r\n").replicas ==
        std::vector<Endpoint>{{"10.0.0.2", 6380}});
}

TEST_CASE("info: bad fields are absent, the others are read") {
  const InfoFacts facts = ParseInfo(
      "run_id:xyz\nrole:emperor\nslave0:ip=,port=6380\nslave1:ip=a b,port=1\n"
      "slave2:ip=10.0.0.1,port=0\nslave3:ip=10.0.0.1,port=65536\nslave4:ip=10.0.0.1\n"
      "slave:ip=10.0.0.1,port=1\nslavex:ip=10.0.0.1,port=1\nslave5:\nmaster_host:10.0.0.1\n"
      "master_port:x\nslave_priority:-1\nslave_repl_offset:-5\nmaster_repl_offset:1e3\n"
      "master_link_down_since_seconds:99999999999999\nreplica_announced:maybe\n:\n:::\nnocolon\n"
      "slave6:ip=10.0.0.6,port=6379\n");
  CHECK_FALSE(facts.run_id.has_value());
  CHECK_FALSE(facts.role.has_value());
  CHECK(facts.replicas == std::vector<Endpoint>{{"10.0.0.6", 6379}});
  CHECK_FALSE(facts.primary.has_value());
  CHECK_FALSE(facts.priority.has_value());
  CHECK_FALSE(facts.replica_offset.has_value());
  CHECK_FALSE(facts.primary_offset.has_value());
  CHECK_FALSE(facts.primary_link_down.has_value());
  CHECK_FALSE(facts.announced.has_value());
}

TEST_CASE("info: replicas are counted once and bounded") {
  std::string text;
  for (size_t i = 0; i < 2 * kMaxReplicasPerGroup; ++i)
    text += "slave" + std::to_string(i) + ":ip=10.0.0.1,port=" + std::to_string(i / 2 + 1) + "\r\n";
  CHECK(ParseInfo(text).replicas.size() == kMaxReplicasPerGroup);
  CHECK(ParseInfo("slave0:ip=h,port=1\nslave1:ip=h,port=1\n").replicas.size() == 1);
}

TEST_CASE("info: nothing in nothing") {
  CHECK(ParseInfo("").replicas.empty());
  CHECK(ParseInfo("\n\n\r\n").replicas.empty());
}

}  // namespace
}  // namespace quorate::sentinel::core
