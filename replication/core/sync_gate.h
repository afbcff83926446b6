// May what this primary offers replace our data? The part of a replica's machine (replica.h) that
// keeps a primary which restarted with less from emptying those who still have it all.
//
// Keys that came from this primary are not replaced by less because it came back with less. Once we
// were in sync with it (since the Follow), a full sync is refused if it lies before our offset or
// holds no key, unless
//   - its history has all of ours in it, by what it answered to INFO, or because it is our very
//     history, at our offset or beyond. Before our offset it is a node that has yet to come to
//     where we are (a middle one that restarted from an older file); it is asked again;
//   - the other provably is the very process we were in sync with, whose history somebody changed
//     on purpose;
//   - it was known for a middle node, which guards itself, and us with it; if it is made a primary
//     after it lost its data, that was decided;
//   - kPatience is over, and what would be lost can be recorded whole.
// What was refused stays refused however long it grows, until Allow, Follow, or until the primary
// goes on with our history.
//
// After a restart with a history we count as in sync with whom we follow, but only a primary without
// a key and without any part of our history is refused (kEmptyUnsure): we may be an old primary
// that has more than its successor, or of another time altogether.
#pragma once

#include <chrono>
#include <optional>
#include <string>

#include "replication/core/ancestry.h"
#include "replication/core/fork.h"
#include "replication/core/history.h"
#include "replication/core/options.h"
#include "replication/core/views.h"
#include "shared/base/ids.h"
#include "shared/base/time.h"

namespace quorate::replication::core {

class SyncGate {
 public:
  // A refused primary is asked again: it may have found its data.
  static constexpr base::Duration kPause = std::chrono::seconds(10);
  // Time for sentinels to promote somebody who has what the primary lost.
  static constexpr base::Duration kPatience = std::chrono::seconds(20);

  // Both outlive it.
  SyncGate(const History& history, const Options& options) : history_(history), options_(options) {}

  // ---- what became of us

  // Another primary, or none.
  void OnFollow();
  // Our data is of a history that was saved.
  void OnRestored() { was_in_sync_ = WasInSync{.process = std::nullopt, .presumed = true}; }
  // The stream flows, over this link.
  void OnInSync();
  void OnLinkOpened();
  // Whom this link's primary follows, itself first; empty = it does not say.
  void OnAncestry(const Ancestry& ancestry);
  // What is refused may be taken. False if nothing is.
  bool Allow();
  void SetHasKeys(bool has_keys) { has_keys_ = has_keys; }

  // ---- what is offered

  // INFO is worth asking for: it may decide.
  bool MayRefuse() const;
  struct Refused {
    std::string reason;
    bool first = false;  // it was not refused when it was asked last
  };
  // Nothing: it may be taken, as far as this tells. The answer to INFO, if there is one, comes
  // first, then +FULLRESYNC, unless it was SYNC, then the snapshot.
  std::optional<Refused> JudgeInfo(base::Instant now, const PrimaryHistory& told);
  std::optional<Refused> JudgeFullResync(base::Instant now, const base::ReplicationId& id,
                                         base::Offset offset);
  // `id`: of +FULLRESYNC.
  std::optional<Refused> JudgeEmptySnapshot(base::Instant now,
                                            const std::optional<base::ReplicationId>& id);

  // ---- what is known

  bool has_keys() const { return has_keys_; }
  // At the link's other end, if it says it.
  const std::optional<base::RunId>& process() const { return process_; }
  std::optional<SyncRefusal> refused() const;

 private:
  // What refusing waits for may yet happen.
  bool Patient(base::Instant now) const { return !refusal_ || now < refusal_->since + kPatience; }
  // What we have beyond `offset` of our history is in memory, and records are made.
  bool Recordable(base::Offset offset) const;
  std::optional<Refused> JudgeOffset(base::Instant now, const base::ReplicationId& id,
                                     base::Offset offset);
  Refused Refuse(base::Instant now, const std::optional<base::ReplicationId>& id,
                 SyncRefusal reason, const std::string& what);

  const History& history_;
  const Options& options_;
  bool has_keys_ = false;
  std::optional<base::RunId> process_;
  bool is_middle_ = false;  // it says that it follows another node itself
  // Whatever is offered of this history loses nothing, or is recorded.
  std::optional<base::ReplicationId> takes_;
  struct WasInSync {
    std::optional<base::RunId> process;
    bool presumed = false;  // since a restart
  };
  std::optional<WasInSync> was_in_sync_;
  struct Refusal {
    std::optional<base::ReplicationId> id;
    SyncRefusal reason = SyncRefusal::kEmpty;
    base::Instant since;
  };
  std::optional<Refusal> refusal_;
};

}  // namespace quorate::replication::core
