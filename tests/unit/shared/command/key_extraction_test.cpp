#include "shared/command/key_extraction.h"

#include <string>
#include <string_view>
#include <vector>

#include "shared/command/table.h"
#include "tests/unit/shared/command/example_commands.h"

#include <doctest/doctest.h>

using namespace quorate::command;
using example::Context;
using ArgList = std::vector<std::string_view>;

namespace {

// The keys' positions, or {-1} if the arguments are malformed.
std::vector<int> Positions(const ArgList& args) {
  Table<Context> table;
  table.Add(example::kRows);
  const Command* command = table.Resolve(args);
  REQUIRE(command != nullptr);
  KeyReferences keys;
  if (!GetKeys(*command, args, &keys)) {
    CHECK(keys.empty());
    return {-1};
  }
  std::vector<int> positions;
  for (const KeyReference& reference : keys) positions.push_back(reference.position);
  return positions;
}

using Ints = std::vector<int>;

}  // namespace

TEST_CASE("keys: fixed places, ranges and steps") {
  CHECK(Positions({"get", "k"}) == Ints{1});
  CHECK(Positions({"rename", "a", "b"}) == Ints{1, 2});
  CHECK(Positions({"mset", "a", "1", "b", "2"}) == Ints{1, 3});
  CHECK(Positions({"mset", "a", "1", "b"}) == Ints{1, 3});
  CHECK(Positions({"object", "freq", "k"}) == Ints{2});
  CHECK(Positions({"rename", "a"}) == Ints{-1});
  CHECK(Positions({"ping"}) == Ints{-1});
}

TEST_CASE("keys: after a keyword") {
  CHECK(Positions({"xread", "count", "1", "streams", "a", "b", "1", "2"}) == Ints{4, 5});
  CHECK(Positions({"xread", "STREAMS", "a", "1"}) == Ints{2});
  CHECK(Positions({"xread", "count", "1", "a"}) == Ints{});
  CHECK(Positions({"xread", "count", "1", "streams"}) == Ints{});
}

TEST_CASE("keys: counted by an argument") {
  CHECK(Positions({"eval", "script", "2", "a", "b", "arg"}) == Ints{3, 4});
  CHECK(Positions({"zunionstore", "d", "2", "a", "b"}) == Ints{1, 3, 4});
  CHECK(Positions({"zunionstore", "d", "3", "a", "b"}) == Ints{-1});
  CHECK(Positions({"zunionstore", "d", "0", "a"}) == Ints{-1});
  CHECK(Positions({"zunionstore", "d", "-1", "a"}) == Ints{-1});
  CHECK(Positions({"zunionstore", "d", "x", "a"}) == Ints{-1});
  CHECK(Positions({"zunionstore", "d", "9223372036854775807", "a"}) == Ints{-1});
  CHECK(Positions({"eval", "script"}) == Ints{-1});
}

TEST_CASE("keys: an incomplete spec without a function of its own is refused") {
  CHECK(Positions({"migrate", "h", "1", "k", "0", "10"}) == Ints{3});
  CHECK(Positions({"migrate", "h", "1", "", "0", "10", "KEYS", "a"}) == Ints{-1});
}

TEST_CASE("keys: flags come from the function where the spec says they vary") {
  Table<Context> table;
  table.Add(example::kRows);
  KeyReferences keys;
  REQUIRE(GetKeys(*table.Find("set"), ArgList{"set", "k", "v"}, &keys));
  REQUIRE(GetKeys(*table.Find("set"), ArgList{"set", "k", "v", "GET"}, &keys));
  REQUIRE(keys.size() == 2);
  CHECK(keys[0].flags == (key::kOW | key::kUpdate));
  CHECK(keys[1].flags == (key::kRW | key::kAccess | key::kUpdate));
}

TEST_CASE("keys: specs that name no keys are passed over") {
  CHECK(Positions({"spublish", "channel", "m"}) == Ints{});
  Table<Context> table;
  table.Add(example::kRows);
  CHECK_FALSE(table.Find("spublish")->HasKeys());
  CHECK(table.Find("get")->HasKeys());
}
