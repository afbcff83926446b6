#include "server/engine/lookahead.h"

#include <array>
#include <string>
#include <vector>

#include <doctest/doctest.h>

namespace quorate::server::engine {
namespace {

std::vector<std::string> Keys(std::string_view input) {
  std::array<std::string_view, 4> keys;
  const size_t count = GlanceAtKeys(input, keys);
  return {keys.begin(), keys.begin() + static_cast<ptrdiff_t>(count)};
}

using Lines = std::vector<std::string>;

TEST_CASE("lookahead: the second argument of each complete request") {
  CHECK(Keys("*2\r\n$3\r\nGET\r\n$1\r\na\r\n*3\r\n$3\r\nSET\r\n$2\r\nbb\r\n$0\r\n\r\n"
             "*1\r\n$4\r\nPING\r\n*2\r\n$3\r\nGET\r\n$1\r\nc") == Lines{"a", "bb", ""});
}

TEST_CASE("lookahead: no more than is asked for") {
  std::string input;
  for (int i = 0; i < 10; ++i) input += "*2\r\n$3\r\nGET\r\n$1\r\na\r\n";
  CHECK(Keys(input).size() == 4);
}

TEST_CASE("lookahead: stops at what is no plain request") {
  const std::string get = "*2\r\n$3\r\nGET\r\n$1\r\na\r\n";
  for (const std::string_view odd :
       {"PING\r\n", "*0\r\n", "*-1\r\n", "*", "*2", "*2\r", "*2\r\n", "*2\r\n$", "*2\r\n$99",
        "*2\r\n$-1\r\n", "*2\r\n$99999999999999999999\r\n", "*9\r\n$3\r\nDEL\r\n", "*x\r\n", ""}) {
    CAPTURE(odd);
    CHECK(Keys(get + std::string(odd)) == Lines{"a"});
  }
}

}  // namespace
}  // namespace quorate::server::engine
