// What the primary's side does because time passed: keepalives, timeouts, the freeing of an idle
// backlog, and the beginning of snapshots.
#include <algorithm>
#include <string>
#include <utility>

#include "replication/core/primary.h"

namespace quorate::replication::core {
namespace {

constexpr std::string_view kPing = "*1\r\n$4\r\nPING\r\n";

}  // namespace

base::Instant Primary::NextDeadline() const {
  base::Instant deadline = base::Instant::max();
  if (!replicas_.empty()) {
    deadline = next_tick_;
  } else if (history_.backlog() != nullptr && role_ == Role::kPrimary &&
             options_.backlog_disk_size == 0 && options_.backlog_ttl != base::Duration::zero()) {
    deadline = alone_since_ == base::Instant{} ? next_tick_ : alone_since_ + options_.backlog_ttl;
  }
  for (const auto& [id, replica] : replicas_) {
    const auto* waiting = std::get_if<WaitSnapshot>(&replica.state);
    if (waiting == nullptr || producing_ || snapshots_held_) continue;
    const SnapshotKind kind = KindFor(TraitsOf(id), replica.legacy_sync);
    deadline = std::min(deadline, SnapshotDue(*waiting, kind.framing));
  }
  return deadline;
}

void Primary::Tick(base::Instant now, PrimaryActions& actions) {
  if (now >= next_tick_) {
    next_tick_ = now + kTickPeriod;
    for (const auto& [id, replica] : replicas_) {
      if (std::holds_alternative<WaitSnapshot>(replica.state)) {
        actions.emplace_back(SendLine{id, "\n"});
      }
    }
    DropSilent(now, actions);
  }
  if (role_ == Role::kPrimary && history_.backlog() != nullptr) {
    if (!replicas_.empty() && now >= last_ping_ + PingPeriod()) {
      last_ping_ = now;
      Feed(kPing);
    }
    FreeIdleBacklog(now, actions);
  }
  MaybeBeginSnapshot(now, actions);
}

base::Duration Primary::PingPeriod() const {
  return stream_held_ ? std::max(options_.ping_period, options_.timeout / 2) : options_.ping_period;
}

void Primary::FreeIdleBacklog(base::Instant now, PrimaryActions& actions) {
  if (!replicas_.empty() || options_.backlog_disk_size != 0) return;
  if (alone_since_ == base::Instant{}) alone_since_ = now;
  if (options_.backlog_ttl == base::Duration::zero() || now < alone_since_ + options_.backlog_ttl) {
    return;
  }
  history_.Abandon(base::ReplicationId::Generate(random_));
  selected_db_ = -1;
  alone_since_ = {};
  actions.emplace_back(PrimaryNote{"Replication backlog freed: no replica for repl-backlog-ttl."});
}

void Primary::DropSilent(base::Instant now, PrimaryActions& actions) {
  std::vector<ReplicaId> silent;
  for (const auto& [id, replica] : replicas_) {
    // A waiting replica has nothing to say, and a legacy one never says anything.
    if (std::holds_alternative<WaitSnapshot>(replica.state)) continue;
    if (replica.legacy_sync && std::holds_alternative<Streaming>(replica.state)) continue;
    if (now - replica.last_alive > options_.timeout) silent.push_back(id);
  }
  for (const ReplicaId id : silent) Drop(id, "timed out (repl-timeout)", actions);
}

base::Instant Primary::SnapshotDue(const WaitSnapshot& waiting, Framing framing) const {
  // Who needs the length cannot be sent anything for a while in any case.
  return options_.diskless_sync && framing == Framing::kEofMark
             ? waiting.since + options_.diskless_sync_delay
             : waiting.since;
}

std::optional<SnapshotKind> Primary::KindDue(base::Instant now) const {
  std::map<SnapshotKind, int64_t> waiting_count;
  for (const auto& [id, replica] : replicas_) {
    const auto* waiting = std::get_if<WaitSnapshot>(&replica.state);
    if (waiting == nullptr) continue;
    const SnapshotKind kind = KindFor(TraitsOf(id), replica.legacy_sync);
    const bool crowd = ++waiting_count[kind] >= options_.diskless_sync_max_replicas &&
                       options_.diskless_sync_max_replicas > 0;
    if (crowd || now >= SnapshotDue(*waiting, kind.framing)) return kind;
  }
  return std::nullopt;
}

void Primary::MaybeBeginSnapshot(base::Instant now, PrimaryActions& actions) {
  if (producing_ || snapshots_held_) return;
  const std::optional<SnapshotKind> kind = KindDue(now);
  if (!kind) return;

  BeginSnapshot begin;
  begin.snapshot = SnapshotId{next_snapshot_++};
  begin.cut = history_.offset();
  begin.stream_db = selected_db_;
  begin.kind = *kind;
  const std::string line =
      "+FULLRESYNC " + history_.id().ToString() + " " + std::to_string(begin.cut.bytes()) + "\r\n";
  for (auto& [id, replica] : replicas_) {
    if (!std::holds_alternative<WaitSnapshot>(replica.state)) continue;
    const ReplicaTraits& traits = TraitsOf(id);
    if (KindFor(traits, replica.legacy_sync) != *kind) continue;
    replica.state = SendSnapshot{begin.snapshot, kind->framing};
    replica.last_alive = now;
    if (!traits.snapshot_only) replica.cursor = history_.backlog()->AtEnd();
    if (!replica.legacy_sync) actions.emplace_back(SendLine{id, line});
    begin.members.push_back(id);
  }
  producing_ = Producing{begin.snapshot};
  // After its snapshot a replica knows no selected database. (A middle node adds nothing to the
  // stream: there the snapshot itself carries the database.)
  if (role_ == Role::kPrimary) selected_db_ = -1;
  actions.emplace_back(std::move(begin));
}

}  // namespace quorate::replication::core
