// Engine: what is done by time rather than by request.
#include <algorithm>

#include "server/engine/engine.h"

namespace quorate::server::engine {

void Engine::Cron() {
  if (pause_.active() && now_ >= pause_.until()) {
    pause_.EndThoseDue(now_);
    ResumePaused();
  }
  ResolveWaits();
  ResolveOffsetWaits();
  ActiveExpire();
  ExpireOwn();
  // A lowered maxmemory is honoured even if nobody sends a request.
  if (HonoursMaxmemory()) EvictIfNeeded();
  CloseIdle();
  SampleRates();
}

base::Instant Engine::NextDeadline() const {
  base::Instant next = base::Instant::max();
  if (pause_.active()) next = pause_.until();
  for (const Session* session : waiting_for_acks_)
    next = std::min(next, std::get<BlockedOnWait>(session->blocked_state).deadline);
  for (const Session* session : waiting_for_offset_)
    next = std::min(next, std::get<BlockedOnOffset>(session->blocked_state).deadline);
  return next;
}

void Engine::CloseIdle() {
  if (settings_.timeout.count() == 0) return;
  for (const auto& [id, session] : sessions_) {
    if (session->kind != SessionKind::kNormal || session->blocked() || session->is_subscriber())
      continue;
    if (now_ - session->last_interaction > settings_.timeout)
      Kill(*session, "idle for longer than timeout");
  }
}

void Engine::SampleRates() {
  stats_.commands_rate.Sample(now_, stats_.commands_processed);
  stats_.input_rate.Sample(now_, stats_.net_input_bytes);
  stats_.output_rate.Sample(now_, stats_.net_output_bytes);
  stats_.repl_input_rate.Sample(now_, stats_.net_repl_input_bytes);
  stats_.repl_output_rate.Sample(now_, stats_.net_repl_output_bytes);
  stats_.peak_memory = std::max(stats_.peak_memory, host_.MemoryUsedBytes());
}

}  // namespace quorate::server::engine
