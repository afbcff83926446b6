#include "sentinel/runtime/daemon.h"

#include <algorithm>
#include <utility>

#include "sentinel/config/journal.h"

#include "shared/base/check.h"
#include "shared/base/overloaded.h"
#include "shared/base/random.h"
#include "shared/config/parser_yaml.h"

namespace quorate::sentinel::runtime {

namespace {

log::Level LevelOf(core::EventLevel level) {
  switch (level) {
    case core::EventLevel::kDebug:
      return log::Level::kDebug;
    case core::EventLevel::kVerbose:
      return log::Level::kVerbose;
    case core::EventLevel::kNotice:
      return log::Level::kNotice;
    case core::EventLevel::kWarning:
      return log::Level::kWarning;
  }
  return log::Level::kWarning;
}

// With many groups something is always due or has just come: what falls into a few milliseconds is
// met together, so that it leaves, and is answered, in a burst.
base::Duration PaceFor(size_t groups) {
  constexpr size_t kGroupsPerMillisecond = 100;
  constexpr size_t kMostMilliseconds = 10;
  return std::chrono::milliseconds(std::min(groups / kGroupsPerMillisecond, kMostMilliseconds));
}

base::RunId NewRunId(io::Io& io) {
  base::Random random(io.RandomSeed());
  return base::RunId::Generate(random);
}

}  // namespace

Daemon::Daemon(io::Io& io, DaemonOptions options, log::Logger& logger,
               std::function<void(int)> on_exit)
    : io_(io),
      logger_(logger),
      on_exit_(std::move(on_exit)),
      directives_(config::Directives()),
      configuration_(std::move(options.configuration)),
      config_path_(std::move(options.config_path)),
      is_executable_(std::move(options.is_executable)),
      facts_(std::move(options.facts)),
      run_id_(NewRunId(io)),
      started_(io.Now()),
      core_(configuration_.settings, configuration_.durable, io.RandomSeed()),
      connections_(io, [this](const core::Input& input) { Feed(input); }),
      writer_(
          io, logger, {config::StatePath(config_path_), config::JournalPath(config_path_)},
          [this] {
            return StateWriter::Saved{core_.state().settings, core_.Durable(),
                                      configuration_.process.loglevel};
          },
          [this](const StateWriter::Saved& saved) { return RenderState(saved); },
          [this](core::Persisted persisted) { Feed(persisted); }),
      history_(io, logger, config::HistoryPath(config_path_)),
      scripts_(
          io, [this]() -> const core::Timings& { return core_.state().settings.timings; },
          [this](ScriptNews news, std::string_view name, const std::string& payload) {
            OnScript(news, name, payload);
          }),
      vetoes_(io, [this](const core::VetoAnswered& answered) { Feed(answered); }),
      clients_(io, logger, configuration_.process, *this) {
  timer_ = io_.CreateTimer([this] {
    armed_for_.reset();
    Feed(core::Tick{});
  });
}

Daemon::~Daemon() { io_.SetEndOfTurn({}); }

base::Status Daemon::Start() {
  if (base::Status status = clients_.Listen(); !status) return status;
  io_.SetEndOfTurn([this] { EndTurn(); });
  history_.Load();
  writer_.Start({configuration_.settings, configuration_.durable, configuration_.process.loglevel});
  logger_.Warning("Sentinel ID is " + configuration_.durable.myid.ToString());
  Feed(core::Start{});
  return {};
}

// ---- inputs and actions

void Daemon::Feed(const core::Input& input) {
  if (exiting_) return;
  for (core::Action& action : core_.Step(io_.Now(), input)) {
    CarryOut(action);
    if (exiting_) return;
  }
  ArmTimer();
}

void Daemon::CarryOut(core::Action& action) {
  std::visit(base::Overloaded{
                 [&](const core::OpenLink& order) { connections_.Open(order); },
                 [&](const core::CloseLink& order) { connections_.Close(order.link); },
                 [&](const core::Send& order) { connections_.Send(order); },
                 [&](const core::ResolveName& order) { Resolve(order.host); },
                 [&](const core::PersistState& order) { writer_.Want(order); },
                 [&](const core::Respond& answer) { clients_.Answer(answer.client, answer.reply); },
                 [&](const core::Announce& news) { Announce(news.event); },
                 [&](core::RunScript& script) { scripts_.Add(std::move(script.argv)); },
                 [&](core::AskVeto& question) { vetoes_.Ask(std::move(question)); },
                 [&](core::RecordFailover& record) { history_.Take(std::move(record)); },
                 [&](core::RecordDiscarded& record) { history_.Take(std::move(record)); },
             },
             action);
}

void Daemon::Resolve(const std::string& host) {
  io_.Resolve(host, [this, host, alive = std::weak_ptr<bool>(alive_)](
                        const base::Result<std::vector<std::string>>& found) {
    if (alive.expired()) return;
    Feed(core::NameResolved{host, found ? *found : std::vector<std::string>()});
  });
}

void Daemon::Announce(const core::Event& event) {
  Publish(LevelOf(event.level()), event.name(), event.payload,
          event.level() != core::EventLevel::kDebug);
  if (CrashesOn(event)) {
    logger_.Warning("Sentinel SIMULATED FAILURE: exiting");
    exiting_ = true;
    on_exit_(kSimulatedCrashExitCode);
  }
}

void Daemon::Publish(log::Level level, std::string_view name, std::string_view payload,
                     bool published) {
  logger_.Log(level, std::string(name) + " " + std::string(payload));
  if (published) clients_.pubsub().Publish(name, payload);
}

void Daemon::OnScript(ScriptNews news, std::string_view name, const std::string& payload) {
  const bool bad = news == ScriptNews::kFailed || news == ScriptNews::kTimedOut;
  Publish(bad ? log::Level::kWarning : log::Level::kDebug, name, payload, bad);
}

bool Daemon::CrashesOn(const core::Event& event) const {
  return ((simulated_failures_ & commands::kCrashAfterElection) != 0 &&
          event.type == core::EventType::kElectedLeader) ||
         ((simulated_failures_ & commands::kCrashAfterPromotion) != 0 &&
          event.type == core::EventType::kPromotedSlave);
}

void Daemon::ArmTimer() {
  if (const std::optional<base::Instant> deadline = core_.NextDeadline()) {
    if (armed_for_ != deadline) timer_->StartAt(*deadline);
    armed_for_ = deadline;
  } else {
    timer_->Stop();
    armed_for_.reset();
  }
}

void Daemon::EndTurn() {
  if (exiting_) return;
  writer_.EndTurn();
  connections_.EndTurn();
  io_.SetPace(PaceFor(core_.state().groups.size()));
  clients_.EndTurn();
  history_.EndTurn();
}

base::Result<std::string> Daemon::RenderState(const StateWriter::Saved& saved) {
  config::Configuration now = configuration_;
  now.settings = saved.settings;
  now.durable = saved.durable;
  const std::string path = config::StatePath(config_path_);
  std::string old_text;
  if (!quorate::config::IsYamlPath(config_path_) && io_.files().Exists(path)) {
    base::Result<std::string> read = io_.files().Read(path);
    if (!read) return read.error();
    old_text = std::move(*read);
  }
  return config::RenderState(config_path_, old_text, directives_, now);
}

// ---- for the commands

void Daemon::Submit(session::Client& client,
                    const std::function<core::Input(core::ClientId)>& make) {
  Feed(make(clients_.Await(client)));
}

bool Daemon::IsExecutable(const std::string& path) const {
  return !is_executable_ || is_executable_(path);
}

void Daemon::SetLogLevel(config::LogLevel level) {
  configuration_.process.loglevel = level;
  logger_.SetLevel(level);
}

commands::ProcessFacts Daemon::Facts() const {
  commands::ProcessFacts facts;
  if (facts_) facts = facts_();
  facts.config_file = config_path_;
  return facts;
}

commands::Counters Daemon::Count() const {
  commands::Counters counters = clients_.Count();
  counters.run_id = run_id_;
  counters.port = clients_.port();
  counters.started = started_;
  counters.wall = io_.WallNow();
  return counters;
}

// ---- the end

void Daemon::RequestShutdown() {
  if (exiting_) return;
  logger_.Warning("User requested shutdown...");
  clients_.FlushAll();
  writer_.Finish();
  history_.Finish();
  exiting_ = true;
  logger_.Warning("Sentinel is now ready to exit, bye bye...");
  io_.Defer([this] { on_exit_(0); });
}

}  // namespace quorate::sentinel::runtime
