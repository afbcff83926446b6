#include "shared/config/parser_redis.h"

#include <map>

#include <doctest/doctest.h>

using namespace quorate::config;

namespace {

// "name|arg|arg" of every entry, or the problem.
std::vector<std::string> Summary(const Parsed& parsed) {
  if (parsed.problem)
    return {parsed.problem->file + ":" + std::to_string(parsed.problem->line) + ": " +
            parsed.problem->reason};
  std::vector<std::string> lines;
  for (const Entry& entry : parsed.entries) {
    std::string line = entry.file + ":" + std::to_string(entry.line) + " " + entry.name;
    for (const std::string& arg : entry.args) line += "|" + arg;
    lines.push_back(std::move(line));
  }
  return lines;
}

std::vector<std::string> Options(const std::vector<std::string>& args) {
  const CommandLine line = ParseCommandLine(args);
  if (line.problem) return {"problem: " + line.problem->text};
  std::vector<std::string> result;
  if (line.file) result.push_back("file " + *line.file);
  if (line.read_stdin) result.emplace_back("stdin");
  for (const Entry& entry : line.entries) result.push_back(entry.text);
  return result;
}

using Lines = std::vector<std::string>;

}  // namespace

TEST_CASE("redis syntax: comments, blanks, quotes and line numbers") {
  const char* text = "# comment\n\n  port 6380\r\n\t# another\nbind a  \"b c\"\nsave ''";
  CHECK(Summary(ParseRedis(text, "f", nullptr)) ==
        Lines{"f:3 port|6380", "f:5 bind|a|b c", "f:6 save|"});
}

TEST_CASE("redis syntax: unbalanced quotes are a problem with its line") {
  const Parsed parsed = ParseRedis("port 1\nname \"a\n", "f", nullptr);
  REQUIRE(parsed.problem);
  CHECK(FatalText(*parsed.problem, "Quorate 1.2") ==
        "\n*** FATAL CONFIG FILE ERROR (Quorate 1.2) ***\nReading the configuration file, at line "
        "2 of f\n"
        ">>> 'name \"a'\nUnbalanced quotes in configuration line\n");
}

TEST_CASE("redis syntax: includes stand where they are written") {
  const std::map<std::string, std::string> files = {
      {"a", "x 1\ninclude b\nx 3"}, {"b", "x 2"}, {"loop", "include loop"}};
  const IncludeReader reader =
      [&](const std::string& path) -> quorate::base::Result<std::vector<SourceFile>> {
    const auto found = files.find(path);
    if (found == files.end()) return quorate::base::Error{path + ": No such file or directory"};
    return std::vector<SourceFile>{{path, found->second}};
  };
  CHECK(Summary(ParseRedis("INCLUDE a\nx 4", "f", reader)) ==
        Lines{"a:1 x|1", "b:1 x|2", "a:3 x|3", "f:2 x|4"});
  CHECK(Summary(ParseRedis("include none", "f", reader)) ==
        Lines{"f:1: none: No such file or directory"});
  CHECK(Summary(ParseRedis("include loop", "f", reader)) ==
        Lines{"loop:1: Too many nested includes"});
  CHECK(Summary(ParseRedis("include a b", "f", reader)) == Lines{"f:1: wrong number of arguments"});
  CHECK(Summary(ParseRedis("include a", "f", nullptr)) ==
        Lines{"f:1: 'include' is not possible here"});
}

TEST_CASE("command line: file, standard input, directives") {
  CHECK(Options({}) == Lines{});
  CHECK(Options({"/etc/s.conf"}) == Lines{"file /etc/s.conf"});
  CHECK(Options({"-"}) == Lines{"stdin"});
  CHECK(Options({"-", "--port", "1"}) == Lines{"stdin", R"(port "1")"});
  CHECK(Options({"f", "--port", "1", "-"}) == Lines{"file f", "stdin", R"(port "1")"});
  CHECK(Options({"--port", "6380", "--replicaof", "127.0.0.1", "6379"}) ==
        Lines{R"(port "6380")", R"(replicaof "127.0.0.1" "6379")"});
  CHECK(Options({"--port 6380", "--name", "a b"}) == Lines{R"(port "6380")", R"(name "a b")"});
}

TEST_CASE(
    "command line: the word after a directive's name is its argument, whatever it looks like") {
  CHECK(Options({"--port", "--name", "x"}) == Lines{R"(port "--name" "x")"});
  CHECK(Options({"--name", "x", "--port", "1"}) == Lines{R"(name "x")", R"(port "1")"});
  CHECK(Options({"--port"}) == Lines{"port"});
}

TEST_CASE("command line: --save alone turns saving off") {
  CHECK(Options({"--save"}) == Lines{R"(save "")"});
  CHECK(Options({"--save", "--port", "1"}) == Lines{R"(save "")", R"(port "1")"});
  CHECK(Options({"--save", ""}) == Lines{R"(save "")"});
}

TEST_CASE("command line: a word that belongs to nothing is refused") {
  CHECK(Options({"file", "more"}) == Lines{"problem: more"});
  CHECK(Options({"-x"}) == Lines{"problem: -x"});
  CHECK(Options({"--port \"1"}) == Lines{"problem: --port \"1"});
}
