#include "replication/core/loss.h"

namespace quorate::replication::core {
namespace {

bool IsUnrelated(const History& ours, const std::optional<OwnStream>& own,
                 const std::optional<PrimaryHistory>& told,
                 const std::optional<PrimaryHistory>& offered) {
  if ((own && own->untold) || ours.backlog() == nullptr) return true;
  if (offered && CommonPrefix(ours, *offered)) return false;
  // Be it that it has begun another history since.
  if (told) return !CommonPrefix(ours, *told);
  // Nobody says. A stream without a byte cannot tell what is lost either.
  return ours.backlog()->size() == 0 || (own && !own->acknowledged);
}

}  // namespace

Loss FindLoss(const History& ours, const std::optional<OwnStream>& own,
              const std::optional<PrimaryHistory>& told, const OfferedHistory& offered) {
  std::optional<PrimaryHistory> theirs;
  if (offered.offset) {
    theirs = PrimaryHistory{offered.id, *offered.offset, {}, std::nullopt};
    if (told && told->id == offered.id) {
      theirs->previous_id = told->previous_id;
      theirs->previous_end = told->previous_end;
    }
  }
  return {FindFork(ours, theirs, own ? own->acknowledged : std::nullopt),
          IsUnrelated(ours, own, told, theirs)};
}

}  // namespace quorate::replication::core
