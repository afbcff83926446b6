#include "replication/core/primary.h"

#include <algorithm>
#include <set>
#include <utility>

#include "shared/base/check.h"
#include "shared/base/overloaded.h"

namespace quorate::replication::core {

Primary::Primary(History& history, const Options& options, base::Random random)
    : history_(history), options_(options), random_(random) {}

Primary::~Primary() = default;

PrimaryActions Primary::Step(base::Instant now, const PrimaryInput& input) {
  PrimaryActions actions;
  std::visit(
      base::Overloaded{
          [&](const PsyncReceived& request) {
            PsyncReply reply = Psync(now, request);
            actions = std::move(reply.actions);
          },
          [&](const ReplicaClosed& closed) { Remove(closed.replica, actions); },
          [&](const SnapshotDelivered& delivered) { OnDelivered(now, delivered.replica, actions); },
          [&](const SnapshotProduced& produced) {
            if (producing_ && producing_->id == produced.snapshot) producing_.reset();
          },
          [&](const DiskRead& read) { OnDisk(read.replica, read.next, actions); },
          [&](const DiskSent& sent) { OnDisk(sent.replica, std::nullopt, actions); },
          [&](const DiskFailed& failed) {
            if (replicas_.contains(failed.replica))
              Drop(failed.replica, "the on-disk backlog cannot be read: " + failed.reason, actions);
          },
          [&](const DropReplicas& drop) {
            while (!replicas_.empty()) {
              Drop(replicas_.begin()->first, drop.reason, actions);
            }
          },
          [&](const AncestryKnown& known) { OnAncestryKnown(known.ancestry, actions); },
          [&](const PrimaryTick&) { Tick(now, actions); },
      },
      input);
  return actions;
}

Primary::PsyncReply Primary::Psync(base::Instant now, const PsyncReceived& received) {
  PsyncReply reply;
  if (replicas_.contains(received.replica)) return reply;

  const PsyncRequest& request = received.request;
  const ReplicaTraits& traits = TraitsOf(received.replica);
  PsyncDecision decision = DecidePsync(request, history_, received.conditions);
  if (request.failover) {
    decision =
        PsyncDenied{role_ == Role::kPrimary ? "ERR PSYNC FAILOVER can't be sent to a master."
                                            : "ERR PSYNC FAILOVER replid must match my replid."};
  } else if (!std::holds_alternative<PsyncDenied>(decision)) {
    if ((traits.exclude_data || traits.exclude_functions) && !traits.accepts_eof) {
      decision = PsyncDenied{"ERR Filtered replica requires EOF capability"};
    } else if (traits.snapshot_only) {
      decision = FullResync{FullResyncReason::kAsked};
    }
    // Replicas of any kind take NOMASTERLINK for "later", and come back within a second or so.
    const auto* full = std::get_if<FullResync>(&decision);
    if (full != nullptr && full->reason == FullResyncReason::kAhead &&
        received.conditions.is_replica && IsCatchingUp(now, base::Offset(request.next_byte - 1))) {
      decision = PsyncDenied{"NOMASTERLINK Can't SYNC while behind you and catching up"};
    } else if (full != nullptr && TooManyFullSyncs(KindFor(traits, request.legacy_sync))) {
      decision = PsyncDenied{
          "NOMASTERLINK Can't SYNC while so many full synchronizations are in progress "
          "(repl-max-concurrent-full-syncs)"};
    }
  }
  std::visit(
      base::Overloaded{
          [&](const PartialResync& partial) { AttachPartial(now, received, partial, reply); },
          [&](const FullResync& full) { AttachFull(now, received, full.reason, reply); },
          [&](const PsyncDenied& denied) {
            reply.outcome = PsyncOutcome::kRefused;
            reply.error = denied.error;
          },
      },
      decision);
  return reply;
}

bool Primary::IsCatchingUp(base::Instant now, base::Offset awaited) {
  // A wait that was in vain is followed by as long a time in which snapshots are given. Then it is
  // forgotten, so that whoever asks for what never comes does not spoil it for later ones.
  if (!behind_ || behind_->id != history_.id() || behind_->awaited <= history_.offset() ||
      now >= behind_->since + 2 * options_.timeout) {
    behind_ = Behind{history_.id(), awaited, now};
  }
  return now < behind_->since + options_.timeout;
}

SnapshotKind Primary::KindFor(const ReplicaTraits& traits, bool legacy_sync) {
  // A legacy replica never sends the acknowledgement that the stream would have to wait for.
  const bool mark = traits.accepts_eof && (!legacy_sync || traits.snapshot_only);
  return {mark ? Framing::kEofMark : Framing::kLength, traits.exclude_data,
          traits.exclude_functions};
}

bool Primary::TooManyFullSyncs(const SnapshotKind& newcomer) const {
  if (options_.max_full_syncs == 0) return false;
  std::set<SnapshotId> sending;
  std::set<SnapshotKind> waiting{newcomer};
  for (const auto& [id, replica] : replicas_) {
    if (const auto* sent = std::get_if<SendSnapshot>(&replica.state))
      sending.insert(sent->snapshot);
    if (std::holds_alternative<WaitSnapshot>(replica.state))
      waiting.insert(KindFor(TraitsOf(id), replica.legacy_sync));
  }
  return static_cast<int64_t>(sending.size() + waiting.size()) > options_.max_full_syncs;
}

Primary::Replica& Primary::Attach(base::Instant now, const PsyncReceived& received) {
  if (replicas_.empty()) {
    next_tick_ = now + kTickPeriod;
    last_ping_ = now;
    alone_since_ = {};
  }
  Replica& replica = replicas_[received.replica];
  replica.state = WaitSnapshot{now};
  replica.peer_ip = received.peer_ip;
  replica.legacy_sync = received.request.legacy_sync;
  replica.last_alive = now;
  return replica;
}

void Primary::AttachPartial(base::Instant now, const PsyncReceived& received,
                            const PartialResync& partial, PsyncReply& reply) {
  Replica& replica = Attach(now, received);
  replica.acknowledged = partial.from;
  replica.told_offset = true;
  if (!partial.on_disk) {
    std::optional<Backlog::Cursor> cursor = history_.backlog()->FindOffset(partial.from);
    CHECK(cursor.has_value());  // DecidePsync looked at the same backlog
    replica.cursor = std::move(*cursor);
  }
  NoteAcknowledged(partial.from);
  ++counters_.partial_ok;
  reply.outcome = PsyncOutcome::kReplicaLink;

  std::string line = "+CONTINUE";
  if (TraitsOf(received.replica).accepts_psync2) line.append(" ").append(history_.id().view());
  reply.actions.emplace_back(
      PrimaryNote{"Partial resynchronization request from " + NameOf(received.replica) +
                  " accepted. Sending " + std::to_string(history_.offset() - partial.from) +
                  " bytes of " + (partial.on_disk ? "the on-disk backlog" : "backlog") +
                  " starting from offset " + std::to_string(received.request.next_byte) + "."});
  reply.actions.emplace_back(SendLine{received.replica, line + "\r\n"});
  if (!partial.on_disk) return StartStream(received.replica, replica, reply.actions);
  replica.state = FromDisk{partial.from, true};
  reply.actions.emplace_back(ReadDisk{received.replica, partial.from});
}

void Primary::OnDisk(ReplicaId id, std::optional<base::Offset> read_to, PrimaryActions& actions) {
  const auto found = replicas_.find(id);
  if (found == replicas_.end()) return;
  Replica& replica = found->second;
  auto* state = std::get_if<FromDisk>(&replica.state);
  if (state == nullptr) return;
  if (read_to) {
    state->next = *read_to;
    state->reading = false;
  }
  // From here on memory keeps what the replica has not got, however slow it is.
  if (std::optional<Backlog::Cursor> cursor = history_.backlog()->FindOffset(state->next);
      cursor && !state->reading) {
    replica.cursor = std::move(*cursor);
    return StartStream(id, replica, actions);
  }
  if (read_to || state->reading) return;
  state->reading = true;
  actions.emplace_back(ReadDisk{id, state->next});
}

void Primary::AttachFull(base::Instant now, const PsyncReceived& received, FullResyncReason reason,
                         PsyncReply& reply) {
  ++counters_.full;
  if (received.request.id != "?") ++counters_.partial_error;
  if (history_.backlog() == nullptr) {
    // What ran before was never counted, so it belongs to no history that anybody could name.
    history_.StartNew(base::ReplicationId::Generate(random_));
    selected_db_ = -1;
    most_acknowledged_.reset();
  }
  Attach(now, received);
  reply.outcome = PsyncOutcome::kReplicaLink;
  reply.actions.emplace_back(PrimaryNote{"Full resync requested by replica " +
                                         NameOf(received.replica) + ": " +
                                         std::string(Describe(reason))});
}

void Primary::StartStream(ReplicaId id, Replica& replica, PrimaryActions& actions) {
  replica.state = Streaming{};
  ++streaming_count_;
  actions.emplace_back(StartStreaming{id});
}

ReplconfReply Primary::Replconf(base::Instant now, ReplicaId connection,
                                std::span<const std::string_view> args, PrimaryActions& actions) {
  const auto replica = replicas_.find(connection);
  ReplicaTraits scratch;  // a replica link's traits are settled
  ReplconfOutcome outcome =
      ApplyReplconf(args, replica == replicas_.end() ? traits_[connection] : scratch);
  if (outcome.acknowledged && replica != replicas_.end()) {
    OnAck(now, connection, replica->second, *outcome.acknowledged, actions);
  }
  ReplconfReply reply{outcome.silent, std::move(outcome.error)};
  if (outcome.wants_ancestry) {
    reply.text = EncodeAncestry(ancestry_);
    told_ancestry_[connection] = ancestry_;
  }
  return reply;
}

void Primary::OnAncestryKnown(const Ancestry& ancestry, PrimaryActions& actions) {
  ancestry_ = ancestry;
  std::vector<ReplicaId> outdated;
  for (const auto& [id, told] : told_ancestry_)
    if (told != ancestry) outdated.push_back(id);
  for (const ReplicaId id : outdated) Drop(id, "this node follows another one now", actions);
}

void Primary::OnAck(base::Instant now, ReplicaId id, Replica& replica, base::Offset acknowledged,
                    PrimaryActions& actions) {
  replica.last_alive = now;
  replica.told_offset = true;
  const bool more = acknowledged > replica.acknowledged && acknowledged <= history_.offset();
  if (more) replica.acknowledged = acknowledged;
  if (more) NoteAcknowledged(acknowledged);
  if (std::holds_alternative<AwaitAck>(replica.state)) {
    actions.emplace_back(PrimaryNote{"Synchronization with replica " + NameOf(id) + " succeeded"});
    StartStream(id, replica, actions);
  }
  if (more) actions.emplace_back(Acknowledged{});
}

void Primary::NoteAlive(base::Instant now, ReplicaId id) {
  const auto replica = replicas_.find(id);
  if (replica != replicas_.end()) replica->second.last_alive = now;
}

void Primary::NoteSnapshotProgress(base::Instant now, ReplicaId id) {
  const auto replica = replicas_.find(id);
  if (replica == replicas_.end()) return;
  if (std::holds_alternative<SendSnapshot>(replica->second.state)) replica->second.last_alive = now;
}

void Primary::NoteSnapshotLag(ReplicaId id, uint64_t bytes) {
  const auto replica = replicas_.find(id);
  if (replica != replicas_.end()) replica->second.snapshot_lag = bytes;
}

void Primary::OnDelivered(base::Instant now, ReplicaId id, PrimaryActions& actions) {
  const auto found = replicas_.find(id);
  if (found == replicas_.end()) return;
  Replica& replica = found->second;
  const auto* sending = std::get_if<SendSnapshot>(&replica.state);
  if (sending == nullptr) return;
  replica.last_alive = now;
  if (TraitsOf(id).snapshot_only) {
    replica.state = AwaitAck{};  // nothing to cancel any more
    Drop(id, "snapshot delivered to a client that wanted no more", actions);
  } else if (sending->framing == Framing::kEofMark) {
    replica.state = AwaitAck{};
  } else {
    actions.emplace_back(PrimaryNote{"Synchronization with replica " + NameOf(id) + " succeeded"});
    StartStream(id, replica, actions);
  }
}

void Primary::Remove(ReplicaId id, PrimaryActions& actions) {
  traits_.erase(id);
  told_ancestry_.erase(id);
  const auto found = replicas_.find(id);
  if (found == replicas_.end()) return;
  const State state = found->second.state;
  if (std::holds_alternative<Streaming>(state)) --streaming_count_;
  replicas_.erase(found);
  const auto* sending = std::get_if<SendSnapshot>(&state);
  if (sending == nullptr) return;
  const bool wanted = std::ranges::any_of(replicas_, [&](const auto& entry) {
    const auto* other = std::get_if<SendSnapshot>(&entry.second.state);
    return other != nullptr && other->snapshot == sending->snapshot;
  });
  if (wanted) return;
  if (producing_ && producing_->id == sending->snapshot) producing_.reset();
  actions.emplace_back(CancelSnapshot{sending->snapshot});
}

void Primary::Drop(ReplicaId id, std::string reason, PrimaryActions& actions) {
  Remove(id, actions);
  actions.emplace_back(DropReplica{id, std::move(reason)});
}

}  // namespace quorate::replication::core
