#include "sentinel/app.h"

#include <utility>

#include "sentinel/config/journal.h"
#include "shared/base/random.h"
#include "shared/config/parser_yaml.h"

namespace quorate::sentinel {

base::Result<config::Configuration> LoadConfiguration(
    const AppOptions& options,
    const std::function<base::Result<std::string>(const std::string&)>& read,
    const std::function<bool(const std::string&)>& exists) {
  base::Result<std::string> text = read(options.config_path);
  if (!text)
    return base::Error{"Fatal error, can't open config file '" + options.config_path +
                       "': " + text.error().message};
  config::Sources sources;
  sources.startup.file = {options.config_path, std::move(*text)};
  sources.startup.standard_input = options.standard_input;
  sources.startup.command_line = options.command_line;
  sources.startup.include = options.include;
  if (!sources.startup.include)
    sources.startup.include =
        [&read](const std::string& path) -> base::Result<std::vector<quorate::config::SourceFile>> {
      base::Result<std::string> included = read(path);
      if (!included) return included.error();
      return std::vector<quorate::config::SourceFile>{{path, std::move(*included)}};
    };
  const std::string state_path = config::StatePath(options.config_path);
  if (quorate::config::IsYamlPath(options.config_path) && exists(state_path)) {
    base::Result<std::string> state = read(state_path);
    if (!state)
      return base::Error{"Can't read the state file '" + state_path +
                         "': " + state.error().message};
    sources.state = std::move(*state);
  }
  const std::string journal_path = config::JournalPath(options.config_path);
  if (exists(journal_path)) {
    base::Result<std::string> journal = read(journal_path);
    if (!journal)
      return base::Error{"Can't read the journal '" + journal_path +
                         "': " + journal.error().message};
    sources.journal = std::move(*journal);
  }
  sources.is_executable = options.is_executable;
  return config::LoadConfiguration(sources, config::Directives());
}

base::Result<std::unique_ptr<App>> App::Start(io::Io& io, const AppOptions& options,
                                              log::Logger& logger,
                                              std::function<void(int)> on_exit) {
  io::Files& files = io.files();
  base::Result<config::Configuration> configuration = LoadConfiguration(
      options, [&files](const std::string& path) { return files.Read(path); },
      [&files](const std::string& path) { return files.Exists(path); });
  if (!configuration) return configuration.error();
  for (const std::string& warning : configuration->warnings) logger.Warning(warning);
  logger.SetLevel(configuration->process.loglevel);
  if (configuration->durable.myid.IsZero()) {
    base::Random random(io.RandomSeed());
    configuration->durable.myid = base::RunId::Generate(random);
  }

  ++configuration->durable.journal;
  // The first write: the identity is durable before anyone hears of it, and a file that cannot be
  // written stops us here.
  const std::string path = config::StatePath(options.config_path);
  base::Result<std::string> old_text = std::string();
  if (files.Exists(path)) old_text = files.Read(path);
  if (!old_text) return old_text.error();
  const std::string state =
      config::RenderState(options.config_path, *old_text, config::Directives(), *configuration);
  if (base::Status status = files.Replace(path, state, runtime::kStateMode); !status)
    return base::Error{"Sentinel config file " + path +
                       " is not writable: " + status.error().message + ". Exiting..."};

  std::unique_ptr<App> app(new App);
  app->daemon_ = std::make_unique<runtime::Daemon>(
      io,
      runtime::DaemonOptions{std::move(*configuration), options.config_path, options.is_executable,
                             options.facts},
      logger, std::move(on_exit));
  if (base::Status status = app->daemon_->Start(); !status) return status.error();
  return app;
}

}  // namespace quorate::sentinel
