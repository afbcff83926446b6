#include <string>
#include <vector>

#include "tests/support/command_fixture.h"

#include <doctest/doctest.h>

namespace quorate::testing {

using Lines = std::vector<std::string>;

TEST_CASE_FIXTURE(CommandFixture, "databases: SELECT and SWAPDB") {
  Run("SET a 0");
  CHECK(Run("SELECT 1") == "+OK\r\n");
  Run("SET a 1");
  CHECK(Run("SWAPDB 0 1") == "+OK\r\n");
  CHECK(Run("GET a") == "$1\r\n0\r\n");
  CHECK(TakeStream() == Lines{"0 SET a 0", "1 SET a 1", "1 SWAPDB 0 1"});
  CHECK(Run("SELECT 16") == "-ERR DB index is out of range\r\n");
  CHECK(Run("SELECT x") == "-ERR value is not an integer or out of range\r\n");
  CHECK(Run("SWAPDB x 1") == "-ERR invalid first DB index\r\n");
  CHECK(Run("SWAPDB 1 x") == "-ERR invalid second DB index\r\n");
  CHECK(Run("SWAPDB 1 16") == "-ERR DB index is out of range\r\n");
}

TEST_CASE_FIXTURE(CommandFixture, "databases: a flush replicates even if there was nothing") {
  CHECK(Run("FLUSHALL") == "+OK\r\n");
  CHECK(Run("FLUSHDB ASYNC") == "+OK\r\n");
  CHECK(TakeStream() == Lines{"0 FLUSHALL", "0 FLUSHDB ASYNC"});
  CHECK(Run("FLUSHALL NOW") == "-ERR syntax error\r\n");
}

TEST_CASE_FIXTURE(CommandFixture, "databases: FLUSHDB empties one, FLUSHALL all, ASYNC elsewhere") {
  Run("SET a 0");
  Run("SELECT 1");
  Run("SET a 1");
  CHECK(Run("FLUSHDB SYNC") == "+OK\r\n");
  CHECK(host.to_free.empty());
  CHECK(Run("DBSIZE") == ":0\r\n");
  Run("SELECT 0");
  CHECK(Run("DBSIZE") == ":1\r\n");
  CHECK(Run("FLUSHALL ASYNC") == "+OK\r\n");
  CHECK(Run("DBSIZE") == ":0\r\n");
  CHECK(host.to_free.size() == 1);
}

}  // namespace quorate::testing
