#include "server/runtime/replication_bridge.h"

#include <fmt/format.h>

#include "shared/resp/errors.h"

namespace quorate::server::runtime {

using replication::core::PsyncOutcome;
using replication::core::ReplicaId;

namespace {

constexpr size_t kLoggedNameBytes = 64;

}  // namespace

ReplicationBridge::ReplicationBridge(io::Io& io, log::Logger& logger,
                                     FindConnection find_connection)
    : io_(io), logger_(logger), find_connection_(std::move(find_connection)) {}

void ReplicationBridge::Attach(engine::Engine& engine,
                               replication::runtime::Replication& replication,
                               std::function<void()> end_process) {
  end_process_ = std::move(end_process);
  engine_ = &engine;
  replication_ = &replication;
}

void ReplicationBridge::Detach() {
  if (primary_session_ != nullptr) engine_->RemoveSession(*primary_session_);
  primary_session_.reset();
}

engine::Session& ReplicationBridge::PrimarySession() {
  if (primary_session_ == nullptr) {
    primary_session_ = std::make_unique<engine::Session>(engine_->NextSessionId(), io_.Now());
    primary_session_->kind = engine::SessionKind::kPrimary;
    engine_->AddSession(*primary_session_);
    primary_session_->authenticated = true;
  }
  return *primary_session_;
}

void ReplicationBridge::HandleReplconf(engine::Session& session,
                                       std::span<const std::string_view> args) {
  const replication::core::ReplconfReply reply =
      replication_->HandleReplconf(ReplicaId{session.id}, args);
  if (reply.silent) return;
  if (reply.error.empty()) {
    session.writer.SimpleString(reply.text);
  } else {
    session.writer.Error(reply.error);
  }
}

void ReplicationBridge::HandlePsync(engine::Session& session,
                                    std::span<const std::string_view> args) {
  const auto reply = replication_->HandlePsync(ReplicaId{session.id}, session.peer.host,
                                               !session.output.empty(), args);
  switch (reply.outcome) {
    case PsyncOutcome::kReplicaLink:
      session.kind = engine::SessionKind::kReplica;
      engine_->pubsub().Remove(session);  // from here on its output is the stream
      if (serve::Connection* connection = find_connection_(session.id); connection != nullptr)
        connection->stream().SetNoDelay(!engine_->settings().repl_disable_tcp_nodelay);
      break;
    case PsyncOutcome::kRefused:
      session.writer.Error(reply.error);
      break;
    case PsyncOutcome::kIgnored:
      break;
  }
}

base::Result<engine::ReplicationPort::ReplicaOfOutcome> ReplicationBridge::ReplicaOf(
    std::optional<base::Endpoint> primary) {
  const bool changed = primary ? replication_->ReplicaOf(*primary) : replication_->Promote();
  if (changed && primary)
    logger_.Notice(fmt::format("REPLICAOF {} enabled", primary->ToString()));
  else if (changed)
    logger_.Notice("MASTER MODE enabled");
  return changed ? ReplicaOfOutcome::kChanged : ReplicaOfOutcome::kUnchanged;
}

void ReplicationBridge::BeginBytes() { engine_->BeginTurn(io_.Now(), io_.WallNow()); }

size_t ReplicationBridge::LookAhead(std::string_view coming) {
  return engine_->FetchAhead(PrimarySession(), coming);
}

base::Status ReplicationBridge::Apply(std::span<const std::string_view> args) {
  using engine::Engine;
  const Engine::ApplyOutcome outcome = engine_->ApplyFromPrimary(PrimarySession(), args, {});
  const std::string_view command = args[0].substr(0, kLoggedNameBytes);
  if (const auto* unrunnable = std::get_if<Engine::Unrunnable>(&outcome)) {
    Panics(unrunnable->error, command);
    return base::Error{unrunnable->error};
  }
  if (const auto* answered = std::get_if<Engine::AnsweredError>(&outcome)) {
    logger_.Warning(
        fmt::format("A command of the primary's stream answered an error here: '{}' after "
                    "processing the command '{}'",
                    answered->error, command));
    if (Panics(answered->error, command)) return base::Error{answered->error};
  }
  return {};
}

bool ReplicationBridge::Panics(std::string_view error, std::string_view command) {
  const config::ServerSettings& settings = engine_->settings();
  if (settings.propagation_error_behavior == config::PropagationErrors::kIgnore ||
      !settings.replica_read_only)
    return false;
  logger_.Warning(
      fmt::format("This replica panicked sending an error to its master after processing the "
                  "command '{}': '{}'. Exiting (propagation-error-behavior).",
                  command, error));
  end_process_();
  return true;
}

void ReplicationBridge::SelectDb(int db) {
  engine::Session& session = PrimarySession();
  session.db = db;
  if (const auto upstream = replication_->Upstream()) session.peer = upstream->primary;
}

void ReplicationBridge::AbortTransaction() { PrimarySession().transaction.reset(); }

void ReplicationBridge::EndStream() { Detach(); }

size_t ReplicationBridge::TryWrite(ReplicaId replica, std::span<const std::string_view> slices) {
  serve::Connection* connection = find_connection_(static_cast<uint64_t>(replica));
  if (connection == nullptr || connection->closing) return 0;
  // It was killed: what comes after that is not for it any more.
  if (static_cast<engine::Session&>(connection->client()).close_now) return 0;
  const size_t written = connection->stream().TryWrite(slices);
  engine_->stats().net_repl_output_bytes += written;
  return written;
}

void ReplicationBridge::NotifyWritable(ReplicaId replica) {
  if (serve::Connection* connection = find_connection_(static_cast<uint64_t>(replica));
      connection != nullptr)
    connection->stream().NotifyWritable();
}

void ReplicationBridge::Close(ReplicaId replica, std::string_view reason) {
  serve::Connection* connection = find_connection_(static_cast<uint64_t>(replica));
  if (connection == nullptr) return;
  engine_->Kill(static_cast<engine::Session&>(connection->client()), reason);
}

void ReplicationBridge::OnAcknowledged() {
  engine_->BeginTurn(io_.Now(), io_.WallNow());
  engine_->OnReplicaAcknowledged();
}

void ReplicationBridge::OnRoleChanged(bool is_replica) {
  logger_.SetRole(is_replica ? 'S' : 'M');
  engine_->settings().replicaof =
      is_replica ? std::optional(replication_->Upstream()->primary) : std::nullopt;
  if (!is_replica && primary_session_ != nullptr) {
    engine_->RemoveSession(*primary_session_);
    primary_session_.reset();
  }
  engine_->OnRoleChanged();
}

void ReplicationBridge::OnFailoverPause(bool paused) {
  if (paused) {
    engine_->SetPause(engine::PausePurpose::kFailover, engine::PauseScope::kWrites,
                      base::Instant::max());
  } else {
    engine_->EndPause(engine::PausePurpose::kFailover);
  }
}

void ReplicationBridge::OnPrimaryLink(bool up) {
  if (!up) logger_.Notice("Connection with master lost.");
}

}  // namespace quorate::server::runtime
