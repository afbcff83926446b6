#include <string>
#include <vector>

#include "tests/support/command_fixture.h"

#include <doctest/doctest.h>

namespace quorate::testing {

using Lines = std::vector<std::string>;

TEST_CASE_FIXTURE(CommandFixture, "bitfield: overflow wraps, saturates or fails as asked") {
  CHECK(Run("BITFIELD a SET u8 0 250 INCRBY u8 0 10") == "*2\r\n:0\r\n:4\r\n");
  CHECK(Run("BITFIELD a OVERFLOW SAT INCRBY u8 0 300 OVERFLOW FAIL INCRBY u8 0 1") ==
        "*2\r\n:255\r\n$-1\r\n");
  CHECK(Run("BITFIELD a OVERFLOW SAT INCRBY i5 #1 -100 GET i5 #1") == "*2\r\n:-16\r\n:-16\r\n");
  CHECK(Run("BITFIELD a SET i8 0 200 GET i8 0") == "*2\r\n:-4\r\n:-56\r\n");
}

TEST_CASE_FIXTURE(CommandFixture, "bitfield: reading makes no key") {
  CHECK(Run("BITFIELD a GET u8 100") == "*1\r\n:0\r\n");
  CHECK(Run("BITFIELD_RO a GET i64 #3") == "*1\r\n:0\r\n");
  CHECK(Run("EXISTS a") == ":0\r\n");
  CHECK(Run("BITFIELD_RO a SET u8 0 1") == "-ERR BITFIELD_RO only supports the GET subcommand\r\n");
  CHECK(Run("BITFIELD a GET u64 0").starts_with("-ERR Invalid bitfield type."));
  CHECK(Run("BITFIELD a OVERFLOW x") == "-ERR Invalid OVERFLOW type specified\r\n");
  CHECK(Run("BITFIELD a GET u8") == "-ERR syntax error\r\n");
  CHECK(TakeStream().empty());
}

}  // namespace quorate::testing
