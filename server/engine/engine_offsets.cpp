// Engine: QUORATE OFFSET and WAITOFFSET, by which a client reads its own writes on another node.
#include <string>

#include "server/engine/engine.h"

namespace quorate::server::engine {

namespace core = replication::core;

std::optional<core::Position> Engine::LastPosition(const Session& session) const {
  const core::History& history = replication_.history();
  if (session.last_dataset == 0) return core::Position{history.id(), history.offset()};
  if (session.last_dataset != dataset_number_) return std::nullopt;
  return core::Position{history.id(), session.last_offset};
}

bool Engine::HistoryMayChange() const {
  return loading || (replication_.is_replica() && !replication_.primary_link_up());
}

core::Standing Engine::StandingNow(const core::Position& position) const {
  const core::Standing standing = core::StandingOf(position, replication_.history());
  if (standing == core::Standing::kElsewhere && HistoryMayChange()) return core::Standing::kAhead;
  return standing;
}

std::string Engine::WhyElsewhere(const core::Position& position) const {
  const core::History& history = replication_.history();
  std::string text = "NOHISTORY Offset " + std::to_string(position.offset.bytes()) +
                     " of history " + position.history.ToString() + " does not come here: this " +
                     (replication_.is_replica() ? "replica in sync" : "primary") +
                     " is at offset " + std::to_string(history.offset().bytes()) + " of history " +
                     history.id().ToString();
  if (history.previous_end())
    text += ", which shares history " + history.previous_id().ToString() + " up to offset " +
            std::to_string(history.previous_end()->bytes());
  return text;
}

void Engine::AnswerWaitOffset(const core::Position& target, resp::Writer& reply) const {
  const core::Standing standing = StandingNow(target);
  if (standing == core::Standing::kElsewhere) return reply.Error(WhyElsewhere(target));
  reply.Integer(standing == core::Standing::kReached ? 1 : 0);
}

void Engine::WaitForOffset(Session& session, const BlockedOnOffset& wait) {
  if (StandingNow(wait.target) != core::Standing::kAhead || session.transaction != nullptr)
    return AnswerWaitOffset(wait.target, session.writer);
  session.blocked_state = wait;
  waiting_for_offset_.push_back(&session);
}

void Engine::ResolveOffsetWaits() {
  if (waiting_for_offset_.empty()) return;
  const std::vector<Session*> due = TakeIf(waiting_for_offset_, [&](const Session& session) {
    const auto& wait = std::get<BlockedOnOffset>(session.blocked_state);
    return StandingNow(wait.target) != core::Standing::kAhead || now_ >= wait.deadline;
  });
  for (Session* session : due) {
    const core::Position target = std::get<BlockedOnOffset>(session->blocked_state).target;
    AnswerBlocked(*session, [&](resp::Writer& reply) { AnswerWaitOffset(target, reply); });
  }
}

}  // namespace quorate::server::engine
