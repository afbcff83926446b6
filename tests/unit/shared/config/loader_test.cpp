#include "shared/config/loader.h"

#include "tests/unit/shared/config/sample_settings.h"

#include <doctest/doctest.h>

using namespace quorate::config;

namespace {

struct Run {
  Sample settings;
  Loaded loaded;
};

Run LoadFile(const std::string& path, const std::string& text,
             const std::vector<std::string>& args = {},
             std::optional<std::string> standard_input = {}) {
  Run run;
  const Table<Sample> table = MakeSampleTable();
  run.loaded = Load({.file = SourceFile{path, text},
                     .standard_input = std::move(standard_input),
                     .command_line = ParseCommandLine(args).entries,
                     .include = nullptr},
                    table.Bind(run.settings));
  return run;
}

std::string Reason(const Run& run) {
  if (!run.loaded.problem) return "";
  return run.loaded.problem->file + ":" + std::to_string(run.loaded.problem->line) + ": " +
         run.loaded.problem->reason;
}

}  // namespace

TEST_CASE("loading: both syntaxes give the same settings") {
  const Run conf = LoadFile(
      "a.conf",
      "PORT 1\nslave-patience 5\nbind a b\nrule x y\nrule z \"\"\ncolour GREEN\nmaxmemory 1mb\n");
  const Run yaml = LoadFile(
      "a.yaml",
      "network: {port: 1, bind: [a, b]}\ngeneral:\n  slave-patience: 5\n  rule:\n    - x y\n"
      "    - [z, \"\"]\n  colour: GREEN\nmaxmemory: 1mb\n");
  REQUIRE(Reason(conf) == "");
  REQUIRE(Reason(yaml) == "");
  CHECK(conf.settings == yaml.settings);
  CHECK(conf.settings.port == 1);
  CHECK(conf.settings.rules == std::vector<Args>{{"x", "y"}, {"z", ""}});
  CHECK(conf.settings.colour == Colour::kGreen);
  CHECK(conf.settings.memory == 1 << 20);
}

TEST_CASE("loading: the first fault stops it, with file, line and reason") {
  CHECK(Reason(LoadFile("a.conf", "port 1\nfoo bar\n")) ==
        "a.conf:2: Bad directive or wrong number of arguments");
  CHECK(Reason(LoadFile("a.conf", "port x\n")) ==
        "a.conf:1: argument couldn't be parsed into an integer");
  CHECK(Reason(LoadFile("a.conf", "port 1 2\n")) == "a.conf:1: wrong number of arguments");
  CHECK(Reason(LoadFile("a.conf", "port\n")) == "a.conf:1: wrong number of arguments");
  CHECK(Reason(LoadFile("a.yaml", "a: b\n")) ==
        "a.yaml:1: Bad directive or wrong number of arguments");
  CHECK(Reason(LoadFile("a.yaml", "verbose: 1\n")) == "a.yaml:1: argument must be 'yes' or 'no'");
  CHECK(Reason(LoadFile("a.yaml", "general:\n  port: 1\n")) ==
        "a.yaml:2: 'port' belongs under 'network', not 'general'");
  CHECK(Reason(LoadFile("a.conf", "", {"--port", "x"})) ==
        "(command line):1: argument couldn't be parsed into an integer");
  CHECK(Reason(LoadFile("a.conf", "", {}, "\nport x")) ==
        "(standard input):2: argument couldn't be parsed into an integer");
}

TEST_CASE("loading: in Redis' syntax the last of two counts, with a warning") {
  const Run run = LoadFile(
      "a.conf", "port 1\nslave-patience 1\nport 2\nreplica-patience 3\nrule a b\nrule c d\n");
  CHECK(Reason(run) == "");
  CHECK(run.settings.port == 2);
  CHECK(run.settings.patience == std::chrono::seconds(3));
  REQUIRE(run.loaded.warnings.size() == 2);
  CHECK(run.loaded.warnings[0] ==
        "'port' is given at line 1 and again at line 3 of a.conf: the last one counts");
}

TEST_CASE("loading: standard input follows the file, the command line overrides both silently") {
  const Run run = LoadFile("a.yaml", "port: 1\nname: file\nverbose: no\n", {"--port", "3"},
                           "name stdin\nport 2\n");
  CHECK(Reason(run) == "");
  CHECK(run.loaded.warnings.empty());
  CHECK(run.settings.port == 3);
  CHECK(run.settings.name == "stdin");
}
