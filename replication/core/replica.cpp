#include "replication/core/replica.h"

#include <algorithm>
#include <chrono>
#include <utility>

#include "replication/core/wire.h"
#include "shared/base/overloaded.h"

namespace quorate::replication::core {
namespace {

using namespace std::chrono_literals;

constexpr base::Duration kFirstRetry = 100ms;
constexpr base::Duration kLongestRetry = 1s;
// As many failed attempts as bring the longest pause before the next one.
constexpr int kNoHurry = 4;
static_assert(kFirstRetry * (1 << kNoHurry) >= kLongestRetry);
// A reply to the handshake, or a snapshot header.
constexpr size_t kMaxLine = 1024;

}  // namespace

Replica::Replica(History& history, const Options& options, uint16_t listening_port,
                 base::Random random)
    : history_(history),
      options_(options),
      listening_port_(listening_port),
      random_(random),
      gate_(history_, options_) {}

ReplicaActions Replica::Step(base::Instant now, const ReplicaInput& input) {
  ReplicaActions actions;
  std::visit(base::Overloaded{
                 [&](const Follow& follow) { OnFollow(now, follow, actions); },
                 [&](const HistoryRestored& restored) { OnRestored(now, restored, actions); },
                 [&](const Promote&) { OnPromote(actions); },
                 [&](const LinkOpened&) { OnLinkOpened(now, actions); },
                 [&](const LinkClosed& closed) { Break(now, closed.reason, actions); },
                 [&](const StagingVerified& verified) { OnVerified(now, verified, actions); },
                 [&](const DiscardedRecorded& recorded) { OnRecorded(now, recorded, actions); },
                 [&](const StagingCommitted&) { OnCommitted(now, actions); },
                 [&](const StagingFailed& failed) {
                   if (!std::holds_alternative<Receiving>(state_)) return;
                   Break(now, "snapshot refused, the old data stays: " + failed.reason, actions);
                 },
                 [&](const StreamCorrupt& corrupt) {
                   resumable_ = false;
                   Break(now, "replication stream unusable: " + corrupt.reason, actions);
                 },
                 [&](const StreamUnrunnable& unrunnable) {
                   if (!std::holds_alternative<Streaming>(state_)) return;
                   failed_attempts_ = kNoHurry;
                   Break(now,
                         "this node cannot run the stream's next command and stays at offset " +
                             std::to_string(history_.offset().bytes()) + ": " + unrunnable.reason,
                         actions);
                 },
                 [&](const HoldLink& hold) { OnHold(now, hold, actions); },
                 [&](const AllowSync&) { OnAllowSync(now, actions); },
                 [&](const ReplicaTick&) { Tick(now, actions); },
             },
             input);
  return actions;
}

// ---- role

void Replica::OnFollow(base::Instant now, const Follow& follow, ReplicaActions& actions) {
  LeaveLink(actions);
  const bool was_primary = std::holds_alternative<Off>(state_);
  if (was_primary && follow.offer_own_history) {
    // Demotion: as if our own stream had come from a primary, so that it may be continued.
    own_ = OwnStream{history_.backlog() == nullptr, follow.acknowledged};
    history_.EnsureBacklog();
    resumable_ = true;
    tracker_.Restart(follow.stream_db);
  }
  primary_ = follow.primary;
  gate_.OnFollow();
  handover_.reset();
  if (follow.hand_over) handover_ = Handover{.to = *follow.hand_over};
  held_until_ = {};
  state_ = Waiting{std::max(now, follow.not_before)};
  failed_attempts_ = 0;
  down_since_ = {};
  if (was_primary) actions.emplace_back(Demoted{});
  Tick(now, actions);
}

void Replica::OnRestored(base::Instant now, const HistoryRestored& restored,
                         ReplicaActions& actions) {
  if (!std::holds_alternative<Waiting>(state_)) return;
  resumable_ = true;
  only_restored_ = true;
  gate_.OnRestored();
  tracker_.Restart(restored.stream_db);
  state_ = Waiting{now};
  Tick(now, actions);
}

void Replica::OnPromote(ReplicaActions& actions) {
  if (std::holds_alternative<Off>(state_)) return;
  LeaveLink(actions);
  state_ = Off{};
  gate_.OnFollow();
  handover_.reset();
  own_.reset();  // whoever has a part of the history that begins now has what it began with
  only_restored_ = false;
  primary_ = {};
  history_.Promote(base::ReplicationId::Generate(random_));
  actions.emplace_back(DropSubReplicas{"this node was promoted: a new history begins"});
  actions.emplace_back(Promoted{});
}

// ---- the link

void Replica::OnLinkOpened(base::Instant now, ReplicaActions& actions) {
  if (!std::holds_alternative<Connecting>(state_)) return;
  state_ = Handshaking{{Expect::kPing}, std::nullopt, {}};
  theirs_.reset();
  last_io_ = now;
  line_.clear();
  gate_.OnLinkOpened();
  actions.emplace_back(Send{EncodeCommand({"PING"})});
}

void Replica::LeaveLink(ReplicaActions& actions) {
  if (const auto* receiving = std::get_if<Receiving>(&state_); receiving && receiving->framing) {
    actions.emplace_back(AbandonStaging{});
  }
  if (tracker_.in_transaction()) {
    actions.emplace_back(AbortTransaction{});
    tracker_.Restart(tracker_.db());
  }
  if (!std::holds_alternative<Off>(state_) && !std::holds_alternative<Waiting>(state_)) {
    actions.emplace_back(CloseLink{});
  }
  line_.clear();
}

void Replica::Break(base::Instant now, const std::string& reason, ReplicaActions& actions,
                    bool problem) {
  if (std::holds_alternative<Off>(state_) || std::holds_alternative<Waiting>(state_)) return;
  if (std::holds_alternative<Streaming>(state_)) down_since_ = now;
  LeaveLink(actions);
  // Jitter keeps the replicas of a node that came back from asking in step.
  const base::Duration pause =
      std::min(kFirstRetry * (1 << std::min(failed_attempts_, 8)), kLongestRetry);
  ++failed_attempts_;
  state_ = Waiting{now + pause - pause * random_.Below(100) / 1000};
  actions.emplace_back(
      ReplicaNote{"Link to MASTER " + primary_.ToString() + " broken: " + reason, problem});
}

base::Instant Replica::NextDeadline() const {
  return std::visit(
      base::Overloaded{
          [](const Off&) { return base::Instant::max(); },
          [&](const Waiting& waiting) { return std::max(waiting.until, held_until_); },
          [&](const Connecting&) { return last_io_ + options_.timeout; },
          [&](const Handshaking&) { return last_io_ + options_.timeout; },
          [&](const Receiving&) { return std::min(next_send_, last_io_ + options_.timeout); },
          [&](const Streaming&) { return std::min(next_send_, last_io_ + options_.timeout); },
      },
      state_);
}

void Replica::Tick(base::Instant now, ReplicaActions& actions) {
  if (std::holds_alternative<Off>(state_)) return;
  if (const auto* waiting = std::get_if<Waiting>(&state_)) {
    if (now < std::max(waiting->until, held_until_)) return;
    state_ = Connecting{};
    last_io_ = now;
    actions.emplace_back(ReplicaNote{"Connecting to MASTER " + primary_.ToString()});
    actions.emplace_back(OpenLink{primary_});
    return;
  }
  // While a record is written the stream is left unread: that silence is ours.
  const auto* receiving = std::get_if<Receiving>(&state_);
  if (receiving != nullptr && receiving->recording) last_io_ = now;
  if (now >= last_io_ + options_.timeout) {
    Break(now, std::string(TimeoutText()), actions);
    return;
  }
  if (now < next_send_) return;
  if (std::holds_alternative<Receiving>(state_)) {
    next_send_ = now + kAlivePeriod;
    actions.emplace_back(Send{"\n"});
  } else if (std::holds_alternative<Streaming>(state_)) {
    next_send_ = now + kAlivePeriod;
    if (std::string ack = Acknowledgement(); !ack.empty())
      actions.emplace_back(Send{std::move(ack)});
  }
}

// ---- received bytes

Replica::Segment Replica::Receive(base::Instant now, std::string_view& input,
                                  ReplicaActions& actions) {
  last_io_ = now;
  if (std::holds_alternative<Streaming>(state_)) return {Kind::kStream, {}};
  if (auto* receiving = std::get_if<Receiving>(&state_); receiving && receiving->framing) {
    SnapshotFraming& framing = *receiving->framing;
    if (framing.complete()) return {Kind::kStream, {}};
    Segment segment{Kind::kSnapshot, framing.Take(input)};
    if (framing.complete()) actions.emplace_back(FinishStaging{});
    return segment;
  }
  if (!std::holds_alternative<Handshaking>(state_) && !std::holds_alternative<Receiving>(state_)) {
    input = {};
    return {};
  }
  if (auto* handshake = std::get_if<Handshaking>(&state_); handshake && handshake->text_left) {
    TakeHistory(now, *handshake, input, actions);
    return {};
  }
  if (TakeLine(now, input, actions)) {
    const std::string line = std::exchange(line_, {});
    OnLine(now, line, actions);
  }
  return {};
}

bool Replica::TakeLine(base::Instant now, std::string_view& input, ReplicaActions& actions) {
  const size_t newline = input.find('\n');
  const bool whole = newline != std::string_view::npos;
  const std::string_view part = input.substr(0, newline);
  input.remove_prefix(whole ? newline + 1 : input.size());
  if (line_.size() + part.size() > kMaxLine) {
    Break(now, "a reply line is too long", actions);
    return false;
  }
  line_.append(part);
  if (whole && line_.ends_with('\r')) line_.pop_back();
  return whole;
}

void Replica::OnLine(base::Instant now, std::string_view line, ReplicaActions& actions) {
  if (line.empty()) return;  // keepalive
  if (std::holds_alternative<Handshaking>(state_)) {
    OnHandshakeReply(now, line, actions);
  } else {
    OnSnapshotHeader(now, line, actions);
  }
}

// ---- the new data

void Replica::OnVerified(base::Instant now, const StagingVerified& verified,
                         ReplicaActions& actions) {
  auto* receiving = std::get_if<Receiving>(&state_);
  if (receiving == nullptr) return;
  const auto id = receiving->offset ? std::optional(receiving->id) : std::nullopt;
  if (verified.keys == 0 && !PassGate(now, gate_.JudgeEmptySnapshot(now, id), actions)) return;
  receiving->stream_db = verified.stream_db;
  if (options_.rollback) {
    Loss loss = FindLoss(history_, own_, theirs_, {receiving->id, receiving->offset});
    loss.unrelated = loss.unrelated && gate_.has_keys();
    if (loss.fork.at < history_.offset() || loss.unrelated) {
      receiving->recording = next_record_;
      // They will have no use for our history, and a snapshot for one of them would be in the way.
      actions.emplace_back(DropSubReplicas{"a new dataset is about to be loaded"});
      actions.emplace_back(RecordDiscarded{next_record_++, loss.fork, loss.unrelated, primary_,
                                           receiving->id,
                                           receiving->offset.value_or(base::Offset())});
      return;
    }
  }
  actions.emplace_back(DropSubReplicas{"a new dataset was loaded"});
  actions.emplace_back(CommitStaging{});
}

void Replica::OnRecorded(base::Instant now, const DiscardedRecorded& recorded,
                         ReplicaActions& actions) {
  auto* receiving = std::get_if<Receiving>(&state_);
  if (receiving == nullptr || receiving->recording != recorded.number) return;
  receiving->recording.reset();
  if (!recorded.ok && options_.rollback_required) {
    return Break(now, "the old data stays, because no record of its lost writes could be made",
                 actions);
  }
  actions.emplace_back(DropSubReplicas{"a new dataset was loaded"});
  actions.emplace_back(CommitStaging{});
}

bool Replica::PassGate(base::Instant now, const std::optional<SyncGate::Refused>& refused,
                       ReplicaActions& actions) {
  if (!refused) return true;
  Break(now, refused->reason, actions, refused->first);
  state_ = Waiting{now + SyncGate::kPause};
  return false;
}

void Replica::OnHold(base::Instant now, const HoldLink& hold, ReplicaActions& actions) {
  if (std::holds_alternative<Off>(state_)) return;
  held_until_ = hold.until;
  if (now < held_until_)
    Break(now, "an election was won, and another primary may follow", actions, false);
  Tick(now, actions);
}

void Replica::OnAllowSync(base::Instant now, ReplicaActions& actions) {
  if (!gate_.Allow()) return;
  if (!std::holds_alternative<Waiting>(state_)) return;
  state_ = Waiting{now};
  Tick(now, actions);
}

// ---- the stream

void Replica::OnCommitted(base::Instant now, ReplicaActions& actions) {
  const auto* receiving = std::get_if<Receiving>(&state_);
  if (receiving == nullptr) return;
  const bool legacy = !receiving->offset.has_value();
  const int stream_db = receiving->stream_db;
  // A legacy primary names no history: ours starts here, for our own sub-replicas.
  history_.AdoptSnapshot(legacy ? base::ReplicationId::Generate(random_) : receiving->id,
                         receiving->offset.value_or(base::Offset()));
  resumable_ = !legacy;
  actions.emplace_back(ReplicaNote{"MASTER <-> REPLICA sync: Finished with success"});
  StartStreaming(now, legacy, stream_db, actions);
}

void Replica::StartStreaming(base::Instant now, bool legacy, int db, ReplicaActions& actions) {
  state_ = Streaming{legacy};
  own_.reset();
  only_restored_ = false;
  tracker_.Restart(db);
  if (history_.backlog()->wants_unit_start()) history_.backlog()->NoteUnitStart(db);
  read_ = history_.offset();
  failed_attempts_ = 0;
  down_since_ = {};
  gate_.OnInSync();
  next_send_ = now + kAlivePeriod;
  actions.emplace_back(ResumeStream{db});
  // At once: with the mark framing the primary sends nothing before it.
  if (std::string ack = Acknowledgement(); !ack.empty()) actions.emplace_back(Send{std::move(ack)});
}

std::string Replica::Acknowledgement() const {
  const auto* streaming = std::get_if<Streaming>(&state_);
  if (streaming == nullptr || streaming->legacy) return "";
  return EncodeCommand({"REPLCONF", "ACK", std::to_string(history_.offset().bytes())});
}

}  // namespace quorate::replication::core
