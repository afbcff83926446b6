#include "tests/tidy/banned.h"

#include <algorithm>
#include <cctype>
#include <string_view>

namespace quorate::tidy {
namespace {

struct Rule {
  std::string_view text;                  // an identifier at its start must not continue one
  std::string_view instead;               // for people
  std::vector<std::string_view> allowed;  // path prefixes
};

const std::vector<Rule>& Rules() {
  static const std::vector<Rule> rules = {
      {"time(nullptr)", "take `now` as a parameter, or io::Io::WallNow in a runtime", {}},
      {"time(NULL)", "take `now` as a parameter, or io::Io::WallNow in a runtime", {}},
      {"time(0)", "take `now` as a parameter, or io::Io::WallNow in a runtime", {}},
      {"gettimeofday(",
       "take `now` as a parameter, or io::Io::WallNow in a runtime",
       {"shared/uv/"}},
      {"clock_gettime(",
       "take `now` as a parameter, or io::Io::Now in a runtime",
       {"shared/uv/", "tests/bench/"}},
      {"clock()", "take `now` as a parameter, or io::Io::Now in a runtime", {"tests/simulation/"}},
      {"steady_clock::now",
       "take `now` as a parameter, or io::Io::Now in a runtime",
       {"shared/uv/", "tests/"}},
      {"system_clock::now",
       "take `now` as a parameter, or io::Io::WallNow in a runtime",
       {"shared/uv/"}},
      {"high_resolution_clock", "io::Io::Now", {}},
      {"rand(", "base::Random, seeded explicitly", {}},
      {"srand(", "base::Random, seeded explicitly", {}},
      {"random_device", "io::Io::RandomSeed", {"shared/uv/"}},
      {"mt19937", "base::Random", {}},
      {"getrandom(", "io::Io::RandomSeed", {"shared/uv/"}},
      {"uname(",
       "a figure that server/runtime's ProcessProbe fills",
       {"server/runtime/", "sentinel/main.cpp"}},
      {"getrusage(",
       "a figure that server/runtime's ProcessProbe fills",
       {"server/runtime/", "sentinel/main.cpp"}},
      {"getpid(",
       "a figure that server/runtime's ProcessProbe fills",
       {"server/runtime/", "sentinel/main.cpp", "shared/daemon/", "shared/uv/", "scripts/ops/",
        "tests/"}},
      {"system(", "io::Io::Spawn: no shell", {}},
      {"popen(", "io::Io::Spawn: no shell", {}},
      {"sprintf(", "base/numbers.h, std::string, or snprintf", {}},
      {"vsprintf(", "vsnprintf", {}},
      {"strcpy(", "std::string or memcpy with a length", {}},
      {"strcat(", "std::string", {}},
      {"gets(", "std::getline", {}},
      {"strtok(", "std::string_view::find", {}},
      {"atoi(", "base::ParseInt64", {}},
      {"atol(", "base::ParseInt64", {}},
      {"atof(", "base::ParseDouble", {}},
      {"localtime(", "localtime_r in shared/log", {}},
      {"std::regex", "base::GlobMatch or a few lines of parsing", {}},
      {"sleep_for", "io::Timer; tests wait for the event itself", {}},
      {"usleep(", "io::Timer; tests wait for the event itself", {}},
      {"assert(", "CHECK, which is always on, or DCHECK", {}},
      {"#include <uv.h>", "shared/io; libuv is wrapped once", {"shared/uv/"}},
      {"#include <spdlog/", "shared/log", {"shared/log/"}},
      {"#include <yaml-cpp/", "shared/config", {"shared/config/", "scripts/ops/", "tests/"}},
      {"#include <iostream>",
       "shared/log, or std::fputs in a program's main",
       {"server/main.cpp", "sentinel/main.cpp", "tests/"}},
      {"#include <regex>", "base::GlobMatch or a few lines of parsing", {}},
      {"#include <cassert>", "shared/base/check.h", {}},
  };
  return rules;
}

bool IsIdentifier(char c) { return isalnum(static_cast<unsigned char>(c)) != 0 || c == '_'; }

bool Uses(std::string_view line, std::string_view text) {
  for (size_t at = line.find(text); at != std::string_view::npos; at = line.find(text, at + 1)) {
    if (at == 0 || !IsIdentifier(text.front())) return true;
    const char before = line[at - 1];
    const bool member = before == '.' || line.substr(0, at).ends_with("->");
    if (!IsIdentifier(before) && !member) return true;
  }
  return false;
}

bool IsAllowed(const Rule& rule, const std::string& path) {
  return path.starts_with("tests/tidy/") ||
         std::ranges::any_of(rule.allowed,
                             [&](std::string_view prefix) { return path.starts_with(prefix); });
}

}  // namespace

std::vector<std::string> CheckBanned(const std::vector<Source>& sources) {
  std::vector<std::string> faults;
  for (const Source& source : sources) {
    for (size_t i = 0; i < source.code.size(); ++i) {
      for (const Rule& rule : Rules()) {
        if (!Uses(source.code[i], rule.text) || IsAllowed(rule, source.path)) continue;
        faults.push_back(source.path + ":" + std::to_string(i + 1) + ": " + std::string(rule.text) +
                         " is banned here: use " + std::string(rule.instead));
      }
    }
  }
  return faults;
}

std::vector<std::string> CheckHeaders(const std::vector<Source>& sources) {
  constexpr std::string_view kHeavy[] = {
      "#include <nlohmann/json.hpp>", "#include <yaml-cpp/", "#include <spdlog/", "#include <CLI/",
      "#include <iostream>",          "#include <regex>"};
  std::vector<std::string> faults;
  for (const Source& source : sources) {
    if (!source.IsHeader()) continue;
    if (source.lines.empty() || !source.lines.front().starts_with("//")) {
      faults.push_back(source.path + ":1: a header opens with what it is, why, and what it is not");
    }
    if (std::ranges::count(source.lines, "#pragma once") != 1)
      faults.push_back(source.path + ":1: needs #pragma once");
    for (size_t i = 0; i < source.code.size(); ++i) {
      for (std::string_view heavy : kHeavy) {
        if (!source.code[i].starts_with(heavy)) continue;
        faults.push_back(source.path + ":" + std::to_string(i + 1) + ": " + std::string(heavy) +
                         " is heavy: include it in the .cpp");
      }
    }
  }
  return faults;
}

}  // namespace quorate::tidy
