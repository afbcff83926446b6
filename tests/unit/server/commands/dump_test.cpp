#include <string>
#include <vector>

#include "replication/snapshot/checksum.h"
#include "tests/support/command_fixture.h"

#include <doctest/doctest.h>

namespace quorate::testing {

using Lines = std::vector<std::string>;

namespace {

// DUMP's payload of "hello", as redis-server 7.0 gives it.
constexpr std::string_view kHello(
    "\x00\x05\x68\x65\x6c\x6c\x6f\x0a\x00\x63\x72\xdf\x76\x65\x34\x20\x0a", 17);

}  // namespace

TEST_CASE_FIXTURE(CommandFixture, "dump: what DUMP gives, RESTORE takes") {
  Run("MSET text hello number -70000 long " + std::string(1000, 'x'));
  for (const std::string name : {"text", "number", "long"}) {
    std::string payload = Run("DUMP " + name);
    payload = payload.substr(payload.find('\n') + 1);
    payload.resize(payload.size() - 2);
    CHECK(RunArgs({"RESTORE", "copy", "0", payload, "REPLACE"}) == "+OK\r\n");
    CHECK(Run("GET copy") == Run("GET " + name));
  }
  CHECK(Run("DUMP absent") == "$-1\r\n");
}

TEST_CASE_FIXTURE(CommandFixture, "dump: RESTORE replicates with an absolute time") {
  CHECK(RunArgs({"RESTORE", "a", "5000", kHello}) == "+OK\r\n");
  CHECK(Run("PTTL a") == ":5000\r\n");
  CHECK(RunArgs({"RESTORE", "a", "0", kHello}) == "-BUSYKEY Target key name already exists.\r\n");
  CHECK(RunArgs({"RESTORE", "a", "1", kHello, "ABSTTL", "REPLACE"}) == "+OK\r\n");
  CHECK(Run("EXISTS a") == ":0\r\n");
  const Lines stream = TakeStream();
  REQUIRE(stream.size() == 2);
  CHECK(stream[0] == "0 RESTORE a 1700000005000 " + std::string(kHello) + " ABSTTL");
  CHECK(stream[1] == "0 DEL a");
}

TEST_CASE_FIXTURE(CommandFixture,
                  "dump: a payload that was changed or is of another type is refused") {
  std::string payload(kHello);
  payload[3] = 'a';
  CHECK(RunArgs({"RESTORE", "a", "0", payload}) ==
        "-ERR DUMP payload version or checksum are wrong\r\n");
  CHECK(RunArgs({"RESTORE", "a", "0", "short"}) ==
        "-ERR DUMP payload version or checksum are wrong\r\n");
  CHECK(RunArgs({"RESTORE", "a", "-1", kHello}) == "-ERR Invalid TTL value, must be >= 0\r\n");
  CHECK(RunArgs({"RESTORE", "a", "0", kHello, "FREQ", "256"}) ==
        "-ERR Invalid FREQ value, must be >= 0 and <= 255\r\n");
  CHECK(Run("EXISTS a") == ":0\r\n");
}

TEST_CASE_FIXTURE(CommandFixture, "dump: bytes between the value and the footer are refused") {
  std::string payload(kHello.substr(0, 7));
  payload.append("x").append(kHello.substr(7, 2));
  const uint64_t checksum = replication::snapshot::Crc64(0, payload);
  for (int i = 0; i < 8; ++i) payload.push_back(static_cast<char>(checksum >> (8 * i)));
  CHECK(RunArgs({"RESTORE", "a", "0", payload}) == "-ERR Bad data format\r\n");
  CHECK(Run("EXISTS a") == ":0\r\n");
}

TEST_CASE_FIXTURE(CommandFixture, "dump: RESTORE sets the idle time") {
  CHECK(RunArgs({"RESTORE", "a", "0", kHello, "IDLETIME", "1000"}) == "+OK\r\n");
  CHECK(Run("OBJECT IDLETIME a") == ":1000\r\n");
}

}  // namespace quorate::testing
