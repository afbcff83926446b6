#include "replication/core/replica.h"

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

constexpr base::Duration kFirstRetry = 100ms;
constexpr base::Duration kLongestRetry = 1s;
constexpr base::Duration kAlivePeriod = 1s;
// A reply to the handshake, or a snapshot header.
constexpr size_t kMaxLine = 1024;

std::string Encode(std::initializer_list<std::string_view> args) {
  std::string out = "*" + std::to_string(args.size()) + "\r\n";
  for (const std::string_view arg : args) {
    out.append("$").append(std::to_string(arg.size())).append("\r\n");
    out.append(arg).append("\r\n");
  }
  return out;
}

// The next space-separated word of `text`, taken off its front; empty at the end.
std::string_view TakeWord(std::string_view& text) {
  const size_t begin = std::min(text.find_first_not_of(' '), text.size());
  const size_t end = std::min(text.find(' ', begin), text.size());
  const std::string_view word = text.substr(begin, end - begin);
  text.remove_prefix(end);
  return word;
}

std::string Quote(std::string_view line) { return "'" + std::string(line.substr(0, 128)) + "'"; }

bool IsAuthenticationError(std::string_view line) {
  return line.starts_with("-NOAUTH") || line.starts_with("-NOPERM") ||
         line.starts_with("-ERR operation not permitted");
}

}  // namespace

Replica::Replica(History& history, const Options& options, uint16_t listening_port,
                 base::Random random)
    : history_(history), options_(options), listening_port_(listening_port), random_(random) {}

ReplicaActions Replica::Step(base::Instant now, const ReplicaInput& input) {
  ReplicaActions actions;
  std::visit(base::Overloaded{
                 [&](const Follow& follow) { OnFollow(now, follow, actions); },
                 [&](const Promote&) { OnPromote(actions); },
                 [&](const LinkOpened&) { OnLinkOpened(now, actions); },
                 [&](const LinkClosed& closed) { Break(now, closed.reason, actions); },
                 [&](const StagingVerified& verified) {
                   auto* receiving = std::get_if<Receiving>(&state_);
                   if (receiving == nullptr) return;
                   receiving->stream_db = verified.stream_db;
                   actions.emplace_back(DropSubReplicas{"a new dataset was loaded"});
                   actions.emplace_back(CommitStaging{});
                 },
                 [&](const StagingCommitted&) { OnCommitted(now, actions); },
                 [&](const StagingFailed& failed) {
                   if (!std::holds_alternative<Receiving>(state_)) return;
                   Break(now, "snapshot refused, the old data stays: " + failed.reason, actions);
                 },
                 [&](const StreamCorrupt& corrupt) {
                   resumable_ = false;
                   Break(now, "replication stream unusable: " + corrupt.reason, actions);
                 },
                 [&](const ReplicaTick&) { Tick(now, actions); },
             },
             input);
  return actions;
}

// ---- role
// -----------------------------------------------------------------------------------------------------------

void Replica::OnFollow(base::Instant now, const Follow& follow, ReplicaActions& actions) {
  LeaveLink(actions);
  const bool was_primary = std::holds_alternative<Off>(state_);
  if (was_primary && follow.offer_own_history) {
    // Demotion: as if our own stream had come from a primary, so that it may be continued.
    history_.EnsureBacklog();
    resumable_ = true;
    tracker_.Restart(follow.stream_db);
  }
  primary_ = follow.primary;
  state_ = Waiting{now};
  failed_attempts_ = 0;
  down_since_ = {};
  if (was_primary) actions.emplace_back(Demoted{});
  Tick(now, actions);
}

void Replica::OnPromote(ReplicaActions& actions) {
  if (std::holds_alternative<Off>(state_)) return;
  LeaveLink(actions);
  state_ = Off{};
  primary_ = {};
  history_.Promote(base::ReplicationId::Generate(random_));
  actions.emplace_back(DropSubReplicas{"this node was promoted: a new history begins"});
  actions.emplace_back(Promoted{});
}

// ---- the link
// -------------------------------------------------------------------------------------------------------

void Replica::OnLinkOpened(base::Instant now, ReplicaActions& actions) {
  if (!std::holds_alternative<Connecting>(state_)) return;
  state_ = Handshaking{{Expect::kPing}};
  last_io_ = now;
  line_.clear();
  actions.emplace_back(Send{Encode({"PING"})});
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

void Replica::Break(base::Instant now, std::string reason, ReplicaActions& actions) {
  if (std::holds_alternative<Off>(state_) || std::holds_alternative<Waiting>(state_)) return;
  if (std::holds_alternative<Streaming>(state_)) down_since_ = now;
  LeaveLink(actions);
  // Jitter keeps the replicas of a node that came back from asking in step.
  const base::Duration pause =
      std::min(kFirstRetry * (1 << std::min(failed_attempts_, 8)), kLongestRetry);
  ++failed_attempts_;
  state_ = Waiting{now + pause - pause * random_.Below(100) / 1000};
  actions.emplace_back(
      ReplicaNote{"Link to MASTER " + primary_.ToString() + " broken: " + reason, true});
}

base::Instant Replica::NextDeadline() const {
  return std::visit(
      base::Overloaded{
          [](const Off&) { return base::Instant::max(); },
          [](const Waiting& waiting) { return waiting.until; },
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
    if (now < waiting->until) return;
    state_ = Connecting{};
    last_io_ = now;
    actions.emplace_back(ReplicaNote{"Connecting to MASTER " + primary_.ToString()});
    actions.emplace_back(OpenLink{primary_});
    return;
  }
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

// ---- received lines
// -------------------------------------------------------------------------------------------------

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

void Replica::OnHandshakeReply(base::Instant now, std::string_view line, ReplicaActions& actions) {
  auto& handshake = std::get<Handshaking>(state_);
  const Expect expected = handshake.expected.front();
  handshake.expected.pop_front();
  switch (expected) {
    case Expect::kPing:
      if (!line.starts_with('+') && !IsAuthenticationError(line)) {
        return Break(now, "it answered PING with " + Quote(line), actions);
      }
      return Introduce(handshake, actions);
    case Expect::kAuth:
      if (line.starts_with('-')) return Break(now, "it refused AUTH with " + Quote(line), actions);
      break;
    case Expect::kListeningPort:
    case Expect::kIpAddress:
    case Expect::kCapabilities:
      // An old primary may know none of these; the sync works without.
      if (line.starts_with('-')) {
        actions.emplace_back(
            ReplicaNote{"(Non critical) Master does not understand REPLCONF: " + Quote(line)});
      }
      break;
    case Expect::kPsync:
      return OnPsyncReply(now, line, actions);
  }
  if (!handshake.expected.empty()) return;
  handshake.expected.push_back(Expect::kPsync);
  actions.emplace_back(ReplicaNote{
      resumable_ ? "Trying a partial resynchronization (request " + history_.id().ToString() + ":" +
                       std::to_string(history_.offset().bytes() + 1) + ")."
                 : "Partial resynchronization not possible (no cached master)"});
  // PSYNC goes alone: with replies still pending it would be refused. It names the next byte we
  // want, counted from 1.
  actions.emplace_back(Send{resumable_ ? Encode({"PSYNC", history_.id().view(),
                                                 std::to_string(history_.offset().bytes() + 1)})
                                       : Encode({"PSYNC", "?", "-1"})});
}

void Replica::Introduce(Handshaking& handshake, ReplicaActions& actions) {
  std::string bytes;
  if (!options_.primary_password.empty()) {
    bytes += options_.primary_user.empty()
                 ? Encode({"AUTH", options_.primary_password})
                 : Encode({"AUTH", options_.primary_user, options_.primary_password});
    handshake.expected.push_back(Expect::kAuth);
  }
  const uint16_t port = options_.announce_port != 0 ? options_.announce_port : listening_port_;
  bytes += Encode({"REPLCONF", "listening-port", std::to_string(port)});
  handshake.expected.push_back(Expect::kListeningPort);
  if (!options_.announce_ip.empty()) {
    bytes += Encode({"REPLCONF", "ip-address", options_.announce_ip});
    handshake.expected.push_back(Expect::kIpAddress);
  }
  bytes += Encode({"REPLCONF", "capa", "eof", "capa", "psync2"});
  handshake.expected.push_back(Expect::kCapabilities);
  actions.emplace_back(Send{std::move(bytes)});
}

void Replica::OnPsyncReply(base::Instant now, std::string_view line, ReplicaActions& actions) {
  if (line.starts_with("+CONTINUE")) return OnContinue(now, line, actions);
  if (line.starts_with("+FULLRESYNC")) return OnFullResync(now, line, actions);
  if (!line.starts_with('-')) return Break(now, "it answered PSYNC with " + Quote(line), actions);
  if (line.starts_with("-NOMASTERLINK") || line.starts_with("-LOADING")) {
    return Break(now, "it cannot serve us now: " + Quote(line), actions);
  }
  actions.emplace_back(ReplicaNote{"Master does not support PSYNC or is in error state (reply: " +
                                   Quote(line) + "). Retrying with SYNC..."});
  state_ = Receiving{};
  next_send_ = now + kAlivePeriod;
  actions.emplace_back(Send{"SYNC\r\n"});
}

void Replica::OnContinue(base::Instant now, std::string_view line, ReplicaActions& actions) {
  TakeWord(line);
  const std::string_view word = TakeWord(line);
  const auto id = word.empty() ? history_.id() : base::ReplicationId::Parse(word);
  if (!resumable_ || !id || !line.empty()) {
    resumable_ = false;
    return Break(now, "it continued a stream that we did not ask for", actions);
  }
  history_.EnsureBacklog();
  if (*id != history_.id()) {
    history_.AdoptContinued(*id);
    actions.emplace_back(ReplicaNote{"Master replication ID changed to " + id->ToString()});
    actions.emplace_back(DropSubReplicas{"the primary's replication id changed"});
  }
  actions.emplace_back(ReplicaNote{"Successful partial resynchronization with master."});
  StartStreaming(now, false, tracker_.db(), actions);
}

void Replica::OnFullResync(base::Instant now, std::string_view line, ReplicaActions& actions) {
  TakeWord(line);
  const auto id = base::ReplicationId::Parse(TakeWord(line));
  const auto offset = base::ParseInt64(TakeWord(line));
  if (!id || !offset || *offset < 0 || !line.empty()) {
    return Break(now, "it sent a malformed +FULLRESYNC", actions);
  }
  state_ = Receiving{*id, base::Offset(*offset), std::nullopt, -1};
  next_send_ = now + kAlivePeriod;
  actions.emplace_back(
      ReplicaNote{"Full resync from master: " + id->ToString() + ":" + std::to_string(*offset)});
}

void Replica::OnSnapshotHeader(base::Instant now, std::string_view line, ReplicaActions& actions) {
  if (line.starts_with('-'))
    return Break(now, "MASTER aborted replication with an error: " + Quote(line), actions);
  auto framing = SnapshotFraming::Parse(line);
  if (!framing.ok()) return Break(now, framing.error().message, actions);
  const bool complete = framing->complete();
  actions.emplace_back(
      ReplicaNote{"MASTER <-> REPLICA sync: receiving " +
                  (framing->total() < 0 ? "streamed RDB from master with EOF"
                                        : std::to_string(framing->total()) + " bytes from master") +
                  " to a staging area"});
  std::get<Receiving>(state_).framing = std::move(framing).value();
  actions.emplace_back(BeginStaging{});
  if (complete) actions.emplace_back(FinishStaging{});
}

void Replica::OnCommitted(base::Instant now, ReplicaActions& actions) {
  const auto* receiving = std::get_if<Receiving>(&state_);
  if (receiving == nullptr) return;
  const bool legacy = !receiving->offset.has_value();
  const int stream_db = receiving->stream_db;
  // A legacy primary names no history: ours starts here, for our own sub-replicas.
  history_.AdoptSnapshot(legacy ? base::ReplicationId::Generate(random_) : receiving->id,
                         receiving->offset.value_or(base::Offset()));
  resumable_ = !legacy;
  StartStreaming(now, legacy, stream_db, actions);
}

void Replica::StartStreaming(base::Instant now, bool legacy, int db, ReplicaActions& actions) {
  state_ = Streaming{legacy};
  tracker_.Restart(db);
  read_ = history_.offset();
  failed_attempts_ = 0;
  down_since_ = {};
  next_send_ = now + kAlivePeriod;
  actions.emplace_back(ResumeStream{db});
  // At once: with the mark framing the primary sends nothing before it.
  if (std::string ack = Acknowledgement(); !ack.empty()) actions.emplace_back(Send{std::move(ack)});
}

std::string Replica::Acknowledgement() const {
  const auto* streaming = std::get_if<Streaming>(&state_);
  if (streaming == nullptr || streaming->legacy) return "";
  return Encode({"REPLCONF", "ACK", std::to_string(history_.offset().bytes())});
}

// ---- what is known
// --------------------------------------------------------------------------------------------------

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

void Replica::SetResumable(int stream_db) {
  resumable_ = true;
  tracker_.Restart(stream_db);
}

void Replica::CheckInvariants() const {
  history_.CheckInvariants();
  CHECK(tracker_.in_transaction() || tracker_.pending().empty() || link_up());
  CHECK(!tracker_.in_transaction() || link_up());
  CHECK(!link_up() || history_.backlog() != nullptr);
  CHECK(read_ >= history_.offset() || !link_up());
}

}  // namespace quorate::replication::core
