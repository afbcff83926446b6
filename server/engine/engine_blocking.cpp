// Engine: sessions that wait - for acknowledgements, for the end of a pause - and what a change of
// role does to them.
#include <algorithm>
#include <utility>

#include "server/engine/engine.h"
#include "shared/resp/errors.h"

namespace quorate::server::engine {

void Engine::BlockOnWait(Session& session, BlockedOnWait wait) {
  session.blocked_state = wait;
  waiting_for_acks_.push_back(&session);
  replication_.ScheduleGetAck();
}

void Engine::Unblock(Session& session, const std::function<void(resp::Writer&)>& answer) {
  std::erase(waiting_for_acks_, &session);
  std::erase(waiting_for_offset_, &session);
  AnswerBlocked(session, answer);
}

void Engine::AnswerBlocked(Session& session, const std::function<void(resp::Writer&)>& answer) {
  session.BeginAnswer();
  answer(session.writer);
  session.EndAnswer();
  session.blocked_state = NotBlocked{};
  MarkReady(session);
  if (!session.input.empty()) host_.ResumeSoon(session);
}

void Engine::OnReplicaAcknowledged() { ResolveWaits(); }

void Engine::ResolveWaits() {
  const auto acknowledged = [&](const Session& session) {
    return replication_.ReplicasAcknowledged(std::get<BlockedOnWait>(session.blocked_state).offset);
  };
  const std::vector<Session*> due = TakeIf(waiting_for_acks_, [&](const Session& session) {
    const auto& wait = std::get<BlockedOnWait>(session.blocked_state);
    return acknowledged(session) >= wait.replicas || now_ >= wait.deadline;
  });
  for (Session* session : due) {
    AnswerBlocked(*session, [&](resp::Writer& reply) { reply.Integer(acknowledged(*session)); });
  }
}

void Engine::OnRoleChanged() {
  propagation_.DropUnit();
  if (!replication_.is_replica()) {
    own_expiries_.Clear();  // a primary expires everything
    fencing_.OnPromoted();
  }
  for (Session* session : std::exchange(waiting_for_acks_, {})) {
    // As in Redis the connection ends there: its owner is to look for the primary.
    session->close_after_reply = true;
    session->close_reason = "the role changed while it waited";
    AnswerBlocked(*session, [](resp::Writer& reply) { reply.Error(resp::errors::kUnblocked); });
  }
}

void Engine::OnKeyspaceReplaced() {
  ++dataset_number_;
  watches_.TouchAll();
  own_expiries_.Clear();
  evictor_.Reset();
}

void Engine::SetPause(PausePurpose purpose, PauseScope scope, base::Instant until) {
  pause_.Start(purpose, scope, until);
  replication_.HoldStream(true);
}

void Engine::EndPause(PausePurpose purpose) {
  if (!pause_.active()) return;
  pause_.End(purpose);
  ResumePaused();
}

// A pause that is left may hold less than the one that ended: the requests are judged again, and
// wait again if they must.
void Engine::ResumePaused() {
  if (!pause_.active()) replication_.HoldStream(false);
  for (const auto& [id, session] : sessions_) {
    if (!std::holds_alternative<BlockedByPause>(session->blocked_state)) continue;
    session->blocked_state = NotBlocked{};
    host_.ResumeSoon(*session);
  }
}

}  // namespace quorate::server::engine
