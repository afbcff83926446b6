// Replication's part in rollback records: which end of our history a full synchronization throws
// away, and by whom it is replaced.
#include <string>
#include <utility>

#include "replication/runtime/replication.h"
#include "replication/runtime/upstream_link.h"

namespace quorate::replication::runtime {

void Replication::NoteOffset() {
  if (history_.offset() != offset_clock_.latest())
    offset_clock_.Note(history_.offset(), io_.WallNow());
}

void Replication::Record(const core::RecordDiscarded& record) {
  upstream_->PauseReading();
  NoteOffset();
  DiscardedStream discarded;
  discarded.history = history_.id();
  discarded.fork = record.fork;
  discarded.unrelated = record.unrelated;
  discarded.end = history_.offset();
  discarded.not_before = offset_clock_.NotBefore(record.fork.at);
  discarded.not_after = offset_clock_.Reached(discarded.end);
  discarded.successor = record.successor;
  discarded.successor_history = record.id;
  discarded.successor_offset = record.offset;
  discarded_reader_.Read(std::move(discarded), disk_.get(),
                         [this, number = record.number](DiscardedStream read) {
                           GiveToRecorder(number, std::move(read));
                         });
}

void Replication::GiveToRecorder(uint64_t number, DiscardedStream discarded) {
  const auto done = [this, alive = alive_, number](const base::Status& status) {
    if (!*alive) return;
    Run(replica_.Step(io_.Now(), core::DiscardedRecorded{number, status.ok()}));
    ArmTimer();
  };
  ports_.rollback->Record(std::move(discarded), done);
}

}  // namespace quorate::replication::runtime
