#include "shared/config/parser_yaml.h"

#include "tests/unit/shared/config/sample_settings.h"

#include <doctest/doctest.h>

using namespace quorate::config;

namespace {

using Lines = std::vector<std::string>;

Lines Summary(std::string_view text) {
  const Table<Sample> table = MakeSampleTable();
  const Parsed parsed = ParseYaml(text, "f", table.catalog());
  if (parsed.problem) return {std::to_string(parsed.problem->line) + ": " + parsed.problem->reason};
  Lines lines;
  for (const Entry& entry : parsed.entries) {
    std::string line = std::to_string(entry.line) + " " + entry.group + "/" + entry.name;
    for (const std::string& arg : entry.args) line += "|" + arg;
    lines.push_back(std::move(line));
  }
  return lines;
}

}  // namespace

TEST_CASE("yaml: scalars are texts, lists are words") {
  CHECK(Summary("port: 6380\nname: two words # comment\nsecret: 'it''s'\nbind: [a, \"-::1\"]\n") ==
        Lines{"1 /port|6380", "2 /name|two words", "3 /secret|it's", "4 /bind|a|-::1"});
  CHECK(Summary("bind: a  b\n") == Lines{"1 /bind|a|b"});
  CHECK(Summary("bind: \"\"\n") == Lines{"1 /bind|"});
  CHECK(Summary("name: 0x10\nsecret: yes\n") == Lines{"1 /name|0x10", "2 /secret|yes"});
  CHECK(Summary("") == Lines{});
  CHECK(Summary("# nothing\n") == Lines{});
}

TEST_CASE("yaml: true and false are yes and no where a directive takes those") {
  CHECK(Summary("verbose: true\n") == Lines{"1 /verbose|yes"});
  CHECK(Summary("verbose: \"true\"\n") == Lines{"1 /verbose|true"});
  CHECK(Summary("name: true\n") == Lines{"1 /name|true"});
}

TEST_CASE("yaml: groups") {
  CHECK(Summary("network:\n  port: 1\n  bind:\n    - a\n    - b\ngeneral:\n") ==
        Lines{"2 network/port|1", "4 network/bind|a|b"});
  CHECK(Summary("network: 5\n") == Lines{"1: 'network' is a map of directives"});
}

TEST_CASE("yaml: a repeatable directive takes a list of lines") {
  CHECK(Summary("rule:\n  - a b\n  - [c, 'd e']\n") == Lines{"2 /rule|a|b", "3 /rule|c|d e"});
  CHECK(Summary("rule: a b\n") == Lines{"1 /rule|a|b"});
  CHECK(Summary("rule: []\n") == Lines{});
}

TEST_CASE("yaml: what is refused, with its line") {
  CHECK(Summary("port: 1\nport: 2\n") == Lines{"2: duplicate key 'port', first given at line 1"});
  CHECK(Summary("port: 1\nnetwork:\n  port: 2\n") ==
        Lines{"3: duplicate directive, first given at line 1"});
  CHECK(Summary("maxmemory: 1\nmax-memory: 2\n") ==
        Lines{"2: duplicate directive, first given at line 1"});
  CHECK(Summary("port: 1\nnosuch: 2\n") == Lines{"2: Bad directive or wrong number of arguments"});
  CHECK(Summary("name: &a x\n") == Lines{"1: YAML anchors are not supported"});
  CHECK(Summary("name: !!str x\n") == Lines{"1: YAML tags are not supported"});
  CHECK(Summary("port:\n") == Lines{"1: 'port' has no value (empty text is \"\")"});
  CHECK(Summary("port: {a: b}\n") == Lines{"1: 'port' takes no map"});
  CHECK(Summary("bind: [[a]]\n") == Lines{"1: 'bind' takes words only, with balanced quotes"});
  CHECK(Summary("- port\n") == Lines{"1: a configuration is a map of directives"});
  CHECK(Summary("port: 1\n---\nport: 2\n") == Lines{"0: more than one YAML document"});
  CHECK(Summary("? [a]\n: 1\n") == Lines{"1: a key must be a plain word"});
  CHECK(Summary("port: [1\n")[0].find("not valid YAML") != std::string::npos);
}

TEST_CASE("yaml: deep nesting and oversized files are problems, not crashes") {
  CHECK(Summary(std::string(100'000, '['))[0].find("not valid YAML") != std::string::npos);
  CHECK(Summary(std::string(2 << 20, '#')) == Lines{"0: the file is larger than 1 MiB"});
}

TEST_CASE("yaml: the extension tells") {
  CHECK(IsYamlPath("/etc/server.yaml"));
  CHECK(IsYamlPath("server.yml"));
  CHECK_FALSE(IsYamlPath("server.conf"));
  CHECK_FALSE(IsYamlPath("yaml"));
}
