#include "shared/command/registry.h"

#include <cstdint>
#include <deque>
#include <string>
#include <string_view>
#include <vector>

#include "shared/base/numbers.h"
#include "shared/command/table.h"
#include "tests/unit/shared/command/example_commands.h"

#include <doctest/doctest.h>

using namespace quorate::command;
using example::Context;
using ArgList = std::vector<std::string_view>;

TEST_CASE("table: commands are found in any case and run with the caller's context") {
  Table<Context> table;
  table.Add(example::kRows);
  for (const std::string_view name : {"get", "GET", "GeT"}) {
    const Command* command = table.Find(name);
    REQUIRE(command != nullptr);
    CHECK(command->full_name == "get");
    Context context;
    table.Run(*command, context);
    CHECK(context.ran == "get");
  }
  CHECK(table.Find("zrevrangebylex") != nullptr);
  CHECK(table.Find("ZREVRANGEBYLEX") != nullptr);
  CHECK(table.Find("") == nullptr);
  CHECK(table.Find("ge") == nullptr);
  CHECK(table.Find("gett") == nullptr);
  CHECK(table.Find("g\x05t") == nullptr);
  CHECK(table.Find(std::string(100'000, 'x')) == nullptr);
}

TEST_CASE("table: requests resolve to subcommands") {
  Table<Context> table;
  table.Add(example::kRows);
  const Command* get = table.Resolve(ArgList{"CONFIG", "GET", "x"});
  REQUIRE(get != nullptr);
  CHECK(get->full_name == "config|get");
  CHECK(get->parent == table.Find("config"));
  Context context;
  table.Run(*get, context);
  CHECK(context.ran == "config|get");
  CHECK(table.Resolve(ArgList{"config"}) == table.Find("config"));
  CHECK(table.Resolve(ArgList{"config", "nope"}) == nullptr);
  CHECK(table.Resolve(ArgList{"get", "get"}) == table.Find("get"));
  CHECK(table.FindFullName("config|get") == get);
  CHECK(table.FindFullName("CONFIG|GET") == get);
  CHECK(table.FindFullName("config|nope") == nullptr);
  CHECK(table.FindFullName("nope|get") == nullptr);
  CHECK(table.FindFullName("get|get") == nullptr);
}

TEST_CASE("table: a renamed command is found under its new name alone, a removed one not at all") {
  Table<Context> table;
  table.Add(example::kRows);
  const size_t before = table.commands().size();
  CHECK(table.Rename("GET", "Fetch").ok());
  CHECK(table.Find("get") == nullptr);
  REQUIRE(table.Find("FETCH") != nullptr);
  CHECK(table.Find("fetch")->full_name == "get");
  CHECK(table.Rename("get", "x").error().message == "No such command in rename-command");
  CHECK(table.Rename("fetch", "zrevrangebylex").error().message ==
        "Target command name already exists");
  CHECK(table.Rename("fetch", "").ok());
  CHECK(table.Find("fetch") == nullptr);
  CHECK(table.commands().size() == before - 1);
  CHECK(table.Find("zrevrangebylex") != nullptr);
}

TEST_CASE("table: indices are dense and name the row") {
  Table<Context> table;
  table.Add(example::kRows);
  CHECK(table.size() == std::size(example::kRows) + 2);
  for (uint32_t i = 0; i < table.size(); ++i) {
    CHECK(table.at(i).index == i);
    CHECK(table.FindFullName(table.at(i).full_name) == &table.at(i));
  }
  CHECK(table.commands().size() == std::size(example::kRows));
  CHECK_FALSE(table.Find("config")->runnable);
  CHECK(table.Find("get")->runnable);
}

TEST_CASE("table: why a request cannot run, in Redis' words") {
  Table<Context> table;
  table.Add(example::kRows);
  const auto refusal = [&](const ArgList& args) {
    return RefusalOf(table, table.Resolve(args), args);
  };
  CHECK(refusal({"get", "k"}) == "");
  CHECK(refusal({"GET"}) == "ERR wrong number of arguments for 'get' command");
  CHECK(refusal({"get", "a", "b"}) == "ERR wrong number of arguments for 'get' command");
  CHECK(refusal({"set", "a", "b", "c", "d"}) == "");
  CHECK(refusal({"ping"}) == "");
  CHECK(refusal({"config"}) == "ERR wrong number of arguments for 'config' command");
  CHECK(refusal({"config", "get"}) == "ERR wrong number of arguments for 'config|get' command");
  CHECK(refusal({"config", "Foo"}) == "ERR unknown subcommand 'Foo'. Try CONFIG HELP.");
  CHECK(refusal({"nope", "a"}) == "ERR unknown command 'nope', with args beginning with: 'a' ");
}

TEST_CASE("table: categories and flags that follow from others") {
  Table<Context> table;
  table.Add(example::kRows);
  CHECK(table.Find("get")->categories == (acl::kRead | acl::kString | acl::kFast));
  CHECK(table.Find("set")->categories == (acl::kWrite | acl::kString | acl::kSlow));
  CHECK(table.FindFullName("config|get")->categories ==
        (acl::kAdmin | acl::kDangerous | acl::kSlow));
  CHECK(table.Find("xread")->categories == (acl::kBlocking | acl::kSlow));
  CHECK(table.Find("spublish")->categories == (acl::kPubsub | acl::kSlow));
  CHECK(ImpliedCategories(flag::kReadonly, acl::kScripting) == (acl::kScripting | acl::kSlow));

  CHECK(table.Find("xread")->Has(flag::kMovableKeys));
  CHECK(table.Find("eval")->Has(flag::kMovableKeys));
  CHECK(table.Find("zunionstore")->Has(flag::kMovableKeys));
  CHECK_FALSE(table.Find("set")->Has(flag::kMovableKeys));
  CHECK_FALSE(table.Find("get")->Has(flag::kMovableKeys));
}

TEST_CASE("table: the legacy key range") {
  Table<Context> table;
  table.Add(example::kRows);
  const auto range = [&](std::string_view name) {
    const LegacyRange& r = table.FindFullName(name)->range;
    return std::vector<int>{r.first, r.last, r.step};
  };
  CHECK(range("get") == std::vector<int>{1, 1, 1});
  CHECK(range("mset") == std::vector<int>{1, -1, 2});
  CHECK(range("rename") == std::vector<int>{1, 2, 1});
  CHECK(range("zunionstore") == std::vector<int>{1, 1, 1});
  CHECK(range("xread") == std::vector<int>{0, 0, 0});
  CHECK(range("migrate") == std::vector<int>{3, 3, 1});
  CHECK(range("object|freq") == std::vector<int>{2, 2, 1});
  CHECK(range("ping") == std::vector<int>{0, 0, 0});
}

TEST_CASE("table: many names of every length are all found and no others") {
  std::deque<std::string> names;
  std::deque<Row<Context>> rows;
  Table<Context> table;
  for (size_t length = 1; length <= 40; ++length) {
    for (char c = 'a'; c <= 'z'; ++c) {
      for (const size_t at : {size_t{0}, length / 2, length - 1}) {
        std::string name(length, 'm');
        name[at] = c;
        if (table.Find(name) != nullptr) continue;
        names.push_back(name);
        rows.push_back({.spec = {.name = names.back()}, .run = &example::Other});
        table.Add({&rows.back(), 1});
      }
    }
  }
  for (const std::string& name : names) {
    REQUIRE(table.Find(name) != nullptr);
    CHECK(table.Find(name)->full_name == name);
    CHECK(table.Find(quorate::base::ToUpper(name))->full_name == name);
    CHECK(table.Find(name + "_") == nullptr);
  }
}
