#include "replication/runtime/disk_replay.h"

#include <algorithm>
#include <utility>

#include "replication/runtime/upstream_link.h"
#include "shared/base/numbers.h"

namespace quorate::replication::runtime {

DiskReplay::DiskReplay(DiskBacklog& disk, StreamApplier& applier, base::Offset from, int stream_db,
                       std::function<void(const Outcome&)> done)
    : disk_(disk),
      applier_(applier),
      done_(std::move(done)),
      reader_(disk.ReaderFrom(from)),
      parser_(UpstreamLink::StreamLimits()) {
  outcome_.end = from;
  outcome_.units.Add({from, stream_db});
  tracker_.Restart(stream_db);
  applier_.SelectDb(std::max(stream_db, 0));
}

void DiskReplay::ReadOn() {
  disk_.Read(reader_, kSliceBytes, [this, alive = alive_](base::Result<std::string> bytes) {
    if (!*alive) return;
    if (!bytes) {
      outcome_.problem = bytes.error().message;
      return Finish();
    }
    if (bytes->empty()) return Finish();
    OnBytes(*bytes);
  });
}

void DiskReplay::OnBytes(std::string_view bytes) {
  applier_.BeginBytes();
  input_.Append(bytes);
  if (!RunCommands()) return Finish();
  ReadOn();
}

bool DiskReplay::IsMessage(std::string_view command) {
  return base::EqualsIgnoreCase(command, "publish") || base::EqualsIgnoreCase(command, "spublish");
}

bool DiskReplay::RunCommands() {
  size_t done = 0;
  const auto released = [&](std::string_view applied) {
    outcome_.end += static_cast<int64_t>(applied.size());
    if (!applied.empty()) outcome_.units.Add({outcome_.end, tracker_.db()});
  };
  while (true) {
    const std::string_view rest = input_.view().substr(done);
    const resp::RequestParser::Outcome outcome = parser_.Next(rest);
    const std::string_view raw = rest.substr(0, parser_.consumed());
    done += raw.size();
    if (outcome == resp::RequestParser::Outcome::kNeedMore) {
      // Skipped empty lines are part of the stream as well.
      if (!raw.empty()) released(tracker_.Applied({}, raw));
      input_.Consume(done);
      return true;
    }
    if (outcome == resp::RequestParser::Outcome::kError || parser_.is_inline()) {
      outcome_.problem = "what follows is no stream of commands";
      return false;
    }
    const bool runs =
        core::StreamTracker::Classify(parser_.args()) == core::StreamTracker::Verdict::kApply &&
        !IsMessage(parser_.args()[0]);
    if (runs) {
      if (const base::Status applied = applier_.Apply(parser_.args()); !applied) {
        outcome_.problem = applied.error().message;
        return false;
      }
      ++outcome_.commands;
    }
    released(tracker_.Applied(parser_.args(), raw));
  }
}

void DiskReplay::Finish() {
  if (tracker_.in_transaction()) applier_.AbortTransaction();
  outcome_.stream_db = tracker_.db();
  applier_.EndStream();
  const auto done = std::move(done_);
  done(outcome_);
}

}  // namespace quorate::replication::runtime
