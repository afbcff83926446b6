#include "shared/command/introspection.h"

#include <string>
#include <string_view>
#include <vector>

#include "shared/base/buffer.h"
#include "shared/command/table.h"
#include "shared/resp/reply_parser.h"
#include "tests/unit/shared/command/example_commands.h"

#include <doctest/doctest.h>

using namespace quorate::command;
using example::Context;
using quorate::base::Buffer;
using quorate::resp::ReplyParser;
using quorate::resp::Writer;
using ArgList = std::vector<std::string_view>;

namespace {

template <typename Reply>
std::string Bytes(int protocol, Reply reply) {
  Table<Context> table;
  table.Add(example::kRows);
  Buffer out;
  Writer writer(out, protocol);
  reply(table, writer);
  // Every reply must be one well-formed value.
  ReplyParser parser;
  CHECK(parser.Next(out.view()) == ReplyParser::Outcome::kReply);
  CHECK(parser.consumed() == out.size());
  return std::string(out.view());
}

template <typename Reply>
std::string Shown(Reply reply) {
  const std::string bytes = Bytes(2, reply);
  ReplyParser parser;
  REQUIRE(parser.Next(bytes) == ReplyParser::Outcome::kReply);
  return parser.value().ToString();
}

std::string Keys(const ArgList& command, bool with_flags = false) {
  ArgList args = {"command", "getkeys"};
  args.insert(args.end(), command.begin(), command.end());
  return Shown([&](Registry& r, Writer& w) {
    with_flags ? ReplyGetKeysAndFlags(r, args, w) : ReplyGetKeys(r, args, w);
  });
}

std::string List(ArgList args) {
  args.insert(args.begin(), {"command", "list"});
  return Shown([&](Registry& r, Writer& w) { ReplyList(r, args, w); });
}

// As redis-server 7.0.15 answers COMMAND INFO set nope config|get.
constexpr std::string_view kInfo2 =
    "*3\r\n*10\r\n$3\r\nset\r\n:-3\r\n*2\r\n+write\r\n+denyoom\r\n:1\r\n:1\r\n:1\r\n*3\r\n+@"
    "write\r\n"
    "+@string\r\n+@slow\r\n*0\r\n*1\r\n*8\r\n$5\r\nnotes\r\n$48\r\nRW and ACCESS due to the "
    "optional "
    "`GET` argument\r\n$5\r\nflags\r\n*4\r\n+RW\r\n+access\r\n+update\r\n+variable_flags\r\n$12\r\n"
    "begin_search\r\n*4\r\n$4\r\ntype\r\n$5\r\nindex\r\n$4\r\nspec\r\n*2\r\n$5\r\nindex\r\n:1\r\n$"
    "9\r\n"
    "find_keys\r\n*4\r\n$4\r\ntype\r\n$5\r\nrange\r\n$4\r\nspec\r\n*6\r\n$7\r\nlastkey\r\n:0\r\n$"
    "7\r\n"
    "keystep\r\n:1\r\n$5\r\nlimit\r\n:0\r\n*0\r\n$-1\r\n*10\r\n$10\r\nconfig|get\r\n:-3\r\n*4\r\n"
    "+admin\r\n+noscript\r\n+loading\r\n+stale\r\n:0\r\n:0\r\n:0\r\n*3\r\n+@admin\r\n+@slow\r\n"
    "+@dangerous\r\n*0\r\n*0\r\n*0\r\n";
constexpr std::string_view kInfo3 =
    "*3\r\n*10\r\n$3\r\nset\r\n:-3\r\n~2\r\n+write\r\n+denyoom\r\n:1\r\n:1\r\n:1\r\n~3\r\n+@"
    "write\r\n"
    "+@string\r\n+@slow\r\n~0\r\n~1\r\n%4\r\n$5\r\nnotes\r\n$48\r\nRW and ACCESS due to the "
    "optional "
    "`GET` argument\r\n$5\r\nflags\r\n~4\r\n+RW\r\n+access\r\n+update\r\n+variable_flags\r\n$12\r\n"
    "begin_search\r\n%2\r\n$4\r\ntype\r\n$5\r\nindex\r\n$4\r\nspec\r\n%1\r\n$5\r\nindex\r\n:1\r\n$"
    "9\r\n"
    "find_keys\r\n%2\r\n$4\r\ntype\r\n$5\r\nrange\r\n$4\r\nspec\r\n%3\r\n$7\r\nlastkey\r\n:0\r\n$"
    "7\r\n"
    "keystep\r\n:1\r\n$5\r\nlimit\r\n:0\r\n~0\r\n_\r\n*10\r\n$10\r\nconfig|get\r\n:-3\r\n~4\r\n"
    "+admin\r\n+noscript\r\n+loading\r\n+stale\r\n:0\r\n:0\r\n:0\r\n~3\r\n+@admin\r\n+@slow\r\n"
    "+@dangerous\r\n~0\r\n~0\r\n~0\r\n";

}  // namespace

TEST_CASE("COMMAND INFO: byte for byte as Redis 7.0 in both protocols") {
  const ArgList args = {"command", "info", "set", "nope", "CONFIG|get"};
  const auto info = [&](Registry& r, Writer& w) { ReplyInfo(r, args, w); };
  CHECK(Bytes(2, info) == kInfo2);
  CHECK(Bytes(3, info) == kInfo3);
}

TEST_CASE("COMMAND INFO: a container lists its subcommands as an array even in RESP3") {
  const ArgList args = {"command", "info", "config"};
  const std::string bytes = Bytes(3, [&](Registry& r, Writer& w) { ReplyInfo(r, args, w); });
  CHECK(
      bytes.find("$6\r\nconfig\r\n:-2\r\n~0\r\n:0\r\n:0\r\n:0\r\n~1\r\n+@slow\r\n~0\r\n~0\r\n*1\r\n"
                 "*10\r\n$10\r\nconfig|get\r\n") != std::string::npos);
}

TEST_CASE("COMMAND INFO: keyword, counted and unknown key specs") {
  const auto specs = [&](std::string_view name) {
    const ArgList args = {"command", "info", name};
    return Shown([&](Registry& r, Writer& w) { ReplyInfo(r, args, w); });
  };
  CHECK(specs("xread").find(
            "\"begin_search\", [\"type\", \"keyword\", \"spec\", [\"keyword\", \"STREAMS\", "
            "\"startfrom\", 1]], \"find_keys\", [\"type\", \"range\", \"spec\", [\"lastkey\", -1, "
            "\"keystep\", 1, \"limit\", 2]]") != std::string::npos);
  CHECK(specs("eval").find("[\"type\", \"keynum\", \"spec\", [\"keynumidx\", 0, \"firstkey\", 1, "
                           "\"keystep\", 1]]") != std::string::npos);
}

TEST_CASE("COMMAND and COMMAND COUNT: every command, subcommands inside") {
  const std::string all = Shown([](Registry& r, Writer& w) { ReplyAllInfo(r, w); });
  const ArgList none = {"command", "info"};
  CHECK(Shown([&](Registry& r, Writer& w) { ReplyInfo(r, none, w); }) == all);
  CHECK(all.find("config|get") != std::string::npos);
  CHECK(Bytes(2, [](Registry& r, Writer& w) { ReplyCount(r, w); }) == ":13\r\n");
}

TEST_CASE("COMMAND INFO: flags of a sentinel are not shown") {
  const ArgList args = {"command", "info", "ping"};
  const std::string shown = Shown([&](Registry& r, Writer& w) { ReplyInfo(r, args, w); });
  CHECK(shown.find("[fast]") != std::string::npos);
}

TEST_CASE("COMMAND DOCS: fields, argument trees and subcommands") {
  const ArgList args = {"command", "docs", "nope", "zrevrangebylex"};
  const auto docs = [&](Registry& r, Writer& w) { ReplyDocs(r, args, w); };
  CHECK(
      Shown(docs) ==
      "[\"zrevrangebylex\", [\"summary\", \"Walks back\", \"since\", \"2.8.9\", \"group\", "
      "\"sorted-set\", \"complexity\", \"O(log(N))\", \"doc_flags\", [deprecated, syscmd], "
      "\"deprecated_since\", \"6.2.0\", \"replaced_by\", \"`ZRANGE`\", \"history\", [[\"6.2.0\", "
      "\"Learned LIMIT.\"]], \"arguments\", [[\"name\", \"key\", \"type\", \"key\", "
      "\"key_spec_index\", 0], [\"name\", \"max\", \"type\", \"string\"], [\"name\", "
      "\"offset_count\", \"type\", \"block\", \"token\", \"LIMIT\", \"since\", \"6.2.0\", "
      "\"flags\", [optional], \"arguments\", [[\"name\", \"offset\", \"type\", \"integer\"], "
      "[\"name\", \"end\", \"type\", \"oneof\", \"flags\", [multiple], \"arguments\", [[\"name\", "
      "\"empty\", \"type\", \"pure-token\", \"token\", \"\"]]]]], [\"name\", \"tail\", \"type\", "
      "\"string\"]]]]");
  CHECK(Bytes(3, docs).starts_with("%1\r\n$14\r\nzrevrangebylex\r\n%9\r\n$7\r\nsummary\r\n"));

  const ArgList container = {"command", "docs", "config"};
  CHECK(Shown([&](Registry& r, Writer& w) { ReplyDocs(r, container, w); }) ==
        "[\"config\", [\"summary\", \"Of configuration\", \"group\", \"server\", \"subcommands\", "
        "[\"config|get\", [\"summary\", \"Shows parameters\", \"since\", \"2.0.0\", \"group\", "
        "\"server\"]]]]");
}

TEST_CASE("COMMAND LIST: filters") {
  CHECK(List({"FILTERBY", "pattern", "CONFIG*"}) == "[\"config\", \"config|get\"]");
  CHECK(List({"filterby", "ACLCAT", "String"}) == "[\"get\", \"set\"]");
  CHECK(List({"filterby", "aclcat", "nope"}) == "[]");
  CHECK(List({"filterby", "module", "json"}) == "[]");
  CHECK(List({}).starts_with("[\"get\", \"set\", \"mset\""));
  CHECK(List({"x"}) == "(error) ERR syntax error");
  CHECK(List({"filterby"}) == "(error) ERR syntax error");
  CHECK(List({"filterby", "pattern"}) == "(error) ERR syntax error");
  CHECK(List({"filterby", "x", "y"}) == "(error) ERR syntax error");
  CHECK(List({"filterby", "pattern", "a", "b"}) == "(error) ERR syntax error");
}

TEST_CASE("COMMAND GETKEYS: keys, flags and errors") {
  CHECK(Keys({"get", "k"}) == "[\"k\"]");
  CHECK(Keys({"zunionstore", "d", "2", "a", "b"}) == "[\"d\", \"a\", \"b\"]");
  CHECK(Keys({"mset", "a", "1", "b", "2"}, true) ==
        "[[\"a\", [OW, update]], [\"b\", [OW, update]]]");
  CHECK(Keys({"set", "a", "b", "get"}, true) == "[[\"a\", [RW, access, update]]]");
  CHECK(Keys({"eval", "x", "0"}) == "[]");
  CHECK(Keys({"eval", "x", "9", "b"}) == "[]");
  CHECK(Keys({"nope", "x"}) == "(error) ERR Invalid command specified");
  CHECK(Keys({"object", "nope", "x"}) == "(error) ERR Invalid command specified");
  CHECK(Keys({"config", "get", "x"}) == "(error) ERR The command has no key arguments");
  CHECK(Keys({"spublish", "c", "m"}) == "(error) ERR The command has no key arguments");
  CHECK(Keys({"get", "a", "b"}) == "(error) ERR Invalid number of arguments specified for command");
  CHECK(Keys({"zunionstore", "d", "5", "a"}) ==
        "(error) ERR Invalid arguments specified for command");
  CHECK(Keys({"xread", "count", "1", "a"}) ==
        "(error) ERR Invalid arguments specified for command");
}

TEST_CASE("HELP: header, lines and the help line") {
  const std::string help = Bytes(2, [](Registry&, Writer& w) { ReplyCommandHelp(w); });
  CHECK(
      help.starts_with("*21\r\n+COMMAND <subcommand> [<arg> [value] [opt] ...]. Subcommands "
                       "are:\r\n+(no subcommand)\r\n"));
  CHECK(help.ends_with("+HELP\r\n+    Prints this help.\r\n"));
}

TEST_CASE("categories: names in the order of their bits") {
  CHECK(CategoryByName("keyspace") == acl::kKeyspace);
  CHECK(CategoryByName("SCRIPTING") == acl::kScripting);
  CHECK(CategoryByName("dangerous") == acl::kDangerous);
  CHECK(CategoryByName("@read") == 0);
  CHECK(CategoryNames().size() == 21);
}
