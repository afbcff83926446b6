#include "replication/core/replconf.h"

#include <string>
#include <vector>

#include <doctest/doctest.h>

using namespace quorate::base;
using namespace quorate::replication::core;

namespace {

using Args = std::vector<std::string_view>;

std::string ErrorOf(const Args& args) {
  ReplicaTraits traits;
  return ApplyReplconf(args, traits).error;
}

}  // namespace

TEST_CASE("replconf: what replicas say before PSYNC") {
  ReplicaTraits traits;
  CHECK(ApplyReplconf(Args{"REPLCONF", "listening-port", "6380"}, traits).error.empty());
  CHECK(ApplyReplconf(Args{"replconf", "ip-address", "10.0.0.9"}, traits).error.empty());
  CHECK(ApplyReplconf(Args{"REPLCONF", "capa", "eof", "capa", "psync2", "capa", "later"}, traits)
            .error.empty());
  CHECK(ApplyReplconf(Args{"REPLCONF", "version", "8.1.0"}, traits).error.empty());
  CHECK(traits.listening_port == 6380);
  CHECK(traits.announced_ip == "10.0.0.9");
  CHECK(traits.accepts_eof);
  CHECK(traits.accepts_psync2);
}

TEST_CASE("replconf: a run id asks for the ancestry") {
  ReplicaTraits traits;
  const std::string id(40, 'c');
  CHECK_FALSE(ApplyReplconf(Args{"REPLCONF", "capa", "eof"}, traits).wants_ancestry);
  CHECK(
      ApplyReplconf(Args{"REPLCONF", "capa", "eof", "quorate-run-id", id}, traits).wants_ancestry);
  CHECK(traits.run_id == RunId::Parse(id));
  CHECK(ErrorOf({"REPLCONF", "quorate-run-id", "short"}) == "ERR Invalid run id");
}

TEST_CASE("replconf: an address that would make lines or fields of INFO is refused") {
  for (const std::string_view text : {"10.0.0.9\r\nrole:slave", "10.0.0.9,state=online", "a b"})
    CHECK(ErrorOf({"REPLCONF", "ip-address", text}) == "ERR Invalid ip-address");
  ReplicaTraits traits;
  CHECK(ApplyReplconf(Args{"REPLCONF", "ip-address", "::1", "ip-address", "node_1.example"}, traits)
            .error.empty());
  CHECK(traits.announced_ip == "node_1.example");
}

TEST_CASE("replconf: errors in Redis' words") {
  CHECK(ErrorOf({"REPLCONF", "a"}) == "ERR syntax error");
  CHECK(ErrorOf({"REPLCONF", "foo", "bar"}) == "ERR Unrecognized REPLCONF option: foo");
  CHECK(ErrorOf({"REPLCONF", "listening-port", "x"}) ==
        "ERR value is not an integer or out of range");
  CHECK(ErrorOf({"REPLCONF", "rdb-only", "x"}) == "ERR value is not an integer or out of range");
  CHECK(ErrorOf({"REPLCONF", "rdb-only", "3"}) ==
        "ERR value is out of range, value must between 0 and 1");
  CHECK(ErrorOf({"REPLCONF", "rdb-filter-only", "x"}) ==
        "ERR Unsupported rdb-filter-only option: x");
  CHECK(ErrorOf({"REPLCONF", "rdb-filter-only", "\"functions"}) ==
        "ERR Missing rdb-filter-only values");
  const std::string long_ip(300, '1');
  CHECK(ErrorOf({"REPLCONF", "ip-address", std::string_view(long_ip)}) ==
        "ERR REPLCONF ip-address provided by replica instance is too long: 300 bytes");
}

TEST_CASE("replconf: a filter excludes what it does not name") {
  ReplicaTraits traits;
  ApplyReplconf(Args{"REPLCONF", "rdb-filter-only", "functions"}, traits);
  CHECK(traits.exclude_data);
  CHECK_FALSE(traits.exclude_functions);
  ApplyReplconf(Args{"REPLCONF", "rdb-filter-only", ""}, traits);
  CHECK(traits.exclude_data);
  CHECK(traits.exclude_functions);
  ApplyReplconf(Args{"REPLCONF", "rdb-filter-only", " 'functions' "}, traits);
  CHECK_FALSE(traits.exclude_functions);
}

TEST_CASE("replconf: acknowledgements are silent, and rubbish in them too") {
  ReplicaTraits traits;
  ReplconfOutcome outcome = ApplyReplconf(Args{"REPLCONF", "ACK", "113"}, traits);
  CHECK(outcome.silent);
  REQUIRE(outcome.acknowledged.has_value());
  CHECK(outcome.acknowledged == Offset(113));
  outcome = ApplyReplconf(Args{"REPLCONF", "ACK", "113", "FACK", "99"}, traits);
  REQUIRE(outcome.acknowledged.has_value());
  CHECK(outcome.acknowledged == Offset(113));
  for (const char* bad : {"x", "-5", "", "99999999999999999999"}) {
    outcome = ApplyReplconf(Args{"REPLCONF", "ack", bad}, traits);
    CHECK(outcome.silent);
    CHECK(outcome.error.empty());
    CHECK_FALSE(outcome.acknowledged.has_value());
  }
  CHECK(ApplyReplconf(Args{"REPLCONF", "getack", "*"}, traits).silent);
}
