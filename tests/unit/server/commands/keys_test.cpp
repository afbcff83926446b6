#include <string>
#include <vector>

#include "tests/support/command_fixture.h"

#include <doctest/doctest.h>

namespace quorate::testing {

using Lines = std::vector<std::string>;

TEST_CASE_FIXTURE(CommandFixture, "keys: DEL and EXISTS count each mention") {
  Run("MSET a 1 b 2");
  TakeStream();
  CHECK(Run("EXISTS a a x") == ":2\r\n");
  CHECK(Run("DEL a x a") == ":1\r\n");
  CHECK(Run("UNLINK x") == ":0\r\n");
  CHECK(TakeStream() == Lines{"0 DEL a x a"});
}

TEST_CASE_FIXTURE(CommandFixture, "keys: RENAME moves value and expiry, over what was there") {
  Run("SET a 1 EX 100");
  Run("SET b 2");
  RecordEvents();
  CHECK(Run("RENAMENX a b") == ":0\r\n");
  CHECK(Run("RENAME a b") == "+OK\r\n");
  CHECK(TakeEvents() == Lines{"0 new b", "0 rename_from a", "0 rename_to b"});
  CHECK(Run("GET b") == "$1\r\n1\r\n");
  CHECK(Run("TTL b") == ":100\r\n");
  CHECK(Run("RENAME a c") == "-ERR no such key\r\n");
  CHECK(Run("RENAME b b") == "+OK\r\n");
  CHECK(Run("RENAMENX b b") == ":0\r\n");
}

TEST_CASE_FIXTURE(CommandFixture, "keys: what expired is hidden from KEYS, TYPE and RANDOMKEY") {
  Run("SET a 1 PX 10");
  CHECK(Run("TYPE a") == "+string\r\n");
  CHECK(Run("KEYS *") == "*1\r\n$1\r\na\r\n");
  Advance(std::chrono::milliseconds(11));
  TakeStream();
  CHECK(Run("KEYS *") == "*0\r\n");
  CHECK(TakeStream().empty());
  CHECK(Run("RANDOMKEY") == "$-1\r\n");
  CHECK(TakeStream() == Lines{"0 DEL a"});
  CHECK(Run("TYPE a") == "+none\r\n");
}

TEST_CASE_FIXTURE(CommandFixture, "keys: a replica hides what expired and deletes nothing") {
  Run("SET a 1 PX 10");
  Advance(std::chrono::milliseconds(11));
  replication.replica = true;
  CHECK(Run("GET a") == "$-1\r\n");
  CHECK(Run("EXISTS a") == ":0\r\n");
  CHECK(Run("DBSIZE") == ":1\r\n");
  CHECK(Run("RANDOMKEY") == "$1\r\na\r\n");
}

TEST_CASE_FIXTURE(CommandFixture, "keys: OBJECT looks without leaving a trace") {
  Run("SET a 1");
  Advance(std::chrono::seconds(10));
  CHECK(Run("OBJECT IDLETIME a") == ":10\r\n");
  CHECK(Run("TYPE a") == "+string\r\n");
  CHECK(Run("OBJECT IDLETIME a") == ":10\r\n");
  CHECK(Run("TOUCH a") == ":1\r\n");
  CHECK(Run("OBJECT IDLETIME a") == ":0\r\n");
  CHECK(Run("OBJECT FREQ a").starts_with("-ERR An LFU maxmemory policy is not selected"));
  settings.maxmemory_policy = server::config::EvictionPolicy::kAllKeysLfu;
  CHECK(Run("OBJECT IDLETIME a").starts_with("-ERR An LFU maxmemory policy is selected"));
  Run("SET b 1");
  CHECK(Run("OBJECT FREQ b") == ":5\r\n");
}

}  // namespace quorate::testing
