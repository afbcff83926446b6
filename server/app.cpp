#include "server/app.h"

#include "server/config/table.h"
#include "shared/config/default_user.h"

namespace quorate::server {

base::Result<LoadedSettings> LoadSettings(const quorate::config::StartupSources& sources) {
  LoadedSettings loaded;
  quorate::config::Loaded outcome =
      quorate::config::Load(sources, config::Directives().Bind(loaded.settings));
  if (outcome.problem)
    return base::Error{quorate::config::FatalText(*outcome.problem, "Quorate " QUORATE_VERSION)};
  if (base::Status status =
          quorate::config::SettleDefaultUser(loaded.settings.kept, loaded.settings.requirepass);
      !status)
    return status.error();
  loaded.warnings = std::move(outcome.warnings);
  return loaded;
}

base::Result<std::unique_ptr<App>> App::Start(io::Io& io, runtime::Server::Options options,
                                              log::Logger& logger, runtime::ProcessProbe& probe,
                                              std::function<void(int)> on_exit) {
  std::unique_ptr<App> app(new App);
  app->server_ =
      std::make_unique<runtime::Server>(io, std::move(options), logger, probe, std::move(on_exit));
  if (base::Status status = app->server_->Start(); !status) return status.error();
  return app;
}

}  // namespace quorate::server
