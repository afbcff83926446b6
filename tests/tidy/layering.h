// The dependency graph of CMakeLists.txt against the #include lines. A source may include headers
// of its own folder and of the folders that its quorate_library(... DEPENDS ...) line names; so the
// table cannot go stale, and a forbidden edge needs an edit that everybody sees. Folders that hold
// programs (server, sentinel, scripts, tests) have the rules of CheckIncludes written out.
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

// Reads every quorate_library(<folder> [DEPENDS <folder>...] [EXTERNAL ...]) of a CMakeLists.txt.
Graph ParseGraph(std::string_view cmake);

// What is wrong with the table itself: cycles, unknown folders, and the edges that the design rules
// out (server and sentinel know nothing of each other; replication knows neither; cores know
// shared/base alone). One line each.
std::vector<std::string> CheckGraph(const Graph& graph);

// "path:line: reason" for every include that the table does not allow.
std::vector<std::string> CheckIncludes(const Graph& graph, const std::vector<Source>& sources);

}  // namespace quorate::tidy
