// Server: the end. Replicas get shutdown-timeout to catch up, then what is configured to be saved is
// saved, and only then the process goes; a SHUTDOWN that fails leaves the server as it was.
#include <fmt/format.h>

#include <algorithm>
#include <utility>
#include <vector>

#include "server/runtime/server.h"

namespace quorate::server::runtime {

void Server::RequestShutdown() {
  if (shutting_down_) {  // a second signal does not wait
    if (base::Status status = FinishShutdown(shutting_down_->request); !status)
      logger_.Warning(status.error().message);
    return;
  }
  logger_.Warning("Received SIGTERM, scheduling shutdown...");
  if (base::Status status = Shutdown(nullptr, {}); !status) logger_.Warning(status.error().message);
}

base::Status Server::Shutdown(engine::Session* requester, const engine::ShutdownRequest& request) {
  if (request.abort) {
    if (!shutting_down_) return base::Error{"No shutdown in progress."};
    CancelShutdown();
    logger_.Notice("Shutdown manually aborted.");
    return {};
  }
  if (!shutting_down_) {
    logger_.Warning("User requested shutdown...");
    BeginTurn();
    const base::Offset offset = replication_->offset();
    if (request.now || settings_.shutdown_timeout.count() == 0 || ReplicasReached(offset)) {
      LogReplicas(offset);
      return FinishShutdown(request);
    }
    logger_.Notice("Waiting for replicas before shutting down.");
    shutting_down_ = ShuttingDown{io_.Now() + settings_.shutdown_timeout, {}, request, offset};
    engine_->SetPause(engine::PausePurpose::kShutdown, engine::PauseScope::kWrites,
                      base::Instant::max());
    replication_->SendGetAck();
  }
  if (requester != nullptr) {
    requester->blocked_state = engine::BlockedByShutdown{};
    shutting_down_->requesters.push_back(requester->id);
  }
  return {};
}

void Server::CancelShutdown() {
  const std::vector<uint64_t> requesters = std::move(shutting_down_->requesters);
  shutting_down_.reset();
  for (const uint64_t id : requesters) {
    engine::Session& session = SessionOf(*connections_.at(id));
    engine_->Unblock(session, [](resp::Writer& reply) {
      reply.Error("ERR Errors trying to SHUTDOWN. Check logs.");
    });
  }
  engine_->EndPause(engine::PausePurpose::kShutdown);
}

bool Server::ReplicasReached(base::Offset offset) const {
  const auto replicas = replication_->Replicas();
  return std::all_of(replicas.begin(), replicas.end(), [&](const auto& replica) {
    return replica.phase != replication::core::ReplicaPhase::kOnline ||
           replica.acknowledged >= offset;
  });
}

void Server::ContinueShutdown() {
  if (!ReplicasReached(shutting_down_->offset) && io_.Now() < shutting_down_->deadline) return;
  LogReplicas(shutting_down_->offset);
  if (const base::Status status = FinishShutdown(shutting_down_->request); !status)
    CancelShutdown();
}

void Server::LogReplicas(base::Offset offset) {
  const auto replicas = replication_->Replicas();
  if (replicas.empty()) return;
  size_t in_sync = 0;
  for (const auto& replica : replicas) {
    if (replica.acknowledged >= offset) {
      ++in_sync;
    } else {
      logger_.Warning(
          fmt::format("Lagging replica {}:{} reported offset {} behind master, lag={}, state={}.",
                      replica.ip, replica.port, offset - replica.acknowledged, replica.lag_seconds,
                      replication::core::InfoName(replica.phase)));
    }
  }
  logger_.Notice(
      fmt::format("{} of {} replicas are in sync when shutting down.", in_sync, replicas.size()));
}

bool Server::SavesAtExit(const engine::ShutdownRequest& request) const {
  using Saving = engine::ShutdownRequest::Saving;
  if (engine_->loading || request.saving == Saving::kNo) return false;
  return request.saving == Saving::kYes || !settings_.save.points.empty();
}

base::Status Server::FinishShutdown(const engine::ShutdownRequest& request) {
  if (exited_) return {};
  if (SavesAtExit(request)) {
    BeginTurn();
    if (const base::Status saved = saver_->SaveAtExit(); !saved) {
      logger_.Warning(
          fmt::format("Error trying to save the DB, can't exit: {}", saved.error().message));
      if (!request.force) return base::Error{"Errors trying to SHUTDOWN. Check logs."};
    }
  }
  saver_->EndTurn();
  exited_ = true;
  for (auto& [id, connection] : connections_) FlushSession(SessionOf(*connection));
  logger_.Warning("Quorate is now ready to exit, bye bye...");
  // Nothing that would have to be written any more.
  engine_->SetPause(engine::PausePurpose::kShutdown, engine::PauseScope::kWrites,
                    base::Instant::max());
  replication_->CloseDisk([this] { io_.Defer([this] { on_exit_(0); }); });
  return {};
}

}  // namespace quorate::server::runtime
