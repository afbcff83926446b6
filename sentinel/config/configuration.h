// All that a sentinel starts with, and the file its state goes back to. Two forms: a sentinel.conf
// in Redis' syntax, which is rewritten in place with the state in it; and YAML, which is only read,
// with the state in "<file>.state" beside it. Pure: texts come in and go out.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "sentinel/config/process_settings.h"
#include "sentinel/config/statements.h"
#include "sentinel/config/table.h"
#include "shared/base/result.h"
#include "shared/config/loader.h"

namespace quorate::sentinel::config {

struct Configuration {
  ProcessSettings process;
  core::Settings settings;
  core::DurableState durable;
  // YAML: as the file says it, for the state file. Redis' syntax: unused.
  Statements configured;
  LogLevel configured_loglevel = LogLevel::kNotice;
  std::vector<std::string> warnings;
};

// Where the state of the configuration file `path` is kept.
std::string StatePath(const std::string& config_path);

struct Sources {
  quorate::config::StartupSources startup;  // `file` is set
  std::optional<std::string> state;         // YAML: the state file's text, if there is one
  std::optional<std::string> journal;       // the text of that of the state, if there is one
  ScriptCheck is_executable;
};
// Error: the whole text for stderr.
base::Result<Configuration> LoadConfiguration(const Sources& sources, const ProcessTable& table);

// The bytes to put at StatePath. `old_text`: what is there now (Redis' syntax; not looked at for
// YAML).
std::string RenderState(const std::string& config_path, std::string_view old_text,
                        const ProcessTable& table, const Configuration& configuration);

}  // namespace quorate::sentinel::config
