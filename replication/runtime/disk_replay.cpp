#include "replication/runtime/disk_replay.h"

#include <algorithm>
#include <cstdint>
#include <optional>
#include <utility>

#include "replication/runtime/upstream_link.h"
#include "shared/base/numbers.h"

namespace quorate::replication::runtime {

DiskReplay::DiskReplay(DiskBacklog& disk, StreamApplier& applier, const Position& from,
                       int databases, std::function<void(const Outcome&)> done)
    : disk_(disk),
      applier_(applier),
      databases_(databases),
      done_(std::move(done)),
      reader_(disk.ReaderFrom(from.offset)),
      parser_(UpstreamLink::StreamLimits()) {
  outcome_.end = from.offset;
  outcome_.units.Add({from.offset, from.stream_db});
  tracker_.Restart(from.stream_db);
  if (HasDatabase(from.stream_db)) applier_.SelectDb(std::max(from.stream_db, 0));
}

void DiskReplay::ReadOn() {
  disk_.Read(reader_, kSliceBytes, [this, alive = alive_](base::Result<std::string> bytes) {
    if (!*alive) return;
    if (!bytes) outcome_.status = bytes.error();
    if (!outcome_.status || bytes->empty()) return Finish();
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
    if (!HasDatabase(SelectedBy(parser_.args()))) return false;
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

int DiskReplay::SelectedBy(std::span<const std::string_view> command) {
  if (command.size() != 2 || !base::EqualsIgnoreCase(command[0], "select")) return -1;
  const std::optional<int64_t> db = base::ParseInt64(command[1]);
  return db ? static_cast<int>(std::clamp<int64_t>(*db, -1, INT32_MAX)) : -1;
}

bool DiskReplay::HasDatabase(int db) {
  if (db < databases_) return true;
  outcome_.status =
      base::Error{"at offset " + std::to_string(outcome_.end.bytes()) +
                  " the stream selects database " + std::to_string(db) +
                  ", which does not exist here (databases " + std::to_string(databases_) + ")"};
  return false;
}

void DiskReplay::Finish() {
  if (tracker_.in_transaction()) applier_.AbortTransaction();
  outcome_.stream_db = tracker_.db();
  applier_.EndStream();
  const auto done = std::move(done_);
  done(outcome_);
}

}  // namespace quorate::replication::runtime
