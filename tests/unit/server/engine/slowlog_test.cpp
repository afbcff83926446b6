#include "server/engine/slowlog.h"

#include <doctest/doctest.h>

#include <string>
#include <vector>

using quorate::server::engine::Slowlog;

TEST_CASE("slowlog: newest first, at most so many") {
  Slowlog log;
  for (int i = 0; i < 5; ++i) {
    const std::string number = std::to_string(i);
    const std::vector<std::string_view> args = {"GET", number};
    log.Add(args, {1000}, 10, "127.0.0.1:1", "", 3);
  }
  CHECK(log.entries().size() == 3);
  CHECK(log.entries().front().args[1] == "4");
  CHECK(log.entries().front().id == 4);
}

TEST_CASE("slowlog: long commands are shortened as Redis does") {
  Slowlog log;
  const std::string big(200, 'x');
  std::vector<std::string_view> args(40, "a");
  args[1] = big;
  log.Add(args, {1000}, 10, "", "", 10);
  const auto& kept = log.entries().front().args;
  CHECK(kept.size() == Slowlog::kMaxArgs);
  CHECK(kept[1] == std::string(128, 'x') + "... (72 more bytes)");
  CHECK(kept.back() == "... (9 more arguments)");
}
