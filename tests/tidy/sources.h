// The project's sources as the style tests see them: every .h and .cpp below the source folders,
// with its lines and with a copy of them in which comments and the contents of string literals are
// blanked, so that a rule never trips over prose.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace quorate::tidy {

struct Source {
  std::string path;                // relative to the top of the repository, '/' separated
  std::vector<std::string> lines;  // as written
  std::vector<std::string> code;   // same count; comments and literals are spaces

  bool IsHeader() const { return path.ends_with(".h"); }
  // The folder part of `path`.
  std::string Folder() const;
};

// Splits and blanks `text`. Raw string literals are understood, digraphs and line splices are not.
Source MakeSource(std::string path, std::string_view text);

// Every source of the repository at `top`, by path.
std::vector<Source> ReadSources(const std::string& top);

}  // namespace quorate::tidy
