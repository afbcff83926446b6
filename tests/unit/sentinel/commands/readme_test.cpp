// The operator's page of the README names everything there is.
#include <fstream>
#include <sstream>
#include <string>

#include "sentinel/commands/context.h"
#include "sentinel/core/events.h"
#include "shared/base/numbers.h"

#include <doctest/doctest.h>

namespace quorate::sentinel::commands {
namespace {

std::string TextOf(const char* path) {
  std::ostringstream text;
  text << std::ifstream(path).rdbuf();
  return text.str();
}

std::string Page() {
  const std::string readme = TextOf(QUORATE_SOURCE_DIR "/README.md");
  const size_t begin = readme.find("## The operator's page of the sentinel");
  REQUIRE(begin != std::string::npos);
  return readme.substr(begin, readme.find("\n## ", begin) - begin);
}

// The word begins a quotation, and is not the beginning of another.
bool Names(const std::string& page, const std::string& word) {
  const std::string quoted = '`' + word;
  for (size_t at = page.find(quoted); at != std::string::npos; at = page.find(quoted, at + 1)) {
    const char next = page[at + quoted.size()];
    if (next == '`' || next == ' ') return true;
  }
  return false;
}

TEST_CASE("readme: the operator's page names every event") {
  const std::string page = Page();
  for (int i = 0; i <= static_cast<int>(core::EventType::kDuplicateMyidGone); ++i) {
    const std::string name(core::Row(static_cast<core::EventType>(i)).name);
    CAPTURE(name);
    CHECK(Names(page, name));
  }
}

TEST_CASE("readme: the operator's page names every subcommand of SENTINEL") {
  const std::string page = Page();
  for (const CommandRow& row : SentinelRows()) {
    for (const auto& subcommand : row.subcommands) {
      const std::string name = base::ToUpper(subcommand.spec.name);
      CAPTURE(name);
      CHECK(Names(page, name));
    }
  }
}

TEST_CASE("readme: the operator's page names every directive of a group") {
  const std::string page = Page();
  std::istringstream lines(TextOf(QUORATE_SOURCE_DIR "/configs/sentinel.conf"));
  int directives = 0;
  for (std::string line; std::getline(lines, line);) {
    if (line.starts_with("# ")) line.erase(0, 2);  // off unless it is named
    if (!line.starts_with("sentinel ") || line.find("mymaster") == std::string::npos) continue;
    const std::string name = line.substr(9, line.find(' ', 9) - 9);
    CAPTURE(name);
    CHECK(Names(page, name));
    ++directives;
  }
  CHECK(directives >= 10);
}

TEST_CASE("readme: the operator's page names every option of a group in YAML") {
  const std::string page = Page();
  std::istringstream lines(TextOf(QUORATE_SOURCE_DIR "/configs/sentinel.yaml"));
  int options = 0;
  bool in_group = false;
  for (std::string line; std::getline(lines, line);) {
    if (line.starts_with("groups:")) in_group = true;
    if (in_group && line.size() > 1 && line[0] != ' ' && line[0] != '#' &&
        !line.starts_with("groups:"))
      in_group = false;
    std::string text = line.substr(std::min(line.find_first_not_of(" #"), line.size()));
    const size_t end = text.find(':');
    if (!in_group || line.find("    ") == std::string::npos || end == std::string::npos) continue;
    text.resize(end);
    if (text.find(' ') != std::string::npos) continue;
    CAPTURE(text);
    CHECK(Names(page, text));
    ++options;
  }
  CHECK(options >= 10);
}

}  // namespace
}  // namespace quorate::sentinel::commands
