#include "shared/config/template.h"

#include <cstdlib>
#include <fstream>
#include <sstream>

#include "server/config/table.h"
#include "shared/config/loader.h"

#include <doctest/doctest.h>

using namespace quorate::server::config;
namespace config = quorate::config;

namespace {

constexpr const char* kTitle =
    "The configuration of quorate-server: every directive with its default.\n"
    "Generated from the directive table; to regenerate: QUORATE_WRITE_TEMPLATES=1 "
    "unit_server_config";

std::string PathOf(const char* name) { return std::string(QUORATE_SOURCE_DIR "/configs/") + name; }

// The file's text; with QUORATE_WRITE_TEMPLATES set it is written first.
std::string FileText(const char* name, const std::string& rendered) {
  if (std::getenv("QUORATE_WRITE_TEMPLATES") != nullptr) std::ofstream(PathOf(name)) << rendered;
  std::ostringstream text;
  text << std::ifstream(PathOf(name)).rdbuf();
  return text.str();
}

constexpr const char* kYamlTitle =
    "The configuration of quorate-server: every directive, with its default but for\n"
    "repl-backlog-disk-size and primary-lease, which are off where they are not named.\n"
    "Generated from the directive table; to regenerate: QUORATE_WRITE_TEMPLATES=1 "
    "unit_server_config";

// The template of the own syntax turns on what a file of Redis cannot have asked for.
ServerSettings YamlSettings() {
  ServerSettings settings;
  settings.repl_backlog_disk_size = 256ULL << 20;
  settings.primary_lease = std::chrono::milliseconds(2000);
  return settings;
}

void LoadsTo(const ServerSettings& expected, const ServerTable& table, const char* name,
             const std::string& text) {
  ServerSettings settings;
  settings.port = 1;
  settings.repl_backlog_size = 123456;
  settings.maxmemory_policy = EvictionPolicy::kAllKeysLru;
  const config::Loaded loaded = config::Load({.file = config::SourceFile{name, text},
                                              .standard_input = {},
                                              .command_line = {},
                                              .include = {}},
                                             table.Bind(settings));
  REQUIRE_MESSAGE(!loaded.problem, config::FatalText(*loaded.problem, "test"));
  CHECK(loaded.warnings.empty());
  CHECK(settings == expected);
}

}  // namespace

TEST_CASE("templates: server.conf says what the table says, and loads to the defaults") {
  const ServerTable table = MakeDirectiveTable();
  const ServerSettings defaults;
  const std::string rendered = config::RenderRedisTemplate(kTitle, table.Bind(defaults));
  CHECK(FileText("server.conf", rendered) == rendered);
  LoadsTo(defaults, table, "server.conf", rendered);
}

TEST_CASE("templates: server.yaml says what the table says, and loads to what it says") {
  const ServerTable table = MakeDirectiveTable();
  const ServerSettings settings = YamlSettings();
  const std::string rendered = config::RenderYamlTemplate(kYamlTitle, table.Bind(settings));
  CHECK(FileText("server.yaml", rendered) == rendered);
  LoadsTo(settings, table, "server.yaml", rendered);
}
