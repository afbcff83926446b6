#include "replication/core/history.h"

#include "shared/base/check.h"

namespace quorate::replication::core {

History::History(base::ReplicationId id, size_t backlog_limit)
    : id_(id), backlog_limit_(backlog_limit) {}

void History::StartNew(base::ReplicationId fresh) {
  id_ = fresh;
  previous_id_ = {};
  previous_end_.reset();
  disk_.reset();
  EnsureBacklog();
}

void History::Abandon(base::ReplicationId fresh) {
  id_ = fresh;
  previous_id_ = {};
  previous_end_.reset();
  disk_.reset();
  backlog_.reset();
}

void History::Promote(base::ReplicationId fresh) {
  previous_id_ = id_;
  previous_end_ = offset_;
  id_ = fresh;
  EnsureBacklog();
}

void History::EnsureBacklog() {
  if (!backlog_) backlog_ = std::make_unique<Backlog>(backlog_limit_, offset_);
}

void History::AdoptContinued(base::ReplicationId id) {
  previous_id_ = id_;
  previous_end_ = offset_;
  id_ = id;
  EnsureBacklog();
}

void History::AdoptSnapshot(base::ReplicationId id, base::Offset offset) {
  Restore(id, offset, {}, std::nullopt);
}

void History::Restore(base::ReplicationId id, base::Offset offset, base::ReplicationId previous,
                      std::optional<base::Offset> previous_end) {
  id_ = id;
  offset_ = offset;
  previous_id_ = previous;
  previous_end_ = previous_end;
  disk_.reset();
  if (backlog_) {
    backlog_->Reset(offset);
  } else {
    EnsureBacklog();
  }
}

void History::SetBacklogLimit(size_t limit) {
  backlog_limit_ = limit;
  if (backlog_) backlog_->SetLimit(limit);
}

void History::CheckInvariants() const {
  CHECK(previous_id_.IsZero() == !previous_end_.has_value());
  if (previous_end_) CHECK(*previous_end_ <= offset_);
  if (disk_) CHECK(disk_->start <= disk_->end && disk_->end <= offset_);  // H5
  if (!backlog_) return;
  CHECK(backlog_->end() == offset_);
  backlog_->CheckInvariants();
}

}  // namespace quorate::replication::core
