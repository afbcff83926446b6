#include <string>
#include <vector>

#include "tests/support/command_fixture.h"

#include <doctest/doctest.h>

namespace quorate::testing {

using Lines = std::vector<std::string>;

namespace {

// All keys of a whole scan, however often they were returned.
size_t ScanAll(CommandFixture& fixture, const std::string& options) {
  size_t found = 0;
  std::string cursor = "0";
  do {
    const std::string bytes = fixture.Run("SCAN " + cursor + " " + options);
    resp::ReplyParser parser;
    REQUIRE(parser.Next(bytes) == resp::ReplyParser::Outcome::kReply);
    cursor = parser.value().items.at(0).text;
    found += parser.value().items.at(1).items.size();
  } while (cursor != "0");
  return found;
}

}  // namespace

TEST_CASE_FIXTURE(CommandFixture, "scan: a whole scan returns every key that matches") {
  for (int i = 0; i < 1000; ++i) Run("SET key:" + std::to_string(i) + " x");
  CHECK(ScanAll(*this, "") == 1000);
  CHECK(ScanAll(*this, "COUNT 100 MATCH key:1??") == 100);
  CHECK(ScanAll(*this, "TYPE string COUNT 1000") == 1000);
  CHECK(ScanAll(*this, "TYPE list") == 0);
}

TEST_CASE_FIXTURE(CommandFixture, "scan: expired keys are deleted on the way, each for itself") {
  Run("SET a 1 PX 10");
  Run("SET b 1 PX 10");
  Run("SET c 1");
  Advance(std::chrono::milliseconds(11));
  TakeStream();
  CHECK(Run("SCAN 0 COUNT 1000") == "*2\r\n$1\r\n0\r\n*1\r\n$1\r\nc\r\n");
  CHECK(TakeStream().size() == 2);  // no MULTI around them
}

TEST_CASE_FIXTURE(CommandFixture, "scan: cursors are read as strtoul reads them") {
  CHECK(Run("SCAN x") == "-ERR invalid cursor\r\n");
  CHECK(Run("SCAN ' 0'") == "-ERR invalid cursor\r\n");
  CHECK(Run("SCAN 99999999999999999999") == "-ERR invalid cursor\r\n");
  CHECK(Run("SCAN ''") == "*2\r\n$1\r\n0\r\n*0\r\n");
  CHECK(Run("SCAN 0 COUNT 0") == "-ERR syntax error\r\n");
  CHECK(Run("SCAN 0 COUNT x") == "-ERR value is not an integer or out of range\r\n");
  CHECK(Run("SCAN 0 MATCH") == "-ERR syntax error\r\n");
}

}  // namespace quorate::testing
