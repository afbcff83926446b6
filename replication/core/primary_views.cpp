// What others may know of the primary's side.
#include <algorithm>
#include <chrono>
#include <string>
#include <utility>

#include "replication/core/primary.h"
#include "shared/base/check.h"

namespace quorate::replication::core {

bool Primary::IsReplica(ReplicaId connection) const { return replicas_.contains(connection); }

size_t Primary::replica_count() const { return replicas_.size(); }

int64_t Primary::CountAcknowledged(base::Offset offset) const {
  return std::ranges::count_if(replicas_, [&](const auto& entry) {
    return std::holds_alternative<Streaming>(entry.second.state) &&
           entry.second.acknowledged >= offset;
  });
}

int64_t Primary::CountGood(base::Instant now) const {
  return std::ranges::count_if(replicas_, [&](const auto& entry) {
    return std::holds_alternative<Streaming>(entry.second.state) &&
           now - entry.second.last_alive <= options_.min_replicas_max_lag;
  });
}

ReplicaPhase Primary::PhaseOf(const Replica& replica) const {
  if (std::holds_alternative<WaitSnapshot>(replica.state)) return ReplicaPhase::kWaitSnapshot;
  const auto* sending = std::get_if<SendSnapshot>(&replica.state);
  if (sending == nullptr) return ReplicaPhase::kOnline;
  return producing_ && producing_->id == sending->snapshot ? ReplicaPhase::kWaitSnapshot
                                                           : ReplicaPhase::kSendSnapshot;
}

std::vector<ReplicaView> Primary::Replicas(base::Instant now) const {
  std::vector<ReplicaView> views;
  views.reserve(replicas_.size());
  for (const auto& [id, replica] : replicas_) {
    const ReplicaTraits& traits = TraitsOf(id);
    ReplicaView view;
    view.id = id;
    view.ip = traits.announced_ip.empty() ? replica.peer_ip : traits.announced_ip;
    view.port = traits.listening_port;
    view.process = traits.run_id;
    view.phase = PhaseOf(replica);
    view.acknowledged = replica.acknowledged;
    if (view.phase == ReplicaPhase::kOnline) {
      view.lag_seconds =
          std::chrono::duration_cast<std::chrono::seconds>(now - replica.last_alive).count();
    }
    view.acknowledges = std::holds_alternative<Streaming>(replica.state) && !replica.legacy_sync;
    if (view.acknowledges && replica.told_offset) {
      view.lag_bytes = history_.offset() - replica.acknowledged;
      view.lag = stream_clock_.Age(now, replica.acknowledged);
    }
    if (replica.cursor.attached()) view.pending_bytes = replica.cursor.pending();
    views.push_back(std::move(view));
  }
  return views;
}

BacklogView Primary::BacklogInfo() const {
  BacklogView view;
  view.limit = history_.backlog_limit();
  const Backlog* backlog = history_.backlog();
  if (backlog == nullptr) return view;
  view.active = true;
  view.first_byte = backlog->start().bytes() + 1;
  view.length = backlog->size();
  view.memory = backlog->memory();
  return view;
}

void Primary::SetOptions(const Options& options) {
  options_ = options;
  history_.SetBacklogLimit(options.backlog_size);
}

std::string Primary::NameOf(ReplicaId id) const {
  const ReplicaTraits& traits = TraitsOf(id);
  const std::string& ip =
      traits.announced_ip.empty() ? replicas_.at(id).peer_ip : traits.announced_ip;
  if (traits.listening_port == 0) return ip + ":<unknown-replica-port>";
  return base::Endpoint{ip, traits.listening_port}.ToString();
}

const ReplicaTraits& Primary::TraitsOf(ReplicaId id) const {
  static const ReplicaTraits kNothingTold;
  const auto traits = traits_.find(id);
  return traits == traits_.end() ? kNothingTold : traits->second;
}

void Primary::CheckInvariants() const {
  history_.CheckInvariants();
  size_t streaming = 0;
  struct Shared {
    base::Offset cut;
    Framing framing;
  };
  std::map<SnapshotId, Shared> snapshots;
  for (const auto& [id, replica] : replicas_) {
    const bool waiting = std::holds_alternative<WaitSnapshot>(replica.state);
    const bool on_disk = std::holds_alternative<FromDisk>(replica.state);
    const bool reads = !waiting && !on_disk && !TraitsOf(id).snapshot_only;
    CHECK(replica.cursor.attached() == reads);         // P1
    CHECK(replica.acknowledged <= history_.offset());  // P2
    if (replica.cursor.attached()) {
      const base::Offset at = replica.cursor.offset();
      CHECK(history_.backlog()->start() <= at);  // B3
      CHECK(at <= history_.backlog()->end());    // B3
    }
    if (std::holds_alternative<Streaming>(replica.state)) ++streaming;
    const auto* sending = std::get_if<SendSnapshot>(&replica.state);
    if (sending == nullptr) continue;
    // P4: none was begun while another was in the making.
    if (producing_) CHECK(sending->snapshot <= producing_->id);
    if (!reads) continue;
    const Shared shared{replica.cursor.offset(), sending->framing};
    const auto [known, first] = snapshots.try_emplace(sending->snapshot, shared);
    CHECK(known->second.cut == shared.cut);          // P4
    CHECK(known->second.framing == shared.framing);  // P4
  }
  CHECK(streaming == streaming_count_);
  CHECK(replicas_.empty() || history_.backlog() != nullptr);
}

}  // namespace quorate::replication::core
