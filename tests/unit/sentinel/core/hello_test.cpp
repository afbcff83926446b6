#include "sentinel/core/hello.h"

#include <string>

#include "sentinel/core/timings.h"

#include <doctest/doctest.h>

namespace quorate::sentinel::core {
namespace {

const std::string kId(40, 'a');
const std::string kGood = "10.0.0.9,26379," + kId + ",7,mymaster,10.0.0.1,6379,3";

TEST_CASE("hello: a line reads back as it was written") {
  const Hello hello{{"10.0.0.9", 26379}, *base::RunId::Parse(kId), base::Epoch(7),
                    "mymaster",          {"10.0.0.1", 6379},       base::Epoch(3)};
  CHECK(FormatHello(hello) == kGood);
  const auto parsed = ParseHello(kGood);
  REQUIRE(parsed.has_value());
  CHECK(*parsed == hello);
}

TEST_CASE("hello: IPv6 literals and host names are hosts") {
  CHECK(ParseHello("::1,26379," + kId + ",7,m,fe80::1%eth0,6379,3").has_value());
  CHECK(ParseHello("sentinel-1.example,26379," + kId + ",7,m,db_1.example,6379,3").has_value());
}

TEST_CASE("hello: rubbish is refused") {
  const std::string lines[] = {
      "",
      ",",
      ",,,,,,,",
      "hello",
      kGood + ",",
      kGood + ",9",
      kGood.substr(0, kGood.rfind(',')),
      " " + kGood,
      kGood + "\r\n",
      "10.0.0.9 ,26379," + kId + ",7,mymaster,10.0.0.1,6379,3",
      "10.0.0.9\n,26379," + kId + ",7,mymaster,10.0.0.1,6379,3",
      "10.0.0.9,0," + kId + ",7,mymaster,10.0.0.1,6379,3",
      "10.0.0.9,65536," + kId + ",7,mymaster,10.0.0.1,6379,3",
      "10.0.0.9,-1," + kId + ",7,mymaster,10.0.0.1,6379,3",
      "10.0.0.9,+1," + kId + ",7,mymaster,10.0.0.1,6379,3",
      "10.0.0.9,26379,short,7,mymaster,10.0.0.1,6379,3",
      "10.0.0.9,26379," + std::string(40, 'g') + ",7,mymaster,10.0.0.1,6379,3",
      "10.0.0.9,26379," + std::string(40, '0') + ",7,mymaster,10.0.0.1,6379,3",
      "10.0.0.9,26379," + kId + ",-7,mymaster,10.0.0.1,6379,3",
      "10.0.0.9,26379," + kId + ",18446744073709551615,mymaster,10.0.0.1,6379,3",
      "10.0.0.9,26379," + kId + ",99999999999999999999,mymaster,10.0.0.1,6379,3",
      "10.0.0.9,26379," + kId + ",7,,10.0.0.1,6379,3",
      "10.0.0.9,26379," + kId + ",7,my master,10.0.0.1,6379,3",
      "10.0.0.9,26379," + kId + ",7,my\"master,10.0.0.1,6379,3",
      "10.0.0.9,26379," + kId + ",7,mymaster,,6379,3",
      "10.0.0.9,26379," + kId + ",7,mymaster,10.0.0.1,6379,",
      "10.0.0.9,26379," + kId + ",7,mymaster,10.0.0.1,6379,0x3",
      std::string("10.0.0.9\0,26379,", 16) + kId + ",7,mymaster,10.0.0.1,6379,3",
      "10.0.0.9,26379," + kId + ",7," + std::string(kMaxGroupNameLength + 1, 'm') +
          ",10.0.0.1,6379,3",
      std::string(kMaxHostLength + 1, 'h') + ",26379," + kId + ",7,mymaster,10.0.0.1,6379,3",
      std::string(kMaxHelloLength + 1, ','),
  };
  for (const std::string& line : lines) {
    CAPTURE(line);
    CHECK_FALSE(ParseHello(line).has_value());
  }
}

}  // namespace
}  // namespace quorate::sentinel::core
