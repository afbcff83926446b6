#include "sentinel/core/option_values.h"

#include <string>

#include <doctest/doctest.h>

namespace quorate::sentinel::core {
namespace {

TEST_CASE("option values: milliseconds, counts and electorates") {
  CHECK(ParseMilliseconds("0", 0) == base::Duration::zero());
  CHECK_FALSE(ParseMilliseconds("0", 1));
  CHECK_FALSE(ParseMilliseconds("-1", 0));
  CHECK_FALSE(ParseMilliseconds("1s", 0));
  CHECK(*ParseMilliseconds("9223372036854775807", 1) == std::chrono::hours(24 * 365 * 10));
  CHECK(ParseCount("2147483647") == 2147483647u);
  for (const char* text : {"0", "-1", "2147483648", "x", ""}) CHECK_FALSE(ParseCount(text));
  CHECK(ParseElectorate("0") == 0u);
  CHECK(ParseElectorate("129") == 129u);
  for (const char* text : {"130", "-1", "x", ""}) CHECK_FALSE(ParseElectorate(text));
}

TEST_CASE("option values: bytes") {
  CHECK(ParseBytes("0") == 0);
  CHECK(ParseBytes("10mb") == 10 << 20);
  CHECK_FALSE(ParseBytes("-1").has_value());
  CHECK_FALSE(ParseBytes("").has_value());
  CHECK_FALSE(ParseBytes("many").has_value());
  CHECK_FALSE(ParseBytes("4611686018427387904").has_value());
}

TEST_CASE("option values: control characters") {
  CHECK_FALSE(HasControlCharacters("p\xc3\xa9 ~"));
  CHECK(HasControlCharacters("a\nb"));
  CHECK(HasControlCharacters(std::string("a\0b", 3)));
  CHECK(HasControlCharacters("\x7f"));
}

}  // namespace
}  // namespace quorate::sentinel::core
