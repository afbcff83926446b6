// What others may know of the replica's side.
#include <chrono>

#include "replication/core/replica.h"
#include "shared/base/check.h"
#include "shared/base/overloaded.h"

namespace quorate::replication::core {

std::string_view Replica::TimeoutText() const {
  switch (link_state()) {
    case LinkState::kConnect:
    case LinkState::kConnecting:
    case LinkState::kHandshake:
      return "Timeout connecting to the MASTER...";
    case LinkState::kSync:
      return "Timeout receiving bulk data from MASTER... If the problem persists try to set the "
             "'repl-timeout' parameter to a larger value.";
    case LinkState::kConnected:
      return "MASTER timeout: no data nor PING received...";
  }
  return "";
}

bool Replica::is_replica() const { return !std::holds_alternative<Off>(state_); }
bool Replica::link_up() const { return std::holds_alternative<Streaming>(state_); }

LinkState Replica::link_state() const {
  return std::visit(base::Overloaded{
                        [](const Off&) { return LinkState::kConnect; },
                        [](const Waiting&) { return LinkState::kConnect; },
                        [](const Connecting&) { return LinkState::kConnecting; },
                        [](const Handshaking&) { return LinkState::kHandshake; },
                        [](const Receiving&) { return LinkState::kSync; },
                        [](const Streaming&) { return LinkState::kConnected; },
                    },
                    state_);
}

std::optional<UpstreamView> Replica::View(base::Instant now) const {
  if (!is_replica()) return std::nullopt;
  const auto seconds_since = [&](base::Instant then) {
    return std::chrono::duration_cast<std::chrono::seconds>(now - then).count();
  };
  UpstreamView view;
  view.primary = primary_;
  view.state = link_state();
  view.applied = history_.offset();
  view.read = link_up() ? read_ : view.applied;
  if (link_up()) {
    view.last_io_seconds = seconds_since(last_io_);
  } else if (down_since_ != base::Instant{}) {
    view.down_seconds = seconds_since(down_since_);
  }
  view.refused = gate_.refused();
  if (const auto* receiving = std::get_if<Receiving>(&state_)) {
    view.sync_in_progress = true;
    view.sync_last_io_seconds = seconds_since(last_io_);
    if (receiving->framing) {
      view.sync_total_bytes = receiving->framing->total();
      view.sync_read_bytes = receiving->framing->received();
    }
  }
  return view;
}

void Replica::SetOptions(const Options& options) { options_ = options; }

void Replica::CheckInvariants() const {
  history_.CheckInvariants();
  CHECK(tracker_.in_transaction() || tracker_.pending().empty());  // S1
  CHECK(!tracker_.in_transaction() || link_up());
  CHECK(!link_up() || history_.backlog() != nullptr);
  CHECK(read_ >= history_.offset() || !link_up());
  CHECK(!is_replica() || !resumable_ || history_.backlog() != nullptr);
}

}  // namespace quorate::replication::core
