// Start-up: applies entries of any syntax to bound settings. The first unknown directive, bad value
// or misplaced group stops it. A directive that is not repeatable and stands twice: in YAML an
// error; in Redis' syntax the last one wins, as in Redis, with a warning; the command line
// overrides the file silently.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "shared/config/directive.h"
#include "shared/config/entry.h"
#include "shared/config/parser_redis.h"

namespace quorate::config {

struct Loaded {
  std::optional<Problem> problem;     // if set, the settings are half applied: discard them
  std::vector<std::string> warnings;  // for the log
};

Loaded ApplyEntries(const std::vector<Entry>& entries, const Binding& settings);

// Everything that redis-server's command line can name, in its order: the file (syntax by its
// extension), standard input (Redis' syntax), then --directive args.
struct StartupSources {
  std::optional<SourceFile> file;
  std::optional<std::string> standard_input;
  std::vector<Entry> command_line;
  IncludeReader include;  // empty: `include` is refused
};
Loaded Load(const StartupSources& sources, const Binding& settings);

}  // namespace quorate::config
