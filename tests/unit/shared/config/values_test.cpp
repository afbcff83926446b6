#include "shared/config/values.h"

#include <doctest/doctest.h>

using namespace quorate::config;

TEST_CASE("values: Redis' words for what is wrong") {
  CHECK(ParseInteger("abc", 0, 65535).error().message ==
        "argument couldn't be parsed into an integer");
  CHECK(ParseInteger("", 0, 65535).error().message ==
        "argument couldn't be parsed into an integer");
  CHECK(ParseInteger("70000", 0, 65535).error().message ==
        "argument must be between 0 and 65535 inclusive");
  CHECK(ParseMemory("x", 1, 5).error().message == "argument must be a memory value");
  CHECK(ParseMemory("1kb", 1, 5).error().message == "argument must be between 1 and 5 inclusive");
  CHECK(ParseOctal("8", 0, 0777).error().message ==
        "argument couldn't be parsed as an octal number");
  CHECK(ParseOctal("1000", 0, 0777).error().message ==
        "argument must be between 0 and 777 inclusive");
  CHECK(YesNo().parse("1").error().message == "argument must be 'yes' or 'no'");
  CHECK(ParseChoice("x", {"a", "b"}).error().message ==
        "argument(s) must be one of the following: a, b");
}

TEST_CASE("values: what is right") {
  CHECK(*ParseInteger("-1", -1, 5) == -1);
  CHECK(*ParseMemory("2gb", 0, UINT64_MAX) == 2ULL << 30);
  CHECK(*ParseOctal("755", 0, 0777) == 0755);
  CHECK(*YesNo().parse("YES"));
  CHECK(*ParseChoice("B", {"a", "b"}) == 1);
  CHECK(Octal(0, 0777).format(0640) == "640");
  CHECK(Integer<std::chrono::seconds>(0, 9).parse("7").value() == std::chrono::seconds(7));
}

TEST_CASE("values: memory is written with the largest unit that divides it") {
  CHECK(WriteMemory(0) == "0");
  CHECK(WriteMemory(1000) == "1000");
  CHECK(WriteMemory(1024) == "1kb");
  CHECK(WriteMemory(3 << 20) == "3mb");
  CHECK(WriteMemory(2ULL << 30) == "2gb");
}
