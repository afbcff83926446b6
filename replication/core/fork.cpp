#include "replication/core/fork.h"

#include <algorithm>

#include "shared/base/numbers.h"

namespace quorate::replication::core {
namespace {

// The value of one "name:value" line; empty if there is none.
std::string_view Field(std::string_view info, std::string_view name) {
  while (!info.empty()) {
    const size_t end = std::min(info.find('\n'), info.size());
    std::string_view line = info.substr(0, end);
    info.remove_prefix(std::min(end + 1, info.size()));
    if (line.ends_with('\r')) line.remove_suffix(1);
    if (line.starts_with(name) && line.substr(name.size()).starts_with(':'))
      return line.substr(name.size() + 1);
  }
  return {};
}

std::optional<base::Offset> ParseOffset(std::string_view text, int64_t least) {
  const std::optional<int64_t> value = base::ParseInt64(text);
  if (!value || *value < least || *value > base::kHighestOffset.bytes()) return std::nullopt;
  return base::Offset(*value);
}

}  // namespace

std::optional<PrimaryHistory> ParsePrimaryHistory(std::string_view info) {
  const auto id = base::ReplicationId::Parse(Field(info, "master_replid"));
  const auto offset = ParseOffset(Field(info, "master_repl_offset"), 0);
  if (!id || id->IsZero() || !offset) return std::nullopt;
  PrimaryHistory history{*id, *offset, {}, std::nullopt};
  const auto previous = base::ReplicationId::Parse(Field(info, "master_replid2"));
  // The first byte that the previous id does not name, counted from 1.
  const auto second = ParseOffset(Field(info, "second_repl_offset"), 1);
  if (previous && !previous->IsZero() && second) {
    history.previous_id = *previous;
    history.previous_end = *second - 1;
  }
  return history;
}

std::optional<base::Offset> CommonPrefix(const History& ours, const PrimaryHistory& theirs) {
  std::optional<base::Offset> common;
  const auto compare = [&](const base::ReplicationId& our_id, base::Offset our_end,
                           const base::ReplicationId& their_id, base::Offset their_end) {
    if (our_id != their_id || our_id.IsZero()) return;
    const base::Offset shared = std::min(our_end, their_end);
    if (!common || *common < shared) common = shared;
  };
  compare(ours.id(), ours.offset(), theirs.id, theirs.offset);
  if (theirs.previous_end)
    compare(ours.id(), ours.offset(), theirs.previous_id, *theirs.previous_end);
  if (!ours.previous_end()) return common;
  compare(ours.previous_id(), *ours.previous_end(), theirs.id, theirs.offset);
  if (theirs.previous_end)
    compare(ours.previous_id(), *ours.previous_end(), theirs.previous_id, *theirs.previous_end);
  return common;
}

Fork FindFork(const History& ours, const std::optional<PrimaryHistory>& theirs,
              std::optional<base::Offset> acknowledged) {
  if (theirs) {
    if (const std::optional<base::Offset> common = CommonPrefix(ours, *theirs))
      return {*common, false};
  }
  if (acknowledged) return {std::min(*acknowledged, ours.offset()), true};
  return {ours.backlog() == nullptr ? ours.offset() : ours.backlog()->start(), true};
}

}  // namespace quorate::replication::core
