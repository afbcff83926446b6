#include "server/persistence/rollback_replay.h"

#include <algorithm>
#include <iterator>
#include <optional>
#include <utility>

#include "shared/resp/reply_parser.h"

namespace quorate::server::persistence {

RollbackReplay::RollbackReplay(io::Io& io, engine::Engine& engine,
                               std::unique_ptr<io::ReadableFile> file,
                               std::unique_ptr<RollbackGate> gate,
                               std::function<void(base::Status)> done)
    : io_(io),
      engine_(engine),
      file_(std::move(file)),
      gate_(std::move(gate)),
      done_(std::move(done)),
      session_(engine.NextSessionId(), io.Now()),
      timer_(io.CreateTimer([this] { Step(); })) {
  engine_.AddSession(session_);
  session_.authenticated = true;
  session_.parser.set_unauthenticated(false);
  session_.name = "rollback-replay";
  timer_->StartAt(io_.Now());
}

RollbackReplay::~RollbackReplay() { engine_.RemoveSession(session_); }

void RollbackReplay::Step() {
  engine_.BeginTurn(io_.Now(), io_.WallNow());
  const std::optional<base::Status> ended = RunSlice();
  if (!ended) return timer_->StartAt(session_.blocked() ? io_.Now() + kPauseCheck : io_.Now());
  const std::function<void(base::Status)> done = std::move(done_);
  done(*ended);
}

std::optional<base::Status> RollbackReplay::RunSlice() {
  if (session_.blocked()) return std::nullopt;
  if (answer_due_) {
    engine_.Resume(session_);
    if (session_.blocked()) return std::nullopt;
    Account();
  }
  for (size_t taken = 0; taken < kSliceBytes;) {
    if (session_.close_now) return base::Error{"its session was closed: " + session_.close_reason};
    if (engine_.replication().is_replica()) return base::Error{"this node is a replica now"};
    if (ready_.empty()) {
      if (const std::optional<base::Status> ended = Pull(taken)) return ended;
      continue;
    }
    piece_ = std::move(ready_.front());
    ready_.pop_front();
    answer_due_ = true;
    engine_.Feed(session_, piece_.raw);
    if (session_.blocked()) return std::nullopt;
    Account();
  }
  return std::nullopt;
}

std::optional<base::Status> RollbackReplay::Pull(size_t& taken) {
  const base::Result<bool> next = reader_.Next();
  if (!next) return next.error();
  if (!*next) {
    std::string slice(kSliceBytes, '\0');
    const base::Result<size_t> size = file_->Read(slice.data(), slice.size());
    if (!size) return size.error();
    if (*size == 0) return reader_.Finish();
    reader_.Push(std::string_view(slice).substr(0, *size));
    return std::nullopt;
  }
  taken += reader_.raw().size();
  if (!gate_) {
    ready_.push_back({std::string(reader_.raw()), !IsFraming(reader_.args()[0])});
    return std::nullopt;
  }
  std::vector<RollbackPiece> unit = gate_->Admit(reader_.args(), reader_.raw());
  std::ranges::move(unit, std::back_inserter(ready_));
  return std::nullopt;
}

void RollbackReplay::Account() {
  answer_due_ = false;
  if (piece_.counts) ++commands_;
  if (gate_ && ready_.empty()) gate_->Ran();
  resp::ReplyParser parser;
  const std::string_view answer = session_.output.view();
  if (parser.Next(answer) == resp::ReplyParser::Outcome::kReply) {
    const resp::Value& value = parser.value();
    if (value.is_error()) NoteError(value.text);
    for (const resp::Value& item : value.items)
      if (item.is_error()) NoteError(item.text);
  }
  session_.output.Clear();
}

void RollbackReplay::NoteError(std::string_view text) {
  ++errors_;
  if (first_error_.empty()) first_error_ = text;
}

}  // namespace quorate::server::persistence
