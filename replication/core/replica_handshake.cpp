// The replica's side of the handshake, reply by reply, up to the snapshot's header.
#include <algorithm>
#include <string>
#include <utility>

#include "replication/core/replica.h"
#include "replication/core/wire.h"
#include "shared/base/numbers.h"
#include "shared/base/result.h"

namespace quorate::replication::core {
namespace {

// The next space-separated word of `text`, taken off its front; empty at the end.
std::string_view TakeWord(std::string_view& text) {
  const size_t begin = std::min(text.find_first_not_of(' '), text.size());
  const size_t end = std::min(text.find(' ', begin), text.size());
  const std::string_view word = text.substr(begin, end - begin);
  text.remove_prefix(end);
  return word;
}

// INFO replication of a primary with a thousand replicas is about this long.
constexpr int64_t kLongestInfo = 128 * 1024;

std::string Quote(std::string_view line) { return "'" + std::string(line.substr(0, 128)) + "'"; }

struct FullResyncLine {
  base::ReplicationId id;
  base::Offset offset;
};

// "+FULLRESYNC <id> <offset>".
base::Result<FullResyncLine> ParseFullResync(std::string_view line) {
  const bool named = TakeWord(line) == "+FULLRESYNC";
  const auto id = base::ReplicationId::Parse(TakeWord(line));
  const auto offset = base::ParseInt64(TakeWord(line));
  if (!named || !id || !offset || *offset < 0 || !line.empty())
    return base::Error{"it sent a malformed +FULLRESYNC"};
  if (*offset > base::kHighestOffset.bytes())
    return base::Error{"it sent +FULLRESYNC with an impossible offset, " + std::to_string(*offset)};
  return FullResyncLine{*id, base::Offset(*offset)};
}

bool IsAuthenticationError(std::string_view line) {
  return line.starts_with("-NOAUTH") || line.starts_with("-NOPERM") ||
         line.starts_with("-ERR operation not permitted");
}

}  // namespace

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
      if (line.starts_with('-'))
        return Break(now, "Unable to AUTH to MASTER: " + Quote(line), actions);
      break;
    case Expect::kCapabilities:
      if (run_id_) {
        if (!AcceptAncestry(now, line, actions)) return;
        break;
      }
      [[fallthrough]];
    case Expect::kListeningPort:
    case Expect::kIpAddress:
      // An old primary may know none of these; the sync works without.
      if (line.starts_with('-')) {
        actions.emplace_back(
            ReplicaNote{"(Non critical) Master does not understand REPLCONF: " + Quote(line)});
      }
      break;
    case Expect::kHistory:
      return OnHistoryReply(now, line, handshake, actions);
    case Expect::kPsync:
      return OnPsyncReply(now, line, actions);
  }
  if (!handshake.expected.empty() || AskHistory(handshake, actions)) return;
  AskSync(handshake, actions);
}

bool Replica::AskHistory(Handshaking& handshake, ReplicaActions& actions) {
  const bool kept =
      history_.backlog() != nullptr && (history_.offset() != base::Offset() || gate_.has_keys());
  const bool may_record = options_.rollback && kept;
  if (!handover_ && !may_record && !gate_.MayRefuse()) return false;
  handshake.expected.push_back(Expect::kHistory);
  actions.emplace_back(Send{EncodeCommand({"INFO", "replication"})});
  return true;
}

void Replica::OnHistoryReply(base::Instant now, std::string_view line, Handshaking& handshake,
                             ReplicaActions& actions) {
  // Who may not say, or does not know the command, is asked to sync all the same.
  if (!line.starts_with('$')) return AskSync(handshake, actions);
  const auto length = base::ParseInt64(line.substr(1));
  if (!length || *length < 0 || *length > kLongestInfo)
    return Break(now, "it answered INFO with " + Quote(line), actions);
  handshake.text_left = static_cast<size_t>(*length) + 2;
}

void Replica::TakeHistory(base::Instant now, Handshaking& handshake, std::string_view& input,
                          ReplicaActions& actions) {
  const size_t taken = std::min(*handshake.text_left, input.size());
  handshake.text.append(input.substr(0, taken));
  input.remove_prefix(taken);
  *handshake.text_left -= taken;
  if (*handshake.text_left != 0) return;
  theirs_ = ParsePrimaryHistory(handshake.text);
  handshake.text_left.reset();
  handshake.text.clear();
  if (handover_ && !AcceptTargetHistory(now, actions)) return;
  if (theirs_ && !PassGate(now, gate_.JudgeInfo(now, *theirs_), actions)) return;
  AskSync(handshake, actions);
}

void Replica::AskSync(Handshaking& handshake, ReplicaActions& actions) {
  handshake.expected.push_back(Expect::kPsync);
  actions.emplace_back(ReplicaNote{
      resumable_ ? "Trying a partial resynchronization (request " + history_.id().ToString() + ":" +
                       std::to_string(history_.offset().bytes() + 1) + ")."
                 : "Partial resynchronization not possible (no cached master)"});
  // PSYNC goes alone: with replies still pending it would be refused. It names the next byte we
  // want, counted from 1.
  const std::string next_byte = std::to_string(history_.offset().bytes() + 1);
  if (handover_ && !handover_->doubtful) {
    ++handover_->asked;
    actions.emplace_back(
        Send{EncodeCommand({"PSYNC", history_.id().view(), next_byte, "FAILOVER"})});
  } else if (resumable_) {
    actions.emplace_back(Send{EncodeCommand({"PSYNC", history_.id().view(), next_byte})});
  } else {
    actions.emplace_back(Send{EncodeCommand({"PSYNC", "?", "-1"})});
  }
}

void Replica::Introduce(Handshaking& handshake, ReplicaActions& actions) {
  std::string bytes;
  if (!options_.primary_password.empty()) {
    bytes += options_.primary_user.empty()
                 ? EncodeCommand({"AUTH", options_.primary_password})
                 : EncodeCommand({"AUTH", options_.primary_user, options_.primary_password});
    handshake.expected.push_back(Expect::kAuth);
  }
  const uint16_t port = options_.announce_port != 0 ? options_.announce_port : listening_port_;
  bytes += EncodeCommand({"REPLCONF", "listening-port", std::to_string(port)});
  handshake.expected.push_back(Expect::kListeningPort);
  if (!options_.announce_ip.empty()) {
    bytes += EncodeCommand({"REPLCONF", "ip-address", options_.announce_ip});
    handshake.expected.push_back(Expect::kIpAddress);
  }
  // Who does not know our option has taken the others before it.
  bytes += run_id_ ? EncodeCommand({"REPLCONF", "capa", "eof", "capa", "psync2", kRunIdOption,
                                    run_id_->view()})
                   : EncodeCommand({"REPLCONF", "capa", "eof", "capa", "psync2"});
  handshake.expected.push_back(Expect::kCapabilities);
  actions.emplace_back(Send{std::move(bytes)});
}

bool Replica::AcceptAncestry(base::Instant now, std::string_view line, ReplicaActions& actions) {
  const Ancestry ancestry =
      line.starts_with('+') ? ParseAncestry(line.substr(1)).value_or(Ancestry{}) : Ancestry{};
  gate_.OnAncestry(ancestry);
  // Of course it follows us, until it has taken the role.
  if (handover_) return AcceptTarget(now, actions);
  if (std::ranges::find(ancestry, *run_id_) != ancestry.end()) {
    Break(now,
          ancestry.front() == *run_id_
              ? "it is this very node"
              : "it follows this node, perhaps over others: the stream would go round in a circle",
          actions);
    return false;
  }
  actions.emplace_back(UpstreamAncestry{ancestry});
  return true;
}

void Replica::OnPsyncReply(base::Instant now, std::string_view line, ReplicaActions& actions) {
  if (handover_ && !OnHandoverReply(now, line, actions)) return;
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

bool Replica::AcceptTarget(base::Instant now, ReplicaActions& actions) {
  if (handover_->to.forced || gate_.process() == handover_->to.process) return true;
  if (handover_->asked != 0) {
    // The one that was asked may have taken the role before it ended.
    handover_->doubtful = true;
    return true;
  }
  RefuseHandover(now, "it is not the process that acknowledged our stream", actions);
  return false;
}

bool Replica::AcceptTargetHistory(base::Instant now, ReplicaActions& actions) {
  const HandOver& to = handover_->to;
  if (to.forced || !theirs_ || theirs_->id != history_.id() || theirs_->offset >= to.acknowledged)
    return true;
  RefuseHandover(now,
                 "it has our history up to " + std::to_string(theirs_->offset.bytes()) +
                     ", and acknowledged " + std::to_string(to.acknowledged.bytes()) +
                     ": it is not the process that did",
                 actions);
  return false;
}

bool Replica::AcceptTargetSnapshot(base::Offset offset) const {
  if (handover_->to.forced) return true;
  const bool same_process = gate_.process() && gate_.process() == handover_->to.process;
  return offset >= handover_->to.acknowledged && (same_process || !handover_->doubtful);
}

void Replica::RefuseHandover(base::Instant now, const std::string& reason,
                             ReplicaActions& actions) {
  handover_.reset();
  Break(now, reason, actions);
  actions.emplace_back(HandoverAnswered{false});
}

bool Replica::OnHandoverReply(base::Instant now, std::string_view line, ReplicaActions& actions) {
  const base::Result<FullResyncLine> snapshot = ParseFullResync(line);
  if (line.starts_with("+CONTINUE") || (snapshot && AcceptTargetSnapshot(snapshot->offset))) {
    // Its new history goes on from what it had of ours when we asked.
    if (snapshot && theirs_ && theirs_->id == history_.id())
      theirs_ = PrimaryHistory{snapshot->id, snapshot->offset, theirs_->id, theirs_->offset};
    actions.emplace_back(HandoverAnswered{true});
    actions.emplace_back(
        UpstreamAncestry{gate_.process() ? Ancestry{*gate_.process()} : Ancestry{}});
    handover_.reset();
    return true;
  }
  const std::string reason = "it answered PSYNC FAILOVER with " + Quote(line);
  // A link that broke after the question may have swallowed the answer; then the role has moved,
  // and taking it back would make two primaries.
  if (handover_->asked > 1 && line.starts_with("-ERR PSYNC FAILOVER can't be sent to a master")) {
    handover_->doubtful = true;
    Break(now, reason, actions);
    return false;
  }
  if (handover_->doubtful && line.starts_with("-LOADING")) {
    Break(now, reason, actions);
    return false;
  }
  RefuseHandover(now, reason, actions);
  return false;
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
  const base::Result<FullResyncLine> offer = ParseFullResync(line);
  if (!offer) return Break(now, offer.error().message, actions);
  if (!PassGate(now, gate_.JudgeFullResync(now, offer->id, offer->offset), actions)) return;
  state_ = Receiving{offer->id, offer->offset, std::nullopt, -1, std::nullopt};
  next_send_ = now + kAlivePeriod;
  actions.emplace_back(ReplicaNote{"Full resync from master: " + offer->id.ToString() + ":" +
                                   std::to_string(offer->offset.bytes())});
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
  actions.emplace_back(ReplicaNote{"MASTER <-> REPLICA sync: Loading DB in memory"});
  auto& receiving = std::get<Receiving>(state_);
  receiving.framing = std::move(framing).value();
  actions.emplace_back(BeginStaging{receiving.offset && receiving.id == history_.id()});
  if (complete) actions.emplace_back(FinishStaging{});
}

}  // namespace quorate::replication::core
