// Fuzzes the YAML configuration syntax: nothing crashes or throws, and a configuration that loads
// still says the same after a rewrite (or the rewrite is refused).
#include <cstdint>
#include <string>
#include <string_view>

#include "server/config/table.h"
#include "shared/base/check.h"
#include "shared/config/loader.h"
#include "shared/config/rewrite.h"

namespace {

namespace config = quorate::config;
using quorate::server::config::ServerSettings;
using quorate::server::config::ServerTable;

bool LoadInto(ServerSettings& settings, const ServerTable& table, std::string text) {
  const config::Loaded loaded =
      config::Load({.file = config::SourceFile{"fuzz.yaml", std::move(text)},
                    .standard_input = {},
                    .command_line = {},
                    .include = {}},
                   table.Bind(settings));
  return !loaded.problem;
}

void CheckRewrite(std::string_view old_text, const ServerTable& table,
                  const ServerSettings& settings) {
  const auto rewritten = config::RewriteYaml(old_text, table.Bind(settings));
  if (!rewritten) return;
  ServerSettings again;
  CHECK(LoadInto(again, table, *rewritten));
  CHECK(again == settings);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static const ServerTable table = quorate::server::config::MakeDirectiveTable();
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  ServerSettings settings;
  if (!LoadInto(settings, table, std::string(text))) return 0;
  CheckRewrite(text, table, settings);
  settings.port ^= 1;
  settings.bind = {"::1", "a b"};
  settings.requirepass = "x: #\n";
  settings.rename_command = {{"KEYS", ""}};
  CheckRewrite(text, table, settings);
  return 0;
}
