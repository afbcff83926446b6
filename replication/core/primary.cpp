#include "replication/core/primary.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <utility>

#include "shared/base/check.h"
#include "shared/base/numbers.h"
#include "shared/base/overloaded.h"

namespace quorate::replication::core {
namespace {

using namespace std::chrono_literals;

// Keepalives to waiting replicas, timeouts and the like are looked at this often.
constexpr base::Duration kTickPeriod = 1s;

constexpr std::string_view kPing = "*1\r\n$4\r\nPING\r\n";
constexpr std::string_view kMulti = "*1\r\n$5\r\nMULTI\r\n";
constexpr std::string_view kExec = "*1\r\n$4\r\nEXEC\r\n";
constexpr std::string_view kGetAck = "*3\r\n$8\r\nREPLCONF\r\n$6\r\nGETACK\r\n$1\r\n*\r\n";

}  // namespace

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
          [&](const SnapshotFailed& failed) { OnSnapshotFailed(failed, actions); },
          [&](const DropReplicas& drop) {
            while (!replicas_.empty()) {
              Drop(replicas_.begin()->first, drop.reason, actions);
            }
          },
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
  }
  std::visit(
      base::Overloaded{
          [&](const PartialResync& partial) { AttachPartial(now, received, partial.from, reply); },
          [&](const FullResync& full) { AttachFull(now, received, full.reason, reply); },
          [&](const PsyncDenied& denied) {
            reply.outcome = PsyncOutcome::kRefused;
            reply.error = denied.error;
          },
      },
      decision);
  return reply;
}

Primary::Replica& Primary::Attach(base::Instant now, const PsyncReceived& received) {
  if (replicas_.empty()) {
    next_tick_ = now + kTickPeriod;
    next_ping_ = now + options_.ping_period;
    alone_since_ = {};
  }
  Replica& replica = replicas_[received.replica];
  replica.state = WaitSnapshot{now};
  replica.peer_ip = received.peer_ip;
  replica.legacy_sync = received.request.legacy_sync;
  replica.last_alive = now;
  return replica;
}

void Primary::AttachPartial(base::Instant now, const PsyncReceived& received, base::Offset from,
                            PsyncReply& reply) {
  std::optional<Backlog::Cursor> cursor = history_.backlog()->FindOffset(from);
  CHECK(cursor.has_value());  // DecidePsync looked at the same backlog
  Replica& replica = Attach(now, received);
  replica.cursor = std::move(*cursor);
  replica.acknowledged = from;
  ++counters_.partial_ok;
  reply.outcome = PsyncOutcome::kReplicaLink;

  std::string line = "+CONTINUE";
  if (TraitsOf(received.replica).accepts_psync2) line.append(" ").append(history_.id().view());
  reply.actions.emplace_back(PrimaryNote{
      "Partial resynchronization request from " + NameOf(received.replica) + " accepted. Sending " +
      std::to_string(replica.cursor.pending()) + " bytes of backlog starting from offset " +
      std::to_string(received.request.next_byte) + "."});
  reply.actions.emplace_back(SendLine{received.replica, line + "\r\n"});
  StartStream(received.replica, replica, reply.actions);
}

void Primary::AttachFull(base::Instant now, const PsyncReceived& received, FullResyncReason reason,
                         PsyncReply& reply) {
  ++counters_.full;
  if (received.request.id != "?") ++counters_.partial_error;
  if (history_.backlog() == nullptr) {
    // What ran before was never counted, so it belongs to no history that anybody could name.
    history_.StartNew(base::ReplicationId::Generate(random_));
    selected_db_ = -1;
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
  if (outcome.ack && replica != replicas_.end()) {
    OnAck(now, connection, replica->second, *outcome.ack, actions);
  }
  return {outcome.silent, std::move(outcome.error)};
}

void Primary::OnAck(base::Instant now, ReplicaId id, Replica& replica, const ReplconfAck& ack,
                    PrimaryActions& actions) {
  replica.last_alive = now;
  if (ack.fsynced && *ack.fsynced <= history_.offset() &&
      (!replica.fsynced || *replica.fsynced < *ack.fsynced)) {
    replica.fsynced = ack.fsynced;
  }
  const bool more = ack.offset > replica.acknowledged && ack.offset <= history_.offset();
  if (more) replica.acknowledged = ack.offset;
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

void Primary::OnSnapshotFailed(const SnapshotFailed& failed, PrimaryActions& actions) {
  if (producing_ && producing_->id == failed.snapshot) producing_.reset();
  std::vector<ReplicaId> members;
  for (auto& [id, replica] : replicas_) {
    const auto* sending = std::get_if<SendSnapshot>(&replica.state);
    if (sending != nullptr && sending->snapshot == failed.snapshot) members.push_back(id);
  }
  for (const ReplicaId id : members) Drop(id, "snapshot failed: " + failed.reason, actions);
}

void Primary::Remove(ReplicaId id, PrimaryActions& actions) {
  traits_.erase(id);
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

base::Instant Primary::NextDeadline() const {
  base::Instant deadline = base::Instant::max();
  if (!replicas_.empty()) {
    deadline = next_tick_;
  } else if (history_.backlog() != nullptr && role_ == Role::kPrimary &&
             options_.backlog_ttl != base::Duration::zero()) {
    deadline = alone_since_ == base::Instant{} ? next_tick_ : alone_since_ + options_.backlog_ttl;
  }
  for (const auto& [id, replica] : replicas_) {
    const auto* waiting = std::get_if<WaitSnapshot>(&replica.state);
    if (waiting != nullptr && !producing_) deadline = std::min(deadline, SnapshotDue(id, *waiting));
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
    if (!replicas_.empty() && now >= next_ping_) {
      next_ping_ = now + options_.ping_period;
      Feed(kPing);
    }
    FreeIdleBacklog(now, actions);
  }
  MaybeBeginSnapshot(now, actions);
}

void Primary::FreeIdleBacklog(base::Instant now, PrimaryActions& actions) {
  if (!replicas_.empty()) return;
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

bool Primary::UsesMark(ReplicaId id) const {
  const ReplicaTraits& traits = TraitsOf(id);
  // A legacy replica never sends the acknowledgement that the stream would have to wait for.
  if (replicas_.at(id).legacy_sync && !traits.snapshot_only) return false;
  const bool filtered = traits.exclude_data || traits.exclude_functions;
  return traits.accepts_eof && (options_.diskless_sync || filtered);
}

base::Instant Primary::SnapshotDue(ReplicaId id, const WaitSnapshot& waiting) const {
  return UsesMark(id) ? waiting.since + options_.diskless_sync_delay : waiting.since;
}

void Primary::MaybeBeginSnapshot(base::Instant now, PrimaryActions& actions) {
  if (producing_) return;
  // Whoever wants the same as the first whose time has come joins it.
  std::optional<ReplicaId> first;
  int64_t waiting_count = 0;
  for (const auto& [id, replica] : replicas_) {
    const auto* waiting = std::get_if<WaitSnapshot>(&replica.state);
    if (waiting == nullptr) continue;
    ++waiting_count;
    const bool crowd = options_.diskless_sync_max_replicas > 0 &&
                       waiting_count >= options_.diskless_sync_max_replicas;
    if (!first && (crowd || now >= SnapshotDue(id, *waiting))) first = id;
  }
  if (!first) return;

  const ReplicaTraits& wanted = TraitsOf(*first);
  BeginSnapshot begin;
  begin.snapshot = SnapshotId{next_snapshot_++};
  begin.cut = history_.offset();
  begin.stream_db = selected_db_;
  begin.exclude_data = wanted.exclude_data;
  begin.exclude_functions = wanted.exclude_functions;
  const std::string line =
      "+FULLRESYNC " + history_.id().ToString() + " " + std::to_string(begin.cut.bytes()) + "\r\n";
  for (auto& [id, replica] : replicas_) {
    if (!std::holds_alternative<WaitSnapshot>(replica.state)) continue;
    const ReplicaTraits& traits = TraitsOf(id);
    if (traits.exclude_data != begin.exclude_data ||
        traits.exclude_functions != begin.exclude_functions) {
      continue;
    }
    const Framing framing = UsesMark(id) ? Framing::kEofMark : Framing::kLength;
    replica.state = SendSnapshot{begin.snapshot, framing};
    replica.last_alive = now;
    if (!traits.snapshot_only) replica.cursor = history_.backlog()->AtEnd();
    if (!replica.legacy_sync) actions.emplace_back(SendLine{id, line});
    begin.members.push_back({id, framing});
  }
  producing_ = Producing{begin.snapshot};
  // After its snapshot a replica knows no selected database. (A middle node adds nothing to the
  // stream: there the snapshot itself carries the database.)
  if (role_ == Role::kPrimary) selected_db_ = -1;
  actions.emplace_back(std::move(begin));
}

void Primary::AppendMulti(int db) {
  if (db != selected_db_) Select(db);
  Feed(kMulti);
}

void Primary::AppendExec() { Feed(kExec); }

void Primary::Select(int db) {
  std::array<char, base::kMaxInt64Chars> digits;
  const size_t n = base::FormatInt64(db, digits.data());
  std::string command = "*2\r\n$6\r\nSELECT\r\n$" + std::to_string(n) + "\r\n";
  command.append(digits.data(), n).append("\r\n");
  Feed(command);
  selected_db_ = db;
}

void Primary::EndTurn(base::Instant now, PrimaryActions& actions) {
  if (acknowledgements_requested_) {
    acknowledgements_requested_ = false;
    if (streaming() && streaming_count_ != 0) Feed(kGetAck);
  }
  if (replicas_.empty()) return;
  MaybeBeginSnapshot(now, actions);
  EnforceOutputLimits(now, actions);
}

void Primary::EnforceOutputLimits(base::Instant now, PrimaryActions& actions) {
  // A hard limit below the backlog's size would drop replicas that may come straight back for the
  // same bytes.
  const uint64_t hard = options_.output_hard_limit == 0
                            ? UINT64_MAX
                            : std::max<uint64_t>(options_.output_hard_limit, options_.backlog_size);
  const uint64_t soft = options_.output_soft_limit == 0 ? UINT64_MAX : options_.output_soft_limit;
  std::vector<ReplicaId> over;
  for (auto& [id, replica] : replicas_) {
    if (!replica.cursor.attached()) continue;
    const uint64_t pending = replica.cursor.pending();
    if (pending <= soft) {
      replica.over_soft_limit_since = {};
    } else if (replica.over_soft_limit_since == base::Instant{}) {
      replica.over_soft_limit_since = now;
    }
    const bool too_long = replica.over_soft_limit_since != base::Instant{} &&
                          now - replica.over_soft_limit_since > options_.output_soft_time;
    if (pending > hard || too_long) over.push_back(id);
  }
  for (const ReplicaId id : over)
    Drop(id, "output limit reached (client-output-buffer-limit replica)", actions);
}

void Primary::SetRole(Role role) {
  if (role == role_) return;
  role_ = role;
  selected_db_ = -1;
  alone_since_ = {};
}

Backlog::Cursor* Primary::Stream(ReplicaId id) {
  const auto replica = replicas_.find(id);
  if (replica == replicas_.end() || !std::holds_alternative<Streaming>(replica->second.state)) {
    return nullptr;
  }
  return &replica->second.cursor;
}

void Primary::ForEachStreaming(const std::function<void(ReplicaId, Backlog::Cursor&)>& visit) {
  for (auto& [id, replica] : replicas_) {
    if (std::holds_alternative<Streaming>(replica.state)) visit(id, replica.cursor);
  }
}

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

std::vector<ReplicaView> Primary::Replicas(base::Instant now) const {
  std::vector<ReplicaView> views;
  views.reserve(replicas_.size());
  for (const auto& [id, replica] : replicas_) {
    const ReplicaTraits& traits = TraitsOf(id);
    ReplicaView view;
    view.id = id;
    view.ip = traits.announced_ip.empty() ? replica.peer_ip : traits.announced_ip;
    view.port = traits.listening_port;
    view.phase = std::holds_alternative<WaitSnapshot>(replica.state)   ? ReplicaPhase::kWaitSnapshot
                 : std::holds_alternative<SendSnapshot>(replica.state) ? ReplicaPhase::kSendSnapshot
                                                                       : ReplicaPhase::kOnline;
    view.acknowledged = replica.acknowledged;
    if (view.phase == ReplicaPhase::kOnline) {
      view.lag_seconds =
          std::chrono::duration_cast<std::chrono::seconds>(now - replica.last_alive).count();
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
  for (const auto& [id, replica] : replicas_) {
    const bool waiting = std::holds_alternative<WaitSnapshot>(replica.state);
    CHECK(replica.cursor.attached() == (!waiting && !TraitsOf(id).snapshot_only));  // P1
    CHECK(replica.acknowledged <= history_.offset());                               // P2
    if (std::holds_alternative<Streaming>(replica.state)) ++streaming;
  }
  CHECK(streaming == streaming_count_);
  CHECK(replicas_.empty() || history_.backlog() != nullptr);
}

}  // namespace quorate::replication::core
