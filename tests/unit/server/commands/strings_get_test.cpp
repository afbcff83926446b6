#include <string>
#include <vector>

#include "tests/support/command_fixture.h"

#include <doctest/doctest.h>

namespace quorate::testing {

using Lines = std::vector<std::string>;

TEST_CASE_FIXTURE(CommandFixture, "strings: GETEX and GETDEL replicate what they did") {
  Run("SET a 1");
  TakeStream();
  CHECK(Run("GETEX a") == "$1\r\n1\r\n");
  CHECK(TakeStream().empty());
  CHECK(Run("GETEX a EX 5") == "$1\r\n1\r\n");
  CHECK(Run("GETEX a PERSIST") == "$1\r\n1\r\n");
  CHECK(Run("GETEX a PXAT 1") == "$1\r\n1\r\n");
  CHECK(TakeStream() == Lines{"0 PEXPIREAT a 1700000005000", "0 PERSIST a", "0 DEL a"});
  Run("SET a 1");
  TakeStream();
  CHECK(Run("GETDEL a") == "$1\r\n1\r\n");
  CHECK(Run("GETDEL a") == "$-1\r\n");
  CHECK(TakeStream() == Lines{"0 DEL a"});
}

}  // namespace quorate::testing
