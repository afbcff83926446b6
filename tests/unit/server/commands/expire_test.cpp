#include <string>
#include <vector>

#include "tests/support/command_fixture.h"

#include <doctest/doctest.h>

namespace quorate::testing {

using Lines = std::vector<std::string>;

TEST_CASE_FIXTURE(CommandFixture, "expire: replicas are told the time, never the span") {
  Run("SET a 1");
  TakeStream();
  CHECK(Run("EXPIRE a 10") == ":1\r\n");
  CHECK(Run("PEXPIRE a 5 GT") == ":0\r\n");
  CHECK(Run("EXPIREAT a 1700000020 XX") == ":1\r\n");
  CHECK(Run("PEXPIREAT a 1700000030000") == ":1\r\n");
  CHECK(Run("PERSIST a") == ":1\r\n");
  CHECK(Run("PERSIST a") == ":0\r\n");
  CHECK(TakeStream() == Lines{"0 PEXPIREAT a 1700000010000", "0 PEXPIREAT a 1700000020000 XX",
                              "0 PEXPIREAT a 1700000030000", "0 PERSIST a"});
}

TEST_CASE_FIXTURE(CommandFixture, "expire: a time in the past deletes") {
  Run("MSET a 1 b 1");
  TakeStream();
  RecordEvents();
  CHECK(Run("EXPIRE a -1") == ":1\r\n");
  settings.lazyfree_lazy_expire = true;
  CHECK(Run("PEXPIREAT b 0") == ":1\r\n");
  CHECK(TakeStream() == Lines{"0 DEL a", "0 UNLINK b"});
  CHECK(TakeEvents() == Lines{"0 del a", "0 del b"});
}

TEST_CASE_FIXTURE(CommandFixture, "expire: NX, XX, GT and LT compare with no expiry as infinite") {
  Run("SET a 1");
  CHECK(Run("EXPIRE a 10 XX") == ":0\r\n");
  CHECK(Run("EXPIRE a 10 GT") == ":0\r\n");
  CHECK(Run("EXPIRE a 10 LT") == ":1\r\n");
  CHECK(Run("EXPIRE a 20 LT") == ":0\r\n");
  CHECK(Run("EXPIRE a 20 NX") == ":0\r\n");
  CHECK(Run("EXPIRE a 20 GT XX") == ":1\r\n");
  CHECK(Run("TTL a") == ":20\r\n");
  CHECK(Run("EXPIRE a 20 NX XX") ==
        "-ERR NX and XX, GT or LT options at the same time are not compatible\r\n");
  CHECK(Run("EXPIRE a 20 GT LT") ==
        "-ERR GT and LT options at the same time are not compatible\r\n");
  CHECK(Run("EXPIRE a 20 ZZ") == "-ERR Unsupported option ZZ\r\n");
}

TEST_CASE_FIXTURE(CommandFixture, "expire: times that overflow are refused") {
  Run("SET a 1");
  CHECK(Run("EXPIRE a 9223372036854775807") == "-ERR invalid expire time in 'expire' command\r\n");
  CHECK(Run("PEXPIRE a 9223372036854775807") ==
        "-ERR invalid expire time in 'pexpire' command\r\n");
  CHECK(Run("EXPIRE a -9223372036854775808") == "-ERR invalid expire time in 'expire' command\r\n");
  CHECK(Run("PEXPIREAT a 9223372036854775807") == ":1\r\n");
}

TEST_CASE_FIXTURE(CommandFixture, "expire: what is left, rounded to seconds") {
  Run("SET a 1 PX 1499");
  CHECK(Run("PTTL a") == ":1499\r\n");
  CHECK(Run("TTL a") == ":1\r\n");
  CHECK(Run("PEXPIRETIME a") == ":1700000001499\r\n");
  CHECK(Run("EXPIRETIME a") == ":1700000001\r\n");
  CHECK(Run("TTL b") == ":-2\r\n");
  Run("SET b 1");
  CHECK(Run("EXPIRETIME b") == ":-1\r\n");
  Advance(std::chrono::milliseconds(1499));
  CHECK(Run("PTTL a") == ":0\r\n");
  Advance(std::chrono::milliseconds(1));
  CHECK(Run("PTTL a") == ":-2\r\n");
}

}  // namespace quorate::testing
