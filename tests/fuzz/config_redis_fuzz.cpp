// Fuzzes Redis' configuration syntax, the command line included: nothing crashes, words survive
// quoting, and a configuration that loads still says the same after a rewrite.
#include <algorithm>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "server/config/table.h"
#include "shared/base/check.h"
#include "shared/config/loader.h"
#include "shared/config/rewrite.h"
#include "shared/config/words.h"

namespace {

namespace config = quorate::config;
using quorate::server::config::ServerSettings;
using quorate::server::config::ServerTable;

// Every include yields a file that includes itself, so that the depth limit is met.
quorate::base::Result<std::vector<config::SourceFile>> IncludeSame(const std::string& path) {
  if (path.size() > 3) return quorate::base::Error{path + ": No such file or directory"};
  return std::vector<config::SourceFile>{{path, "port 1\ninclude " + path + "x\n"}};
}

bool LoadInto(ServerSettings& settings, const ServerTable& table, std::string text) {
  const config::Loaded loaded =
      config::Load({.file = config::SourceFile{"fuzz.conf", std::move(text)},
                    .standard_input = {},
                    .command_line = {},
                    .include = IncludeSame},
                   table.Bind(settings));
  return !loaded.problem;
}

void CheckRewrite(std::string_view text) {
  static const ServerTable table = quorate::server::config::MakeDirectiveTable();
  ServerSettings settings;
  if (!LoadInto(settings, table, std::string(text))) return;
  ServerSettings again;
  CHECK(LoadInto(again, table, config::RewriteRedis(text, table.Bind(settings))));
  CHECK(again == settings);
}

void CheckCommandLine(std::string_view text) {
  std::vector<std::string> args;
  for (size_t begin = 0; begin < text.size();) {
    const size_t end = std::min(text.find('\n', begin), text.size());
    args.emplace_back(text.substr(begin, end - begin));
    begin = end + 1;
  }
  const config::CommandLine line = config::ParseCommandLine(args);
  for (const config::Entry& entry : line.entries) {
    std::string joined;
    for (const std::string& arg : entry.args) joined += config::QuoteWordIfNeeded(arg) + " ";
    CHECK(*config::SplitWords(joined) == entry.args);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  CheckRewrite(text);
  CheckCommandLine(text);
  return 0;
}
