#include <string>
#include <vector>

#include "tests/support/command_fixture.h"

#include <doctest/doctest.h>

namespace quorate::testing {

using Lines = std::vector<std::string>;

TEST_CASE_FIXTURE(CommandFixture, "copy: value and expiry go to another name or database") {
  Run("SET a 1 EX 100");
  Run("SET b 2");
  RecordEvents();
  CHECK(Run("COPY a b") == ":0\r\n");
  CHECK(Run("COPY a b REPLACE") == ":1\r\n");
  CHECK(Run("COPY a a DB 3") == ":1\r\n");
  CHECK(TakeEvents() == Lines{"0 new b", "0 copy_to b", "3 new a", "3 copy_to a"});
  CHECK(Run("TTL b") == ":100\r\n");
  CHECK(Run("COPY a a") == "-ERR source and destination objects are the same\r\n");
  CHECK(Run("COPY a b DB 16") == "-ERR DB index is out of range\r\n");
}

TEST_CASE_FIXTURE(CommandFixture, "move: a key changes its database, unless it is there already") {
  Run("SET a 1 EX 100");
  RecordEvents();
  CHECK(Run("MOVE a 2") == ":1\r\n");
  CHECK(TakeEvents() == Lines{"2 new a", "0 move_from a", "2 move_to a"});
  CHECK(Run("EXISTS a") == ":0\r\n");
  CHECK(Run("MOVE a 2") == ":0\r\n");
  Run("SET a 2");
  CHECK(Run("MOVE a 2") == ":0\r\n");
  CHECK(Run("MOVE a 0") == "-ERR source and destination objects are the same\r\n");
  Run("SELECT 2");
  CHECK(Run("TTL a") == ":100\r\n");
  CHECK(Run("GET a") == "$1\r\n1\r\n");
}

}  // namespace quorate::testing
