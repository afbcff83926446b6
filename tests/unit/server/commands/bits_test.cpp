#include <string>
#include <vector>

#include "tests/support/command_fixture.h"

#include <doctest/doctest.h>

namespace quorate::testing {

using Lines = std::vector<std::string>;

TEST_CASE_FIXTURE(CommandFixture, "bits: SETBIT replicates only what changes a string") {
  CHECK(Run("SETBIT a 7 0") == ":0\r\n");  // makes the byte
  CHECK(Run("SETBIT a 7 0") == ":0\r\n");
  CHECK(Run("SETBIT a 7 1") == ":0\r\n");
  CHECK(Run("SETBIT a 7 1") == ":1\r\n");
  CHECK(Run("GETBIT a 7") == ":1\r\n");
  CHECK(Run("GETBIT a 100") == ":0\r\n");
  CHECK(TakeStream() == Lines{"0 SETBIT a 7 0", "0 SETBIT a 7 1"});
  CHECK(Run("SETBIT a 4294967296 1") == "-ERR bit offset is not an integer or out of range\r\n");
  CHECK(Run("SETBIT a 0 2") == "-ERR bit is not an integer or out of range\r\n");
}

TEST_CASE_FIXTURE(CommandFixture, "bits: BITCOUNT and BITPOS take ranges of bytes and of bits") {
  Run("SET a foobar");
  CHECK(Run("BITCOUNT a") == ":26\r\n");
  CHECK(Run("BITCOUNT a 1 1") == ":6\r\n");
  CHECK(Run("BITCOUNT a 5 30 BIT") == ":17\r\n");
  CHECK(Run("BITCOUNT a 1") == "-ERR syntax error\r\n");
  Run("SET b \"\\xff\\xf0\\x00\"");
  CHECK(Run("BITPOS b 0") == ":12\r\n");
  CHECK(Run("BITPOS b 1 2") == ":-1\r\n");
  CHECK(Run("BITPOS b 0 0 0") == ":-1\r\n");
  CHECK(Run("BITPOS b 1 7 15 BIT") == ":7\r\n");
  Run("SET c \"\\xff\"");
  CHECK(Run("BITPOS c 0") == ":8\r\n");
}

TEST_CASE_FIXTURE(CommandFixture,
                  "bits: BITOP pads with zeros and deletes its target for nothing") {
  Run("MSET a \"\\x0f\\xff\" b \"\\xff\"");
  CHECK(Run("BITOP AND d a b") == ":2\r\n");
  CHECK(Run("GET d") == std::string("$2\r\n\x0f\0\r\n", 8));
  CHECK(Run("BITOP NOT d b") == ":1\r\n");
  CHECK(Run("GET d") == std::string("$1\r\n\0\r\n", 7));
  CHECK(Run("BITOP OR d absent") == ":0\r\n");
  CHECK(Run("EXISTS d") == ":0\r\n");
  CHECK(Run("BITOP NOT d a b") == "-ERR BITOP NOT must be called with a single source key.\r\n");
}

}  // namespace quorate::testing
