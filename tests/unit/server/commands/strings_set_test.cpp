#include <string>
#include <vector>

#include "tests/support/command_fixture.h"

#include <doctest/doctest.h>

namespace quorate::testing {

using Lines = std::vector<std::string>;

TEST_CASE_FIXTURE(CommandFixture, "strings: a value is set and read back") {
  CHECK(Run("SET a hello") == "+OK\r\n");
  CHECK(Run("GET a") == "$5\r\nhello\r\n");
  CHECK(Run("GET b") == "$-1\r\n");
  CHECK(TakeStream() == Lines{"0 SET a hello"});
}

TEST_CASE_FIXTURE(CommandFixture, "strings: SET replicates a relative expiry as an absolute one") {
  CHECK(Run("SET a 1 NX EX 10") == "+OK\r\n");
  CHECK(Run("SET b 1 PXAT 1700000009000 XX") == "$-1\r\n");
  CHECK(Run("SET a 2 XX PXAT 1700000009000 GET") == "$1\r\n1\r\n");
  CHECK(TakeStream() == Lines{"0 SET a 1 PXAT 1700000010000", "0 SET a 2 PXAT 1700000009000"});
  CHECK(Run("SET a 3 get KEEPTTL") == "$1\r\n2\r\n");
  CHECK(TakeStream() == Lines{"0 SET a 3 KEEPTTL"});
}

TEST_CASE_FIXTURE(CommandFixture, "strings: what expired is deleted before it is overwritten") {
  Run("SET a 1 PX 10");
  Advance(std::chrono::milliseconds(11));
  TakeStream();
  RecordEvents();
  CHECK(Run("SET a 2") == "+OK\r\n");
  CHECK(TakeStream() == Lines{"0 MULTI", "0 DEL a", "0 SET a 2", "EXEC"});
  CHECK(TakeEvents() == Lines{"0 expired a", "0 new a", "0 set a"});
}

TEST_CASE_FIXTURE(CommandFixture, "strings: SET refuses bad options and times") {
  CHECK(Run("SET a 1 NX XX") == "-ERR syntax error\r\n");
  CHECK(Run("SET a 1 EX 10 PX 10") == "-ERR syntax error\r\n");
  CHECK(Run("SET a 1 EX 10 KEEPTTL") == "-ERR syntax error\r\n");
  CHECK(Run("SET a 1 EX") == "-ERR syntax error\r\n");
  CHECK(Run("SET a 1 EX 0") == "-ERR invalid expire time in 'set' command\r\n");
  CHECK(Run("SET a 1 EX x") == "-ERR value is not an integer or out of range\r\n");
  CHECK(Run("SETEX a 0 1") == "-ERR invalid expire time in 'setex' command\r\n");
  CHECK(Run("SET a 1 PX 9223372036854775807") == "-ERR invalid expire time in 'set' command\r\n");
  CHECK(Run("SET a 1 EX 9223372036854776") == "-ERR invalid expire time in 'set' command\r\n");
  CHECK(TakeStream().empty());
}

TEST_CASE_FIXTURE(CommandFixture, "strings: MSETNX sets all or nothing") {
  CHECK(Run("MSETNX a 1 b 2 a 3") == ":1\r\n");
  CHECK(Run("MSETNX c 1 b 2") == ":0\r\n");
  CHECK(Run("MGET a b c") == "*3\r\n$1\r\n3\r\n$1\r\n2\r\n$-1\r\n");
  CHECK(Run("MSET a 1 b") == "-ERR wrong number of arguments for 'mset' command\r\n");
}

}  // namespace quorate::testing
