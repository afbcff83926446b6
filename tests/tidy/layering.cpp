#include "tests/tidy/layering.h"

#include <algorithm>
#include <optional>
#include <sstream>

namespace quorate::tidy {
namespace {

// The folders of the pure machines: shared/base is all they may know.
constexpr std::string_view kCores[] = {"replication/core", "replication/snapshot", "server/store",
                                       "sentinel/core"};

// Pure as well, though they are made of more than shared/base: what they reach may not reach the
// outside world.
constexpr std::string_view kPure[] = {"server/engine", "server/commands", "server/info"};
constexpr std::string_view kOutside[] = {"shared/io",   "shared/uv",    "shared/log",
                                         "shared/link", "shared/serve", "replication/runtime"};

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

// The row of the table that a source answers to: a daemon's app and main have rows of their own.
std::string RowOf(const Graph& graph, const Source& source) {
  const std::string stem = source.path.substr(0, source.path.rfind('.'));
  const bool is_program = stem.ends_with("/app") || stem.ends_with("/main");
  return is_program && graph.contains(stem) ? stem : source.Folder();
}

bool MayInclude(const Graph& graph, const Source& source, const std::string& folder) {
  if (source.path.starts_with("tests/") || folder == source.Folder()) return true;
  const auto row = graph.find(RowOf(graph, source));
  return row != graph.end() && row->second.contains(folder);
}

// The words between the parentheses of the call that opens at `at`.
std::vector<std::string> Arguments(const std::string& text, size_t at) {
  const size_t open = text.find('(', at) + 1;
  std::istringstream in(text.substr(open, text.find(')', open) - open));
  std::vector<std::string> words;
  for (std::string word; in >> word;) words.push_back(std::move(word));
  return words;
}

// The words that follow `keyword`, up to the next word in capitals.
std::set<std::string> After(const std::vector<std::string>& words, std::string_view keyword) {
  std::set<std::string> found;
  bool listing = false;
  for (const std::string& word : words) {
    const bool is_keyword = std::ranges::all_of(word, [](char c) { return c >= 'A' && c <= 'Z'; });
    if (is_keyword) {
      listing = word == keyword;
    } else if (listing) {
      found.insert(word);
    }
  }
  return found;
}

// Calls `on_call` with the arguments of every call of `function`, not of its definition.
template <typename OnCall>
void ForEachCall(const std::string& text, std::string_view function, OnCall on_call) {
  for (size_t at = text.find(function); at != std::string::npos; at = text.find(function, at + 1)) {
    if (at > 0 && text[at - 1] == '(') continue;
    on_call(Arguments(text, at));
  }
}

}  // namespace

Graph ParseGraph(std::string_view cmake) {
  const std::string text = WithoutComments(cmake);
  Graph graph;
  ForEachCall(text, "quorate_library(", [&](const std::vector<std::string>& words) {
    graph[words.at(0)] = After(words, "DEPENDS");
  });
  ForEachCall(text, "quorate_program(", [&](const std::vector<std::string>& words) {
    const std::set<std::string> app = After(words, "APP");
    std::set<std::string> main = After(words, "MAIN");
    main.insert(app.begin(), app.end());
    graph[words.at(0) + "/app"] = app;
    graph[words.at(0) + "/main"] = main;
  });
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
    if (folder.ends_with("/app") && reached.contains("shared/uv")) {
      faults.push_back(folder + " runs over any Io: only main may pick libuv");
    }
    if (std::ranges::count(kCores, folder) > 0 &&
        !std::ranges::all_of(dependencies,
                             [](const std::string& d) { return d == "shared/base"; })) {
      faults.push_back(folder + " is a core: it may depend on shared/base alone");
    }
    if (std::ranges::count(kPure, folder) == 0) continue;
    for (const std::string_view outside : kOutside) {
      if (reached.contains(std::string(outside)))
        faults.push_back(folder + " is pure: it may not reach " + std::string(outside));
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

std::vector<std::string> CheckUnusedEdges(const Graph& graph, const std::vector<Source>& sources) {
  Graph used;
  for (const Source& source : sources) {
    for (const std::string& line : source.lines)
      if (const auto included = IncludedPath(line))
        used[RowOf(graph, source)].insert(FolderOf(*included));
  }
  std::vector<std::string> faults;
  for (const auto& [folder, dependencies] : graph) {
    const std::string app = std::string(Area(folder)) + "/app";
    for (const std::string& dependency : dependencies) {
      // A program's main has its app's edges as well.
      const bool of_app = folder.ends_with("/main") && graph.at(app).contains(dependency);
      if (!of_app && !used[folder].contains(dependency))
        faults.push_back(folder + " names " + dependency + " but includes nothing of it");
    }
  }
  return faults;
}

}  // namespace quorate::tidy
