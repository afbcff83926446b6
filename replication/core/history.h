// Which stream this node's data is the result of, and how far: the replication id, the id it had
// before (valid up to a known offset), the offset, and the backlog. Both roles share one History: a
// primary appends to it, a replica appends what it applied, and both serve partial resyncs from it.
//
// Invariants
//   H1  without a backlog the offset stands still (a primary nobody ever followed counts nothing).
//   H2  backlog().end() == offset() whenever there is a backlog.
//   H3  previous_id() is zero exactly when previous_end() is empty.
//   H4  within one id the offset falls only by AdoptSnapshot and Restore; an id whose prefix is no
//       longer ours is dropped. (A snapshot takes us back in our own history if whom we follow has
//       less of it than we, as after its own restart; primary.h, P7, says when it offers one.)
//   H5  disk() is a part of this history: whatever replaces the history unsets it.
//
// | transition          | id      | previous id, end  | offset | backlog       | function       |
// |---------------------|---------|-------------------|--------|---------------|----------------|
// | first replica       | fresh   | cleared           | kept   | created       | StartNew       |
// | backlog ttl         | fresh   | cleared           | kept   | freed         | Abandon        |
// | promotion           | fresh   | old id, offset    | kept   | kept, created | Promote        |
// | demotion            | kept    | kept              | kept   | kept, created | EnsureBacklog  |
// | +CONTINUE <new id>  | new     | old id, offset    | kept   | kept, created | AdoptContinued |
// | full sync loaded    | theirs  | cleared           | theirs | reset         | AdoptSnapshot  |
// | restored from disk  | saved   | as given          | saved  | created       | Restore        |
#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <string_view>

#include "replication/core/backlog.h"
#include "shared/base/ids.h"

namespace quorate::replication::core {

class History {
 public:
  History(base::ReplicationId id, size_t backlog_limit);

  const base::ReplicationId& id() const { return id_; }
  const base::ReplicationId& previous_id() const { return previous_id_; }
  // previous_id() is ours up to here (half-open); INFO's second_repl_offset is this plus one, or
  // -1.
  std::optional<base::Offset> previous_end() const { return previous_end_; }
  base::Offset offset() const { return offset_; }
  Backlog* backlog() { return backlog_.get(); }
  const Backlog* backlog() const { return backlog_.get(); }
  // What is on disk besides: [start, end), perhaps with a gap before the backlog.
  struct DiskRange {
    base::Offset start;
    base::Offset end;
  };
  const std::optional<DiskRange>& disk() const { return disk_; }
  void SetDisk(const std::optional<DiskRange>& disk) { disk_ = disk; }
  // The disk has the bytes from `offset` up to where the backlog goes on.
  bool OnDisk(base::Offset offset) const {
    return disk_ && backlog_ && offset >= disk_->start && offset < disk_->end &&
           disk_->end >= backlog_->start();
  }

  // Appends stream bytes. Precondition: backlog() != nullptr.
  void Append(std::string_view bytes) {
    backlog_->Append(bytes);
    offset_ += static_cast<int64_t>(bytes.size());
  }

  void StartNew(base::ReplicationId fresh);
  void Abandon(base::ReplicationId fresh);
  void Promote(base::ReplicationId fresh);
  void EnsureBacklog();
  void AdoptContinued(base::ReplicationId id);
  // Precondition: no cursor is attached.
  void AdoptSnapshot(base::ReplicationId id, base::Offset offset);
  void Restore(base::ReplicationId id, base::Offset offset, base::ReplicationId previous,
               std::optional<base::Offset> previous_end);

  void SetBacklogLimit(size_t limit);
  size_t backlog_limit() const { return backlog_limit_; }
  void CheckInvariants() const;

 private:
  base::ReplicationId id_;
  base::ReplicationId previous_id_;
  std::optional<base::Offset> previous_end_;
  base::Offset offset_;
  size_t backlog_limit_;
  std::unique_ptr<Backlog> backlog_;
  std::optional<DiskRange> disk_;
};

}  // namespace quorate::replication::core
