// What both syntaxes are reduced to: a list of entries (one directive with its arguments and where
// it was written), or the first problem found. Nothing here knows which directives exist.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace quorate::config {

using Args = std::vector<std::string>;

// Where an entry came from; it decides what a repeated directive means (loader.h).
enum class Origin { kRedisSyntax, kYaml, kCommandLine };

struct Entry {
  std::string name;  // as written
  Args args;
  std::string group;  // YAML: the grouping map it was written under; empty at the top level
  Origin origin = Origin::kRedisSyntax;
  std::string file;  // path, "(standard input)" or "(command line)"
  int line = 0;      // from 1
  std::string text;  // the line as written, for messages
};

// Why a configuration was refused.
struct Problem {
  std::string file;
  int line = 0;  // 0: concerns the file as a whole
  std::string text;
  std::string reason;
};

struct Parsed {
  std::vector<Entry> entries;
  std::optional<Problem> problem;  // if set, `entries` is of no use
};

// The text for stderr, in the form that Redis' users and tools know:
//   *** FATAL CONFIG FILE ERROR (<program>) ***
//   Reading the configuration file, at line 3 of server.conf
//   >>> 'port abc'
//   argument couldn't be parsed into an integer
std::string FatalText(const Problem& problem, std::string_view program);

}  // namespace quorate::config
