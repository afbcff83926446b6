#include "server/runtime/server.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <utility>

#include "server/commands/all.h"
#include "server/persistence/word_form.h"
#include "server/runtime/replication_options.h"
#include "shared/base/check.h"
#include "shared/config/rewrite.h"
#include "shared/config/unhonoured.h"
#include "shared/resp/errors.h"

namespace quorate::server::runtime {

namespace {

bool IsYaml(const std::string& path) { return path.ends_with(".yaml") || path.ends_with(".yml"); }

base::Random Seeded(io::Io& io) { return base::Random(io.RandomSeed()); }

constexpr base::Duration kWordRetry = std::chrono::seconds(1);  // after a write that failed

// One file for each port, since servers may share a folder.
std::string WordFile(const config::ServerSettings& settings) {
  return fmt::format("sentinel-{}.epoch", settings.port);
}

base::Error CannotReadBacklog(const base::Error& why) {
  return {fmt::format("Fatal error reading the on-disk backlog, {}. Exiting.", why.message)};
}

// What a stream's commands are called, whatever they were renamed to here. Of the whole process:
// workers read it.
std::shared_ptr<const engine::CommandTable> OriginalCommands() {
  static const auto kTable = [] {
    auto table = std::make_shared<engine::CommandTable>();
    commands::RegisterAll(*table);
    return table;
  }();
  return kTable;
}

}  // namespace

Server::Server(io::Io& io, Options options, log::Logger& logger, ProcessProbe& probe,
               std::function<void(int)> on_exit)
    : io_(io),
      logger_(logger),
      probe_(probe),
      on_exit_(std::move(on_exit)),
      directives_(config::Directives()),
      settings_(std::move(options.settings)),
      config_path_(std::move(options.config_path)),
      hasher_(Seeded(io)),
      databases_(hasher_, static_cast<size_t>(settings_.databases)),
      bridge_(io, logger, [this](uint64_t id) {
        const auto it = connections_.find(id);
        return it == connections_.end() ? nullptr : it->second.get();
      }) {
  base::Random random = Seeded(io);
  const base::RunId run_id = base::RunId::Generate(random);
  engine_ = std::make_unique<engine::Engine>(settings_, databases_, bridge_, *this, random.Fork(),
                                             run_id, io_.Now());
  snapshots_ = std::make_unique<persistence::Snapshots>(io_, *engine_);
  dataset_ = std::make_unique<persistence::Dataset>(*engine_, *snapshots_);
  saver_ = std::make_unique<persistence::Saver>(io_, *engine_, *snapshots_, logger_);
  rollbacks_ = std::make_unique<persistence::RollbackRecords>(io_, *engine_, *snapshots_,
                                                              OriginalCommands(), logger_);
  replication_ = std::make_unique<replication::runtime::Replication>(
      io_,
      replication::runtime::ReplicationPorts{*dataset_, bridge_, bridge_, bridge_, &logger_, run_id,
                                             rollbacks_.get()},
      ReplicationOptions(settings_), settings_.port);
  bridge_.Attach(*engine_, *replication_, [this] { EndInDisorder(); });
  engine_->fencing().SetLease(settings_.primary_lease);
  BeginTurn();
  engine_->last_save_seconds = io_.WallNow().ms / 1000;
  commands::RegisterAll(engine_->table());
  engine_->OnTableComplete();
  engine_->startup_memory = probe_.UsedBytes();
}

Server::~Server() {
  io_.SetEndOfTurn({});
  tcp_listeners_.clear();
  unix_listener_.clear();
  for (auto& [id, connection] : connections_) engine_->RemoveSession(SessionOf(*connection));
  connections_.clear();
  bridge_.Detach();
}

base::Status Server::Start() {
  for (const auto& [from, to] : settings_.rename_command) {
    if (base::Status status = engine_->table().Rename(from, to); !status)
      return base::Error{
          fmt::format("rename-command {} \"{}\": {}", from, to, status.error().message)};
  }
  if (base::Status status = LoadWord(); !status) return status;
  auto tcp = OpenTcpListeners(settings_);
  if (!tcp) return tcp.error();
  auto unix_socket = OpenUnixListener(settings_);
  if (!unix_socket) return unix_socket.error();
  tcp_listeners_ = std::move(*tcp);
  unix_listener_ = std::move(*unix_socket);
  rollbacks_->Load();
  io_.SetEndOfTurn([this] { EndTurn(); });
  cron_timer_ = io_.CreateTimer([this] { OnCron(); });
  deadline_timer_ = io_.CreateTimer([this] {
    BeginTurn();
    engine_->Cron();
    ArmDeadline();
  });
  cron_timer_->StartAt(io_.Now() + std::chrono::milliseconds(1000 / settings_.hz));
  const base::Result<bool> recovering =
      replication_->RecoverDisk([this](const base::Status& found) {
        if (!found) return GiveUpLoading(CannotReadBacklog(found.error()).message);
        if (const base::Status loaded = LoadDataset(); !loaded)
          GiveUpLoading(loaded.error().message);
      });
  if (!recovering) return CannotReadBacklog(recovering.error());
  if (!*recovering) return LoadDataset();
  BeginLoading();
  logger_.Notice("Looking through the on-disk backlog");
  return {};
}

// ---- what is on disk at start

base::Status Server::LoadDataset() {
  if (io_.files().Exists(settings_.dbfilename)) return StartLoading();
  if (engine_->loading) {
    ReplayStream(std::nullopt, {});
    return {};
  }
  if (settings_.replicaof) {
    logger_.SetRole('S');
    replication_->StartAsReplicaOf(*settings_.replicaof);
  }
  replication_->StartDisk();
  logger_.Notice("Ready to accept connections");
  return {};
}

base::Status Server::LoadWord() {
  const std::string path = WordFile(settings_);
  if (!io_.files().Exists(path)) return {};
  const base::Result<std::string> text = io_.files().Read(path);
  if (!text) return text.error();
  const std::optional<engine::Fencing::Word> word = persistence::ParseWord(*text);
  if (!word)
    return base::Error{fmt::format(
        "{} is damaged. It has the sentinels' last word to this server, which waits with writes "
        "until they confirm that it is still the primary. Remove it if that needs no waiting for",
        path)};
  engine_->fencing().Restore(*word);
  return {};
}

void Server::SaveWord(const engine::Fencing::Word& word) {
  constexpr uint32_t kMode = 0600;
  word_saved_at_ = io_.Now();
  word_unsaved_ = false;  // until we know
  io_.files().ReplaceAsync(
      WordFile(settings_), persistence::FormatWord(word), kMode,
      [this](const base::Status& status) {
        word_unsaved_ = !status;
        if (!status)
          logger_.Warning("The sentinels' word could not be saved, " + status.error().message);
      });
}

void Server::BeginLoading() {
  if (engine_->loading) return;
  engine_->loading = true;
  loading_since_ = io_.Now();
  saver_->shown().loading_start_seconds = io_.WallNow().ms / 1000;
  if (!settings_.replicaof) return;
  logger_.SetRole('S');
  replication_->FollowOnceLoaded(*settings_.replicaof);
}

base::Status Server::StartLoading() {
  BeginTurn();
  // The stream that follows was made by a dataset in which what has expired since was still there.
  const bool keep_expired = settings_.replicaof || replication_->recovered_disk();
  const std::optional<base::WallTime> drop_expired =
      keep_expired ? std::nullopt : std::optional(io_.WallNow());
  loader_ = std::make_unique<persistence::Loader>(
      io_, *dataset_, drop_expired,
      [this](base::Result<persistence::Loader::Loaded> outcome) { OnLoaded(std::move(outcome)); });
  loader_->set_rest_per_record(settings_.key_load_delay);
  if (base::Status opened = loader_->Start(settings_.dbfilename); !opened)
    return base::Error{
        fmt::format("Fatal error loading the DB, {}. Exiting.", opened.error().message)};
  BeginLoading();
  saver_->shown().loading_total_bytes = loader_->total_bytes();
  logger_.Notice(fmt::format("Loading {}", settings_.dbfilename));
  return {};
}

void Server::GiveUpLoading(const std::string& problem) {
  logger_.Warning(problem);
  EndInDisorder();
}

void Server::OnLoaded(base::Result<persistence::Loader::Loaded> outcome) {
  BeginTurn();
  loader_.reset();
  if (!outcome)
    return GiveUpLoading(
        fmt::format("Fatal error loading the DB, {}. Exiting.", outcome.error().message));
  saver_->shown().last_load_keys_loaded = outcome->keys;
  saver_->shown().last_load_keys_expired = outcome->expired.size();
  logger_.Notice(
      fmt::format("DB loaded from disk: {:.3f} seconds, keys loaded: {}, keys expired: {}.",
                  static_cast<double>(base::ToMs(io_.Now() - loading_since_)) / 1000, outcome->keys,
                  outcome->expired.size()));
  std::optional<replication::runtime::Replication::SavedHistory> saved;
  const replication::snapshot::Meta& meta = outcome->meta;
  saver_->OnFileLoaded(meta);
  if (meta.replication_id && meta.replication_offset)
    saved = {*meta.replication_id, *meta.replication_offset, meta.stream_db.value_or(-1)};
  ReplayStream(saved, std::move(outcome->expired));
}

void Server::ReplayStream(
    const std::optional<replication::runtime::Replication::SavedHistory>& saved,
    std::vector<std::pair<int, std::string>> expired) {
  using SavedHistory = replication::runtime::Replication::SavedHistory;
  replication_->ReplayDisk(saved, [this, expired = std::move(expired)](
                                      const base::Result<std::optional<SavedHistory>>& reached) {
    BeginTurn();
    if (!reached) return GiveUpLoading(CannotReadBacklog(reached.error()).message);
    engine_->loading = false;
    replication_->OnLoaded(*reached);
    replication_->StartDisk();
    PropagateExpired(expired);
    logger_.Notice("Ready to accept connections");
  });
}

void Server::EndInDisorder() {
  if (exited_) return;
  exited_ = true;
  io_.Defer([this] { on_exit_(1); });
}

void Server::PropagateExpired(const std::vector<std::pair<int, std::string>>& keys) {
  if (!replication_->streaming()) return;
  for (const auto& [db, key] : keys) {
    engine_->propagation().Add(db, {settings_.lazyfree_lazy_expire ? "UNLINK" : "DEL", key});
    engine_->propagation().EndUnit(/*arbitrary_keys=*/true);
  }
}

uint16_t Server::port() const { return serve::BoundPort(tcp_listeners_); }

// ---- listening

base::Result<serve::Listeners> Server::OpenTcpListeners(const config::ServerSettings& settings) {
  return Listen({settings.port, settings.bind, /*unix_path=*/"", 0, settings.tcp_backlog});
}

base::Result<serve::Listeners> Server::OpenUnixListener(const config::ServerSettings& settings) {
  return Listen(
      {/*port=*/0, {}, settings.unixsocket, settings.unixsocketperm, settings.tcp_backlog});
}

base::Result<serve::Listeners> Server::Listen(const serve::ListenSpec& spec) {
  return serve::OpenListeners(
      io_, spec, [this](std::unique_ptr<io::Stream> stream) { Accept(std::move(stream)); });
}

void Server::Accept(std::unique_ptr<io::Stream> stream) {
  BeginTurn();
  ++engine_->stats().connections_received;
  if (connections_.size() >= settings_.maxclients) {
    ++engine_->stats().rejected_connections;
    stream->TryWrite(fmt::format("-{}\r\n", resp::errors::kMaxClients));
    return;
  }
  if (settings_.protected_mode && settings_.requirepass.empty() && !serve::IsLocalPeer(*stream)) {
    ++engine_->stats().rejected_connections;
    stream->TryWrite(fmt::format("-{}\r\n", resp::errors::kProtectedMode));
    return;
  }
  stream->SetKeepAlive(settings_.tcp_keepalive);
  auto session = std::make_unique<engine::Session>(engine_->NextSessionId(), io_.Now());
  engine::Session& added = *session;
  serve::ConnectionOwner& owner = *this;
  auto connection =
      std::make_unique<serve::Connection>(owner, std::move(stream), std::move(session));
  serve::Connection& opened = *connection;
  connections_.emplace(added.id, std::move(connection));
  engine_->AddSession(added);
  opened.Begin();
}

// ---- connections

void Server::BeginTurn() { engine_->BeginTurn(io_.Now(), io_.WallNow()); }

void Server::OnConnectionBytes(serve::Connection& connection, std::string_view bytes) {
  if (connection.closing) return;
  BeginTurn();
  engine::Session& session = SessionOf(connection);
  engine_->stats().net_input_bytes += bytes.size();
  ++engine_->stats().total_reads;
  if (session.kind == engine::SessionKind::kReplica)
    replication_->OnReplicaNewline(replication::core::ReplicaId{session.id});
  engine_->Feed(session, bytes);
  ArmDeadline();
}

void Server::OnConnectionWritable(serve::Connection& connection) {
  if (connection.closing) return;
  if (SessionOf(connection).kind == engine::SessionKind::kReplica) {
    replication_->OnReplicaWritable(replication::core::ReplicaId{connection.id()});
    return;
  }
  FlushSession(SessionOf(connection));
}

void Server::OnConnectionClosed(serve::Connection& connection) { Discard(connection); }

void Server::Discard(serve::Connection& connection) {
  if (connection.closing) return;
  connection.closing = true;
  BeginTurn();
  engine_->RemoveSession(SessionOf(connection));
  replication_->OnReplicaClosed(replication::core::ReplicaId{connection.id()});
  if (shutting_down_) std::erase(shutting_down_->requesters, connection.id());
  discarded_.push_back(connection.id());
}

bool Server::AnswerIsTooLate(const engine::Session& session) const {
  const engine::Fencing& fencing = engine_->fencing();
  return session.wrote && fencing.watched() && !engine_->replication().is_replica() &&
         fencing.WritesRefused(io_.Now()) != engine::Fencing::Refusal::kNone;
}

void Server::FlushSession(engine::Session& session) {
  const auto it = connections_.find(session.id);
  if (it == connections_.end() || it->second->closing) return;
  serve::Connection& connection = *it->second;
  if (AnswerIsTooLate(session) && !session.close_now) {
    session.close_now = true;
    session.close_reason = "it has written, and before its answer the sentinels' word ran out";
  }
  if (session.close_now) {
    if (session.kind == engine::SessionKind::kReplica) {
      logger_.Warning(fmt::format("Disconnecting replica {}: {}", session.peer.ToString(),
                                  session.close_reason));
    } else {
      logger_.Verbose(
          fmt::format("Closing client {}: {}", session.peer.ToString(), session.close_reason));
    }
    Discard(connection);
    return;
  }
  const size_t written = connection.Flush();
  if (session.output.empty()) session.wrote = false;
  engine_->stats().net_output_bytes += written;
  if (written != 0) ++engine_->stats().total_writes;
  if (session.close_after_reply && session.output.empty()) Discard(connection);
}

void Server::EndTurn() {
  saver_->EndTurn();
  replication_->EndTurn();
  engine_->ResolveOffsetWaits();
  for (engine::Session* session : engine_->TakeReady()) FlushSession(*session);
  for (const uint64_t id : discarded_) connections_.erase(id);
  discarded_.clear();
}

void Server::ResumeSoon(engine::Session& session) {
  io_.Defer([this, id = session.id] {
    const auto it = connections_.find(id);
    if (it == connections_.end() || it->second->closing) return;
    BeginTurn();
    engine_->Resume(SessionOf(*it->second));
    ArmDeadline();
  });
}

void Server::FreeLater(std::function<void()> work) {
  io_.Offload(std::move(work), [] {});
}

// ---- periodic work

void Server::OnCron() {
  BeginTurn();
  probe_.Refresh();
  engine_->Cron();
  saver_->Cron();
  if (word_unsaved_ && io_.Now() >= word_saved_at_ + kWordRetry)
    SaveWord(engine_->fencing().word());
  if (loader_ != nullptr) {
    saver_->shown().loading_loaded_bytes = loader_->loaded_bytes();
    saver_->shown().loading_rdb_used_memory = loader_->rdb_used_memory();
    saver_->shown().loading_seconds = base::ToMs(io_.Now() - loading_since_) / 1000;
  }
  if (shutting_down_) ContinueShutdown();
  if (exited_) return;
  cron_timer_->StartAt(io_.Now() + std::chrono::milliseconds(1000 / settings_.hz));
}

void Server::ArmDeadline() {
  const base::Instant deadline = engine_->NextDeadline();
  if (deadline == base::Instant::max()) {
    if (deadline_timer_->armed()) deadline_timer_->Stop();
  } else {
    deadline_timer_->StartAt(deadline);
  }
}

// ---- settings

base::Status Server::RewriteConfig() {
  if (config_path_.empty()) return base::Error{"The server is running without a config file"};
  base::Result<std::string> old_text = std::string();
  if (io_.files().Exists(config_path_)) {
    old_text = io_.files().Read(config_path_);
    if (!old_text) return base::Error{"Rewriting config file: " + old_text.error().message};
  }
  const config::ServerSettings& settings = settings_;
  const quorate::config::Binding binding = directives_.Bind(settings);
  base::Result<std::string> text =
      IsYaml(config_path_)
          ? quorate::config::RewriteYaml(*old_text, binding)
          : base::Result<std::string>(quorate::config::RewriteRedis(*old_text, binding));
  if (!text) return base::Error{"Rewriting config file: " + text.error().message};
  constexpr uint32_t kConfigMode = 0600;
  if (base::Status status = io_.files().Replace(config_path_, *text, kConfigMode); !status)
    return base::Error{"Rewriting config file: " + status.error().message};
  return {};
}

std::optional<quorate::config::ApplyFailure> Server::ApplySettings(
    const config::ServerSettings& before, config::ServerSettings& after,
    const std::vector<std::string>& changed) {
  const base::Result<std::string> home = io_.files().Absolute(".");
  if (before.dir != after.dir) {
    if (base::Status status = probe_.ChangeDirectory(after.dir); !status)
      return quorate::config::ApplyFailure{"dir", status.error().message};
    // A relative one would lead elsewhere from there.
    if (base::Result<std::string> here = io_.files().Absolute(".")) after.dir = *std::move(here);
  }
  if (before.port != after.port || before.bind != after.bind) {
    // The new listeners are opened beside the old ones where they differ; a failure leaves the old
    // ones.
    serve::Listeners old = std::exchange(tcp_listeners_, {});
    if (before.port == after.port) old.clear();
    auto opened = OpenTcpListeners(after);
    if (!opened) {
      if (before.dir != after.dir && home) {
        if (base::Status back = probe_.ChangeDirectory(*home); !back)
          logger_.Warning(fmt::format("Cannot go back to {}: {}", *home, back.error().message));
      }
      if (old.empty()) {
        if (auto reopened = OpenTcpListeners(before)) tcp_listeners_ = std::move(*reopened);
      } else {
        tcp_listeners_ = std::move(old);
      }
      return quorate::config::ApplyFailure{before.port != after.port ? "port" : "bind",
                                           before.port != after.port
                                               ? "Unable to listen on this port. Check server logs."
                                               : "Failed to bind to specified addresses."};
    }
    tcp_listeners_ = std::move(*opened);
  }
  if (before.requirepass != after.requirepass) {
    for (auto& [id, connection] : connections_) {
      if (!after.requirepass.empty()) continue;
      SessionOf(*connection).authenticated = true;
      SessionOf(*connection).parser.set_unauthenticated(false);
    }
  }
  logger_.SetLevel(after.loglevel);
  if (before.tcp_keepalive != after.tcp_keepalive)
    for (auto& [id, connection] : connections_)
      connection->stream().SetKeepAlive(after.tcp_keepalive);
  replication_->SetOptions(ReplicationOptions(after));
  if (before.dir != after.dir) {
    rollbacks_->Load();
    replication_->OnDirectoryChanged();
  }
  if ((before.dir != after.dir || before.port != after.port) && engine_->fencing().watched())
    io_.Defer([this] { SaveWord(engine_->fencing().word()); });  // where the new settings say
  engine_->fencing().SetLease(after.primary_lease);
  if (before.dir != after.dir || before.dbfilename != after.dbfilename) saver_->OnFileMoved();
  engine_->slowlog().Trim(static_cast<size_t>(std::max<int64_t>(after.slowlog_max_len, 0)));
  const std::string inert =
      quorate::config::InertWarning(directives_.catalog(), "CONFIG SET", changed);
  if (!inert.empty()) logger_.Warning(inert);
  return std::nullopt;
}

engine::Host::ProcessInfo Server::Process() {
  ProcessInfo info;
  info.pid = probe_.Pid();
  info.port = port();
  info.operating_system = probe_.OperatingSystem();
  info.executable = probe_.Executable();
  info.config_file = config_path_;
  info.cpu_system_seconds = probe_.CpuSystemSeconds();
  info.cpu_user_seconds = probe_.CpuUserSeconds();
  if (shutting_down_) info.shutdown_deadline = shutting_down_->deadline;
  info.total_system_memory = probe_.SystemMemoryBytes();
  info.allocator = probe_.Allocator();
  return info;
}

}  // namespace quorate::server::runtime
