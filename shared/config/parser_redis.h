// Redis' configuration syntax: one directive a line, '#' comment lines, quoting as in words.h,
// `include <path>`; and the `--directive args` form of the command line. It yields entries and
// knows no directive but `include`.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "shared/base/result.h"
#include "shared/config/entry.h"

namespace quorate::config {

struct SourceFile {
  std::string path;
  std::string text;
};
// Reads what an `include` names: one file, or several in order if the reader expands patterns.
using IncludeReader = std::function<base::Result<std::vector<SourceFile>>(const std::string& path)>;

inline constexpr int kMaxIncludeDepth = 16;
inline constexpr size_t kMaxEntries = 100'000;

// Included entries stand where the include stood.
Parsed ParseRedis(std::string_view text, const std::string& file, const IncludeReader& include);

struct CommandLine {
  std::optional<std::string> file;  // the first argument, if it does not begin with '-'
  bool read_stdin = false;          // a lone "-" as first or last argument
  std::vector<Entry> entries;       // --directive args, in order
  std::optional<Problem> problem;
};

// `args` without the program's name. As redis-server: the words up to the next one that begins with
// "--" belong to a directive, but the word right after a directive's name is always its argument;
// "--port 6380" may be one word; `--save` without a value means `--save ""`.
CommandLine ParseCommandLine(const std::vector<std::string>& args);

}  // namespace quorate::config
