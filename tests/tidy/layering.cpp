#include "tests/tidy/layering.h"

#include <algorithm>
#include <optional>
#include <sstream>

namespace quorate::tidy {
namespace {

// The folders of the pure machines: shared/base is all they may know.
constexpr std::string_view kCores[] = {"replication/core", "replication/snapshot", "server/store",
                                       "sentinel/core"};

std::string WithoutComments(std::string_view cmake) {
  std::string text;
  std::istringstream lines{std::string(cmake)};
  for (std::string line; std::getline(lines, line);) text += line.substr(0, line.find('#')) + "\n";
  return text;
}

// The first component of a path: the daemon or area a folder belongs to.
std::string_view Area(std::string_view folder) { return folder.substr(0, folder.find('/')); }

void Visit(const Graph& graph, const std::string& folder, std::set<std::string>& reached) {
  const auto found = graph.find(folder);
  if (found == graph.end()) return;
  for (const std::string& next : found->second) {
    if (reached.insert(next).second) Visit(graph, next, reached);
  }
}

std::set<std::string> ReachableFrom(const Graph& graph, const std::string& folder) {
  std::set<std::string> reached;
  Visit(graph, folder, reached);
  return reached;
}

// True if code of area `from` may never depend on `folder`, however indirectly.
bool IsForbidden(std::string_view from, std::string_view folder) {
  const std::string_view to = Area(folder);
  if (from == "server") return to == "sentinel" || to == "scripts" || to == "tests";
  if (from == "sentinel")
    return to == "server" || to == "scripts" || to == "tests" || to == "replication";
  if (from == "replication") return to != "replication" && to != "shared";
  if (from == "shared") return to != "shared";
  if (from == "scripts") return to != "scripts" && to != "shared";
  return false;
}

std::optional<std::string> IncludedPath(const std::string& line) {
  constexpr std::string_view kPrefix = "#include \"";
  if (!line.starts_with(kPrefix)) return std::nullopt;
  return line.substr(kPrefix.size(), line.find('"', kPrefix.size()) - kPrefix.size());
}

std::string FolderOf(const std::string& path) {
  return path.substr(0, std::min(path.rfind('/'), path.size()));
}

// app.{h,cpp} and main.cpp wire a daemon: anything but another daemon; only main.cpp may pick
// libuv.
bool ProgramMayInclude(const Source& source, const std::string& folder) {
  if (IsForbidden(Area(source.path), folder)) return false;
  return folder != "shared/uv" || source.path.ends_with("/main.cpp");
}

bool MayInclude(const Graph& graph, const Source& source, const std::string& folder) {
  if (source.path.starts_with("tests/")) return true;
  if (folder == source.Folder()) return true;
  const auto row = graph.find(source.Folder());
  const bool wires = source.path.ends_with("/app.h") || source.path.ends_with("/app.cpp") ||
                     source.path.ends_with("/main.cpp");
  if (wires) return ProgramMayInclude(source, folder);
  return row != graph.end() && row->second.contains(folder);
}

}  // namespace

Graph ParseGraph(std::string_view cmake) {
  constexpr std::string_view kCall = "quorate_library(";
  const std::string text = WithoutComments(cmake);
  Graph graph;
  for (size_t at = text.find(kCall); at != std::string::npos; at = text.find(kCall, at + 1)) {
    if (at >= 9 && text.compare(at - 9, 9, "function(") == 0) continue;
    std::istringstream words(
        text.substr(at + kCall.size(), text.find(')', at) - at - kCall.size()));
    std::string folder;
    words >> folder;
    if (folder == "folder") continue;  // the function's own definition
    std::set<std::string>& dependencies = graph[folder];
    bool listing = false;
    for (std::string word; words >> word;) {
      if (word == "DEPENDS" || word == "EXTERNAL") {
        listing = word == "DEPENDS";
      } else if (listing) {
        dependencies.insert(word);
      }
    }
  }
  return graph;
}

std::vector<std::string> CheckGraph(const Graph& graph) {
  std::vector<std::string> faults;
  for (const auto& [folder, dependencies] : graph) {
    for (const std::string& dependency : dependencies) {
      if (!graph.contains(dependency))
        faults.push_back(folder + " depends on unknown " + dependency);
    }
    const std::set<std::string> reached = ReachableFrom(graph, folder);
    if (reached.contains(folder)) faults.push_back(folder + " depends on itself in a circle");
    for (const std::string& other : reached) {
      if (IsForbidden(Area(folder), other))
        faults.push_back(folder + " must never depend on " + other);
    }
    if (std::ranges::count(kCores, folder) > 0 &&
        !std::ranges::all_of(dependencies,
                             [](const std::string& d) { return d == "shared/base"; })) {
      faults.push_back(folder + " is a core: it may depend on shared/base alone");
    }
  }
  return faults;
}

std::vector<std::string> CheckIncludes(const Graph& graph, const std::vector<Source>& sources) {
  std::vector<std::string> faults;
  for (const Source& source : sources) {
    for (size_t i = 0; i < source.lines.size(); ++i) {
      const auto included = IncludedPath(source.lines[i]);
      if (!included) continue;
      const std::string where = source.path + ":" + std::to_string(i + 1) + ": ";
      if (included->find('/') == std::string::npos) {
        faults.push_back(where + "write the path from the top of the repository, not \"" +
                         *included + "\"");
      } else if (!MayInclude(graph, source, FolderOf(*included))) {
        faults.push_back(where + source.Folder() + " may not include " + FolderOf(*included) +
                         " (see its quorate_library line in CMakeLists.txt)");
      }
    }
  }
  return faults;
}

}  // namespace quorate::tidy
