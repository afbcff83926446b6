#include "server/engine/clients.h"

#include "server/engine/engine.h"

namespace quorate::server::engine {

namespace {

session::ClientType TypeOf(SessionKind kind) {
  switch (kind) {
    case SessionKind::kNormal:
    case SessionKind::kMonitor:
      return session::ClientType::kNormal;
    case SessionKind::kReplica:
      return session::ClientType::kReplica;
    case SessionKind::kPrimary:
      return session::ClientType::kMaster;
  }
  return session::ClientType::kNormal;
}

}  // namespace

base::Instant Clients::ClientClock() const { return engine_.now(); }

void Clients::ForEachClient(const std::function<void(session::Client&)>& visit) {
  for (const auto& [id, session] : engine_.sessions()) {
    if (session->kind == SessionKind::kPrimary && !engine_.replication().primary_link_up())
      continue;
    visit(*session);
  }
}

session::Client* Clients::FindClient(uint64_t id) { return engine_.FindSession(id); }

session::ClientFacts Clients::FactsOf(const session::Client& client) const {
  const auto& session = static_cast<const Session&>(client);
  session::ClientFacts facts;
  facts.type = TypeOf(session.kind);
  facts.monitor = session.kind == SessionKind::kMonitor;
  facts.db = session.db;
  facts.blocked = session.blocked();
  facts.watched_key_changed = session.watched.dirty;
  if (session.transaction != nullptr) {
    facts.queued_commands = static_cast<int64_t>(session.transaction->commands.size());
    for (const QueuedCommand& queued : session.transaction->commands)
      facts.queued_bytes += queued.memory_usage();
  }
  return facts;
}

void Clients::KillClient(session::Client& client, std::string_view reason) {
  auto& session = static_cast<Session&>(client);
  if (session.kind == SessionKind::kPrimary) {
    engine_.replication().DropUpstream(reason);
  } else {
    engine_.Kill(session, reason);
  }
}

void Clients::PauseClients(session::PauseScope scope, base::Instant until) {
  engine_.SetPause(PausePurpose::kClientCommand, scope, until);
}

void Clients::UnpauseClients() { engine_.EndPause(PausePurpose::kClientCommand); }

bool Clients::UnblockClient(session::Client& client, bool with_error) {
  auto& session = static_cast<Session&>(client);
  int64_t answer = 0;  // what the deadline would answer
  if (const auto* wait = std::get_if<BlockedOnWait>(&session.blocked_state)) {
    answer = engine_.replication().ReplicasAcknowledged(wait->offset);
  } else if (!std::holds_alternative<BlockedOnOffset>(session.blocked_state)) {
    return false;
  }
  engine_.Unblock(session, [&](resp::Writer& reply) {
    if (with_error) {
      reply.Error("UNBLOCKED client unblocked via CLIENT UNBLOCK");
    } else {
      reply.Integer(answer);
    }
  });
  return true;
}

}  // namespace quorate::server::engine
