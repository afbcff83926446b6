#include "shared/log/logger.h"

#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <vector>

#include <doctest/doctest.h>

using namespace quorate::log;
namespace fs = std::filesystem;

namespace {

class TemporaryFolder {
 public:
  TemporaryFolder() {
    std::string pattern = (fs::temp_directory_path() / "quorate-log-XXXXXX").string();
    path_ = mkdtemp(pattern.data());
  }
  ~TemporaryFolder() { fs::remove_all(path_); }
  std::string operator/(const char* name) const { return (path_ / name).string(); }

 private:
  fs::path path_;
};

std::string ReadAll(const std::string& path) {
  std::ostringstream text;
  text << std::ifstream(path).rdbuf();
  return text.str();
}

// "123:M 22 Nov 2026 12:00:00.123 * message" -> "M * message"; empty if the line is of another
// form.
std::string Essence(const std::string& line) {
  int pid = 0;
  int day = 0;
  int year = 0;
  int end = 0;
  char role = 0;
  char month[4] = {};
  char mark = 0;
  if (std::sscanf(line.c_str(), "%d:%c %d %3s %d %*2d:%*2d:%*2d.%*3d %c %n", &pid, &role, &day,
                  month, &year, &mark, &end) != 6)
    return {};
  if (pid != getpid() || year < 2024) return {};
  return std::string() + role + " " + mark + " " + line.substr(static_cast<size_t>(end));
}

}  // namespace

TEST_CASE("log: lines have Redis' form, one mark a level") {
  const TemporaryFolder folder;
  const std::string path = folder / "log.txt";
  auto sink = OpenSink(path);
  REQUIRE(sink.ok());
  Logger logger(std::move(*sink), Level::kDebug, 'M');
  logger.Debug("a");
  logger.Verbose("b {}");
  logger.SetRole('S');
  logger.Notice("c");
  logger.Warning("d");
  std::istringstream lines(ReadAll(path));
  std::vector<std::string> essence;
  for (std::string line; std::getline(lines, line);) essence.push_back(Essence(line));
  CHECK(essence == std::vector<std::string>{"M . a", "M - b {}", "S * c", "S # d"});
}

TEST_CASE("log: what is below the level is not written") {
  std::vector<std::string> taken;
  Logger logger(
      CapturingSink([&](Level, std::string_view message) { taken.emplace_back(message); }),
      Level::kNotice, 'X');
  logger.Verbose("quiet");
  logger.Notice("loud");
  logger.SetLevel(Level::kNothing);
  logger.Warning("nothing is nothing");
  logger.SetLevel(Level::kVerbose);
  logger.Verbose("now");
  CHECK(taken == std::vector<std::string>{"loud", "now"});
}

TEST_CASE("log: a logger without a sink drops everything") {
  Logger logger;
  CHECK_FALSE(logger.Enabled(Level::kWarning));
  logger.Warning("nobody hears");
  logger.Reopen();
}

TEST_CASE("log: an unwritable path is an error that names it") {
  const auto sink = OpenSink("/nonexistent/folder/log.txt");
  REQUIRE_FALSE(sink.ok());
  CHECK(sink.error().message == "/nonexistent/folder/log.txt: No such file or directory");
}

TEST_CASE("log: Reopen follows a file that was moved away") {
  const TemporaryFolder folder;
  const std::string path = folder / "log.txt";
  auto sink = OpenSink(path);
  REQUIRE(sink.ok());
  Logger logger(std::move(*sink), Level::kNotice, 'M');
  logger.Notice("before");
  fs::rename(path, folder / "log.1");
  logger.Notice("still the old one");
  logger.Reopen();
  logger.Notice("after");
  CHECK(ReadAll(folder / "log.1").ends_with("* still the old one\n"));
  CHECK(Essence(ReadAll(path)) == "M * after\n");
}
