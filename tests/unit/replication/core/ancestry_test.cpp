#include "replication/core/ancestry.h"

#include <string>

#include <doctest/doctest.h>

using namespace quorate::base;
using namespace quorate::replication::core;

namespace {

RunId Id(char digit) { return *RunId::Parse(std::string(RunId::kLength, digit)); }

}  // namespace

TEST_CASE("ancestry: what is encoded is read back") {
  for (const Ancestry& ancestry : {Ancestry{}, Ancestry{Id('1')}, Ancestry{Id('1'), Id('2')}})
    CHECK(ParseAncestry(EncodeAncestry(ancestry)) == ancestry);
}

TEST_CASE("ancestry: of a longer one the near part counts") {
  Ancestry longest(100, Id('a'));
  longest[1] = Id('b');
  const auto read = ParseAncestry(EncodeAncestry(longest));
  REQUIRE(read.has_value());
  CHECK(read->size() == kLongestAncestry);
  CHECK((*read)[1] == Id('b'));
}

TEST_CASE("ancestry: other answers are none") {
  for (const std::string line : {"", "ERR", "OK ", "OK 123", "OKAY"}) {
    CAPTURE(line);
    CHECK_FALSE(ParseAncestry(line).has_value());
  }
  CHECK_FALSE(ParseAncestry("OK " + std::string(39, 'a')).has_value());
  CHECK_FALSE(ParseAncestry("OK  " + std::string(40, 'a')).has_value());
}
