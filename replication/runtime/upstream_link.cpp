#include "replication/runtime/upstream_link.h"

#include <limits>
#include <string>
#include <utility>

namespace quorate::replication::runtime {

resp::RequestParser::Limits UpstreamLink::StreamLimits() {
  resp::RequestParser::Limits limits;
  limits.max_bulk_bytes = int64_t{1} << 40;
  limits.max_args = std::numeric_limits<int32_t>::max();
  return limits;
}

UpstreamLink::UpstreamLink(io::Io& io, core::Replica& machine, core::Primary& downstream,
                           Dataset& dataset, StreamApplier& applier, ReplicationListener& listener,
                           std::function<void(core::ReplicaActions)> run)
    : io_(io),
      machine_(machine),
      downstream_(downstream),
      dataset_(dataset),
      applier_(applier),
      listener_(listener),
      run_(std::move(run)),
      parser_(StreamLimits()) {}

void UpstreamLink::Step(const core::ReplicaInput& input) { run_(machine_.Step(io_.Now(), input)); }

// ---- the machine's actions

void UpstreamLink::Open(const base::Endpoint& primary, base::Duration timeout,
                        base::Duration keepalive) {
  Close();
  keepalive_ = keepalive;
  io::ConnectOptions options;
  options.endpoint = primary;
  options.timeout = timeout;
  stream_ = io_.Connect(options, *this);
}

void UpstreamLink::Close() {
  ++link_;
  paused_ = false;
  stream_.reset();
  output_.Free();
  input_.Free();
  parser_.Reset();
}

void UpstreamLink::Send(std::string_view bytes) {
  output_.Append(bytes);
  Flush();
}

void UpstreamLink::Flush() {
  if (!stream_ || output_.empty()) return;
  output_.Consume(stream_->TryWrite(output_.view()));
  if (!output_.empty()) stream_->NotifyWritable();
}

void UpstreamLink::BeginStaging(bool same_history) {
  staging_ = dataset_.BeginStaging(same_history);
  reader_.emplace(*staging_, dataset_.reader_options());
}

void UpstreamLink::AbandonStaging() {
  reader_.reset();
  if (staging_ != nullptr) dataset_.DiscardStaging(std::move(staging_));
}

void UpstreamLink::FinishStaging() {
  const base::Status whole = reader_->Finish();
  if (!whole.ok()) return Step(core::StagingFailed{whole.error().message});
  Step(core::StagingVerified{reader_->meta().stream_db.value_or(-1), reader_->records()});
}

void UpstreamLink::CommitStaging() {
  reader_.reset();
  dataset_.CommitStaging(std::move(staging_));
  const uint64_t link = link_;
  Step(core::StagingCommitted{});
  if (link_ != link || !paused_) return;
  paused_ = false;
  stream_->ResumeReading();
  const base::Buffer kept = std::exchange(input_, {});
  if (!kept.empty()) OnStream(kept.view());
}

void UpstreamLink::PauseReading() {
  paused_ = true;
  stream_->PauseReading();
}

// ---- io::StreamObserver

void UpstreamLink::OnConnected() {
  stream_->SetKeepAlive(keepalive_);
  Step(core::LinkOpened{});
}

void UpstreamLink::OnWritable() { Flush(); }

void UpstreamLink::OnClosed(const io::CloseReason& reason) {
  stream_.reset();
  Step(core::LinkClosed{reason.message});
}

void UpstreamLink::OnBytes(std::string_view bytes) {
  if (output_.size() > kMaxUnsentBytes)
    return Step(core::LinkClosed{
        "it does not read what we send: " + std::to_string(output_.size()) + " bytes wait for it"});
  listener_.OnUpstreamBytes(bytes.size());
  if (!machine_.link_up()) machine_.SetHasKeys(!dataset_.Empty());
  const uint64_t link = link_;
  while (!bytes.empty()) {
    core::ReplicaActions actions;
    const core::Replica::Segment segment = machine_.Receive(io_.Now(), bytes, actions);
    if (segment.kind == core::Replica::Kind::kStream) return OnStream(bytes);
    if (segment.kind == core::Replica::Kind::kSnapshot && !Stage(segment.payload)) return;
    run_(std::move(actions));
    if (link_ != link) return;
  }
}

bool UpstreamLink::Stage(const core::SnapshotFraming::Payload& payload) {
  for (const std::string_view piece : {payload.first, payload.second}) {
    const base::Result<size_t> used = reader_->Push(piece);
    if (!used.ok()) {
      Step(core::StagingFailed{used.error().message});
      return false;
    }
    if (*used < piece.size()) {
      Step(core::StagingFailed{"bytes after the snapshot's end at byte " +
                               std::to_string(reader_->offset())});
      return false;
    }
  }
  return true;
}

// ---- the stream

void UpstreamLink::OnStream(std::string_view bytes) {
  if (paused_) return input_.Append(bytes);
  machine_.NoteStreamBytes(io_.Now(), bytes.size());
  applier_.BeginBytes();
  if (input_.empty()) {
    if (const std::optional<size_t> done = RunCommands(bytes)) input_.Append(bytes.substr(*done));
    return;
  }
  input_.Append(bytes);
  if (const std::optional<size_t> done = RunCommands(input_.view())) input_.Consume(*done);
}

std::optional<size_t> UpstreamLink::RunCommands(std::string_view bytes) {
  const uint64_t link = link_;
  size_t done = 0;
  size_t looked_ahead = applier_.LookAhead(bytes);
  while (true) {
    const resp::RequestParser::Outcome outcome = parser_.Next(bytes.substr(done));
    const std::string_view raw = bytes.substr(done, parser_.consumed());
    done += raw.size();
    switch (outcome) {
      case resp::RequestParser::Outcome::kNeedMore:
        // Skipped empty lines are part of the stream as well.
        if (!raw.empty())
          downstream_.ForwardApplied(machine_.tracker().Applied({}, raw), machine_.tracker().db());
        return done;
      case resp::RequestParser::Outcome::kError:
        Step(core::StreamCorrupt{std::string(parser_.error())});
        return std::nullopt;
      case resp::RequestParser::Outcome::kRequest:
        if (parser_.is_inline()) {
          Step(core::StreamCorrupt{"inline data from the primary"});
          return std::nullopt;
        }
        RunCommand(raw);
        if (link_ != link) return std::nullopt;
        if (--looked_ahead == 0) looked_ahead = applier_.LookAhead(bytes.substr(done));
        break;
    }
  }
}

void UpstreamLink::RunCommand(std::string_view raw) {
  const uint64_t link = link_;
  switch (core::StreamTracker::Classify(parser_.args())) {
    case core::StreamTracker::Verdict::kGetAck:
      // What is acknowledged does not include the request for it.
      Send(machine_.Acknowledgement());
      break;
    case core::StreamTracker::Verdict::kSkip:
      break;
    case core::StreamTracker::Verdict::kApply:
      if (const base::Status applied = applier_.Apply(parser_.args()); !applied)
        return Step(core::StreamUnrunnable{applied.error().message});
      break;
  }
  if (link_ != link) return;
  const std::string_view released = machine_.tracker().Applied(parser_.args(), raw);
  if (!released.empty()) downstream_.ForwardApplied(released, machine_.tracker().db());
}

}  // namespace quorate::replication::runtime
