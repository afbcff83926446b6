#include "replication/core/sync_gate.h"

namespace quorate::replication::core {

void SyncGate::OnFollow() {
  was_in_sync_.reset();
  refusal_.reset();
}

void SyncGate::OnInSync() {
  was_in_sync_ = is_middle_ ? std::nullopt : std::optional(WasInSync{.process = process_});
  refusal_.reset();
}

void SyncGate::OnLinkOpened() {
  process_.reset();
  is_middle_ = false;
  takes_.reset();
}

void SyncGate::OnAncestry(const Ancestry& ancestry) {
  if (!ancestry.empty()) process_ = ancestry.front();
  is_middle_ = ancestry.size() > 1;
}

bool SyncGate::Allow() {
  if (!refusal_) return false;
  OnFollow();
  return true;
}

bool SyncGate::MayRefuse() const {
  const bool guarded = options_.refuse_empty_primary && was_in_sync_ && has_keys_;
  if (!guarded || (was_in_sync_->presumed && is_middle_)) return false;
  return !(process_ && process_ == was_in_sync_->process);
}

std::optional<SyncGate::Refused> SyncGate::JudgeInfo(base::Instant now,
                                                     const PrimaryHistory& told) {
  if (!MayRefuse() || told.id == history_.id()) return std::nullopt;
  const auto common = CommonPrefix(history_, told);
  const bool recordable = common && Recordable(*common);
  if (common == history_.offset() || (recordable && !Patient(now)) ||
      (was_in_sync_->presumed && common)) {
    takes_ = told.id;
    return std::nullopt;
  }
  return JudgeOffset(now, told.id, told.offset);
}

std::optional<SyncGate::Refused> SyncGate::JudgeFullResync(base::Instant now,
                                                           const base::ReplicationId& id,
                                                           base::Offset offset) {
  const bool ours = id == history_.id();
  const bool settled = was_in_sync_ && was_in_sync_->presumed;
  if (ours && (offset >= history_.offset() || settled || (Recordable(offset) && !Patient(now))))
    takes_ = id;
  if (takes_ != id) takes_.reset();
  if (takes_ || !MayRefuse()) return std::nullopt;
  return JudgeOffset(now, id, offset);
}

bool SyncGate::Recordable(base::Offset offset) const {
  return options_.rollback && history_.backlog() != nullptr &&
         offset >= history_.backlog()->start();
}

std::optional<SyncGate::Refused> SyncGate::JudgeOffset(base::Instant now,
                                                       const base::ReplicationId& id,
                                                       base::Offset offset) {
  const bool grown = refusal_ && refusal_->id == id;
  if (!grown && (was_in_sync_->presumed || offset >= history_.offset())) return std::nullopt;
  return Refuse(now, id, grown ? refusal_->reason : SyncRefusal::kOlder,
                "it has " + id.ToString() + ":" + std::to_string(offset.bytes()) +
                    ", we have applied " + history_.id().ToString() + ":" +
                    std::to_string(history_.offset().bytes()));
}

std::optional<SyncGate::Refused> SyncGate::JudgeEmptySnapshot(
    base::Instant now, const std::optional<base::ReplicationId>& id) {
  if (takes_ || !MayRefuse()) return std::nullopt;
  return Refuse(now, id, was_in_sync_->presumed ? SyncRefusal::kEmptyUnsure : SyncRefusal::kEmpty,
                "it offers a snapshot without a key");
}

SyncGate::Refused SyncGate::Refuse(base::Instant now, const std::optional<base::ReplicationId>& id,
                                   SyncRefusal reason, const std::string& what) {
  const bool first = !refusal_;
  refusal_ = Refusal{id, reason, first ? now : refusal_->since};
  return {"full sync refused, the old data stays: " + what +
              ", and the keys here would be lost. REPLICAOF (the same or another node) or CONFIG "
              "SET replica-refuse-empty-primary no lifts this",
          first};
}

std::optional<SyncRefusal> SyncGate::refused() const {
  return refusal_ ? std::optional(refusal_->reason) : std::nullopt;
}

}  // namespace quorate::replication::core
