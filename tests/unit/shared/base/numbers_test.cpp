#include "shared/base/numbers.h"

#include <doctest/doctest.h>

using namespace quorate::base;

TEST_CASE("numbers: integers in canonical form only") {
  CHECK(ParseInt64("0") == 0);
  CHECK(ParseInt64("-1") == -1);
  CHECK(ParseInt64("9223372036854775807") == INT64_MAX);
  CHECK(ParseInt64("-9223372036854775808") == INT64_MIN);
  for (const char* bad :
       {"", "-", "+1", " 1", "1 ", "01", "-0", "-01", "9223372036854775808", "1e3", "0x10"})
    CHECK_FALSE(ParseInt64(bad).has_value());
}

TEST_CASE("numbers: floats as Redis reads them") {
  CHECK(ParseDouble("3.5") == 3.5);
  CHECK(ParseDouble("-inf").has_value());
  for (const char* bad : {"", " 1", "1 ", "nan", "abc", "1e999"})
    CHECK_FALSE(ParseDouble(bad).has_value());
}

TEST_CASE("numbers: INCRBYFLOAT's text") {
  CHECK(FormatLongDouble(3.0L) == "3");
  CHECK(FormatLongDouble(0.1L + 0.2L) == "0.3");
  CHECK(FormatLongDouble(-0.0L) == "0");
  CHECK(FormatLongDouble(10.50L) == "10.5");
}

TEST_CASE("numbers: memory sizes") {
  CHECK(ParseMemorySize("100") == 100);
  CHECK(ParseMemorySize("1k") == 1000);
  CHECK(ParseMemorySize("1KB") == 1024);
  CHECK(ParseMemorySize("2gb") == 2ULL << 30);
  CHECK_FALSE(ParseMemorySize("x").has_value());
  CHECK_FALSE(ParseMemorySize("1xb").has_value());
  CHECK_FALSE(ParseMemorySize("99999999999999gb").has_value());
}
