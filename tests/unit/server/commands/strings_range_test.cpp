#include <string>
#include <vector>

#include "tests/support/command_fixture.h"

#include <doctest/doctest.h>

namespace quorate::testing {

using Lines = std::vector<std::string>;

TEST_CASE_FIXTURE(CommandFixture, "strings: APPEND and SETRANGE grow a string") {
  CHECK(Run("APPEND a 12") == ":2\r\n");
  CHECK(Run("OBJECT ENCODING a") == "$3\r\nint\r\n");
  CHECK(Run("APPEND a 3") == ":3\r\n");
  CHECK(Run("OBJECT ENCODING a") == "$3\r\nraw\r\n");
  CHECK(Run("SETRANGE a 5 x") == ":6\r\n");
  CHECK(Run("GET a") == std::string("$6\r\n123\0\0x\r\n", 12));
  CHECK(Run("SETRANGE b 5 ''") == ":0\r\n");
  CHECK(Run("EXISTS b") == ":0\r\n");
  CHECK(TakeStream() == Lines{"0 APPEND a 12", "0 APPEND a 3", "0 SETRANGE a 5 x"});
}

TEST_CASE_FIXTURE(CommandFixture, "strings: none grows beyond proto-max-bulk-len") {
  settings.proto_max_bulk_len = 10;
  Run("SET a 12345678");
  const std::string too_long = "-ERR string exceeds maximum allowed size (proto-max-bulk-len)\r\n";
  CHECK(Run("APPEND a 123") == too_long);
  CHECK(Run("SETRANGE a 10 x") == too_long);
  CHECK(Run("SETRANGE a 9223372036854775807 x") == too_long);
  CHECK(Run("APPEND a 12") == ":10\r\n");
  CHECK(Run("SETRANGE a -1 x") == "-ERR offset is out of range\r\n");
}

TEST_CASE_FIXTURE(CommandFixture, "strings: GETRANGE counts from both ends") {
  Run("SET a 'This is a string'");
  CHECK(Run("GETRANGE a 0 3") == "$4\r\nThis\r\n");
  CHECK(Run("GETRANGE a -3 -1") == "$3\r\ning\r\n");
  CHECK(Run("SUBSTR a 10 100") == "$6\r\nstring\r\n");
  CHECK(Run("GETRANGE a 5 3") == "$0\r\n\r\n");
  CHECK(Run("GETRANGE a -1 -5") == "$0\r\n\r\n");
  CHECK(Run("GETRANGE a -100 0") == "$1\r\nT\r\n");
  CHECK(Run("GETRANGE absent 0 -1") == "$0\r\n\r\n");
}

}  // namespace quorate::testing
