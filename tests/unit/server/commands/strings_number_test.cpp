#include <string>
#include <vector>

#include "tests/support/command_fixture.h"

#include <doctest/doctest.h>

namespace quorate::testing {

using Lines = std::vector<std::string>;

TEST_CASE_FIXTURE(CommandFixture,
                  "strings: counting keeps the expiry and refuses what is no number") {
  CHECK(Run("INCR a") == ":1\r\n");
  Run("EXPIRE a 100");
  CHECK(Run("INCRBY a 41") == ":42\r\n");
  CHECK(Run("DECRBY a 2") == ":40\r\n");
  CHECK(Run("DECR a") == ":39\r\n");
  CHECK(Run("TTL a") == ":100\r\n");
  Run("SET b ' 1'");
  CHECK(Run("INCR b") == "-ERR value is not an integer or out of range\r\n");
  CHECK(Run("INCRBY a x") == "-ERR value is not an integer or out of range\r\n");
}

TEST_CASE_FIXTURE(CommandFixture, "strings: a number that would overflow stays as it is") {
  Run("SET a 9223372036854775807");
  CHECK(Run("INCR a") == "-ERR increment or decrement would overflow\r\n");
  CHECK(Run("DECRBY a -9223372036854775808") == "-ERR decrement would overflow\r\n");
  CHECK(Run("GET a") == "$19\r\n9223372036854775807\r\n");
}

TEST_CASE_FIXTURE(CommandFixture, "strings: replicas are told the sum of INCRBYFLOAT") {
  CHECK(Run("INCRBYFLOAT a 3.0e3") == "$4\r\n3000\r\n");
  CHECK(Run("INCRBYFLOAT a 0.5") == "$6\r\n3000.5\r\n");
  CHECK(Run("INCRBYFLOAT a x") == "-ERR value is not a valid float\r\n");
  CHECK(Run("INCRBYFLOAT a +inf") == "-ERR increment would produce NaN or Infinity\r\n");
  CHECK(TakeStream() == Lines{"0 SET a 3000 KEEPTTL", "0 SET a 3000.5 KEEPTTL"});
}

}  // namespace quorate::testing
