#include <string>
#include <vector>

#include "tests/support/command_fixture.h"

#include <doctest/doctest.h>

namespace quorate::testing {

using Lines = std::vector<std::string>;

TEST_CASE_FIXTURE(CommandFixture, "lcs: the subsequence, its length, and where it lies") {
  Run("MSET a ohmytext b mynewtext");
  CHECK(Run("LCS a b") == "$6\r\nmytext\r\n");
  CHECK(Run("LCS a b LEN") == ":6\r\n");
  CHECK(Run("LCS a b IDX MINMATCHLEN 4 WITHMATCHLEN") ==
        "*4\r\n$7\r\nmatches\r\n*1\r\n*3\r\n*2\r\n:4\r\n:7\r\n*2\r\n:5\r\n:8\r\n:4\r\n"
        "$3\r\nlen\r\n:6\r\n");
  CHECK(Run("LCS a absent") == "$0\r\n\r\n");
  CHECK(Run("LCS a b LEN IDX") ==
        "-ERR If you want both the length and indexes, please just use IDX.\r\n");
}

}  // namespace quorate::testing
