// The repository's style as a test: layering, banned calls, headers. The first cases show that each
// rule can fail.
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

#include "tests/tidy/banned.h"
#include "tests/tidy/layering.h"
#include "tests/tidy/sources.h"

#include <doctest/doctest.h>

namespace quorate::tidy {
namespace {

const std::string kTop = QUORATE_SOURCE_DIR;

std::string Join(const std::vector<std::string>& faults) {
  std::string text;
  for (const std::string& fault : faults) text += "\n  " + fault;
  return text;
}

Graph RepositoryGraph() {
  std::ostringstream text;
  text << std::ifstream(kTop + "/CMakeLists.txt").rdbuf();
  return ParseGraph(text.str());
}

std::vector<std::string> BannedIn(std::string path, std::string_view text) {
  return CheckBanned({MakeSource(std::move(path), text)});
}

}  // namespace

TEST_CASE("tidy: comments and literals are no code") {
  const Source source = MakeSource(
      "a/b.cpp", "int x = 1;  // rand()\nauto s = \"rand(\"; char c = '\"'; f(1'000);\n");
  REQUIRE(source.code.size() == 2);
  CHECK(source.code[0] == "int x = 1;           ");
  CHECK(source.code[1] == "auto s = \"     \"; char c = ' '; f(1'000);");
  const Source raw = MakeSource("a/b.cpp", "auto s = R\"(a \" rand( b)\"; g();\n");
  CHECK(raw.code[0].find("rand") == std::string::npos);
  CHECK(raw.code[0].ends_with("; g();"));
}

TEST_CASE("tidy: the table is read from quorate_library lines") {
  const Graph graph = ParseGraph(
      "function(quorate_library folder)\n# quorate_library(x)\nquorate_library(shared/base)\n"
      "quorate_library(server/store DEPENDS shared/base\n   EXTERNAL PkgConfig::XXHASH)\n");
  CHECK(graph == Graph{{"shared/base", {}}, {"server/store", {"shared/base"}}});
  const Graph program =
      ParseGraph("quorate_program(server quorate-server APP shared/io MAIN shared/uv)\n");
  CHECK(program ==
        Graph{{"server/app", {"shared/io"}}, {"server/main", {"shared/io", "shared/uv"}}});
}

TEST_CASE("tidy: circles, unknown folders and forbidden edges of the table are faults") {
  CHECK(CheckGraph({{"shared/a", {"shared/b"}}, {"shared/b", {"shared/a"}}}).size() == 2);
  CHECK(CheckGraph({{"shared/a", {"shared/zzz"}}}).size() == 1);
  CHECK(CheckGraph({{"server/info", {"sentinel/core"}}, {"sentinel/core", {}}}).size() == 1);
  CHECK(CheckGraph({{"server/app", {"shared/uv"}}, {"shared/uv", {}}}).size() == 1);
  CHECK(CheckGraph({{"sentinel/core", {"shared/io"}}, {"shared/io", {}}}).size() == 1);
  CHECK(CheckGraph({{"server/engine", {"shared/session"}}, {"shared/session", {}}}).empty());
  CHECK(CheckGraph({{"server/engine", {"shared/session"}},
                    {"shared/session", {"shared/log"}},
                    {"shared/log", {}}})
            .size() == 1);
}

TEST_CASE("tidy: an include outside the table is a fault") {
  const Graph graph = {{"shared/base", {}},
                       {"shared/io", {"shared/base"}},
                       {"server/store", {"shared/base"}},
                       {"server/app", {"shared/io"}},
                       {"server/main", {"shared/io", "shared/uv"}}};
  const auto faults = [&](std::string path, std::string_view text) {
    return CheckIncludes(graph, {MakeSource(std::move(path), text)});
  };
  CHECK(faults("server/store/a.cpp",
               "#include \"shared/base/ids.h\"\n#include \"server/store/a.h\"\n")
            .empty());
  CHECK(faults("server/store/a.cpp", "#include \"shared/io/io.h\"\n").size() == 1);
  CHECK(faults("server/store/a.cpp", "#include \"a.h\"\n").size() == 1);
  CHECK(faults("server/app.cpp", "#include \"shared/uv/loop.h\"\n").size() == 1);
  CHECK(faults("server/main.cpp", "#include \"shared/uv/loop.h\"\n").empty());
  CHECK(faults("server/main.cpp", "#include \"sentinel/app.h\"\n").size() == 1);
  CHECK(faults("unlisted/a.cpp", "#include \"shared/base/ids.h\"\n").size() == 1);
}

TEST_CASE("tidy: an edge of the table that nothing uses is a fault") {
  const Graph graph = {{"shared/base", {}},
                       {"server/store", {"shared/base"}},
                       {"server/app", {"shared/base"}},
                       {"server/main", {"shared/base", "shared/uv"}}};
  const Source store = MakeSource("server/store/a.cpp", "#include \"shared/base/ids.h\"\n");
  const Source app = MakeSource("server/app.h", "#include \"shared/base/ids.h\"\n");
  const Source main = MakeSource("server/main.cpp", "#include \"shared/uv/loop.h\"\n");
  CHECK(CheckUnusedEdges(graph, {store, app, main}).empty());
  CHECK(CheckUnusedEdges(graph, {app, main}).size() == 1);
  CHECK(CheckUnusedEdges(graph, {store, main}).size() == 1);
  CHECK(CheckUnusedEdges(graph, {store, app}).size() == 1);
}

TEST_CASE("tidy: banned calls are found, members and longer names are not") {
  CHECK(BannedIn("server/store/a.cpp", "x = std::rand();\n").size() == 1);
  CHECK(BannedIn("server/store/a.cpp", "x = std::chrono::steady_clock::now();\n").size() == 1);
  CHECK(BannedIn("server/store/a.cpp", "#include <uv.h>\n").size() == 1);
  CHECK(BannedIn("shared/uv/a.cpp", "#include <uv.h>\n").empty());
  CHECK(BannedIn("server/info/a.cpp", "uname(&name);\n").size() == 1);
  CHECK(BannedIn("server/store/a.cpp",
                 "operand(1); cursor.rand(); snprintf(b, 1, x); static_assert(true);\n")
            .empty());
}

TEST_CASE("tidy: headers say what they are and stay light") {
  const auto faults = [](std::string_view text) {
    return CheckHeaders({MakeSource("a/b.h", text)});
  };
  CHECK(faults("// What it is.\n#pragma once\n").empty());
  CHECK(faults("#pragma once\n").size() == 1);
  CHECK(faults("// What it is.\n#pragma once\n#include <nlohmann/json.hpp>\n").size() == 1);
  CHECK(faults("// What it is.\n").size() == 1);
}

TEST_CASE("tidy: the repository's table is a DAG without forbidden edges") {
  const Graph graph = RepositoryGraph();
  REQUIRE(graph.size() > 10);
  const auto faults = CheckGraph(graph);
  CHECK_MESSAGE(faults.empty(), Join(faults));
}

TEST_CASE("tidy: every include of the repository follows the table") {
  const auto sources = ReadSources(kTop);
  REQUIRE(sources.size() > 10);
  const auto faults = CheckIncludes(RepositoryGraph(), sources);
  CHECK_MESSAGE(faults.empty(), Join(faults));
}

TEST_CASE("tidy: every edge of the table is used") {
  const auto faults = CheckUnusedEdges(RepositoryGraph(), ReadSources(kTop));
  CHECK_MESSAGE(faults.empty(), Join(faults));
}

TEST_CASE("tidy: no source of the repository uses a banned call") {
  const auto faults = CheckBanned(ReadSources(kTop));
  CHECK_MESSAGE(faults.empty(), Join(faults));
}

TEST_CASE("tidy: every header of the repository says what it is and stays light") {
  const auto faults = CheckHeaders(ReadSources(kTop));
  CHECK_MESSAGE(faults.empty(), Join(faults));
}

}  // namespace quorate::tidy
