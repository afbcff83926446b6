// The dependency graph of CMakeLists.txt against the #include lines. A source may include headers
// of its own folder and of the folders that its quorate_library(... DEPENDS ...) line names; so the
// table cannot go stale, and a forbidden edge needs an edit that everybody sees. app.{h,cpp}
// and main.cpp of a daemon answer to its quorate_program(... APP ... MAIN ...) line instead, which
// is <folder>/app and <folder>/main in the graph. Tests may include anything.
#pragma once

#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "tests/tidy/sources.h"

namespace quorate::tidy {

// Folder -> the folders that it names as dependencies.
using Graph = std::map<std::string, std::set<std::string>>;

// Reads every quorate_library(<folder> [DEPENDS <folder>...] [EXTERNAL ...]) and every
// quorate_program(<folder> <binary> APP <folder>... MAIN <folder>...) of a CMakeLists.txt.
Graph ParseGraph(std::string_view cmake);

// What is wrong with the table itself: cycles, unknown folders, and the edges that the design rules
// out (server and sentinel know nothing of each other; replication knows neither; cores know
// shared/base alone; the server's engine, commands and INFO reach no I/O and no log; no app reaches
// libuv). One line each.
std::vector<std::string> CheckGraph(const Graph& graph);

// "path:line: reason" for every include that the table does not allow.
std::vector<std::string> CheckIncludes(const Graph& graph, const std::vector<Source>& sources);

// One line for every edge of the table that no #include of its row uses.
std::vector<std::string> CheckUnusedEdges(const Graph& graph, const std::vector<Source>& sources);

}  // namespace quorate::tidy
