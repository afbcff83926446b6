#include "sentinel/config/journal.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <stdexcept>
#include <utility>

#include "sentinel/config/checksum.h"
#include "sentinel/config/json_values.h"
#include "sentinel/core/timings.h"

namespace quorate::sentinel::config {

namespace {

using nlohmann::json;

constexpr size_t kChecksumLength = 16;

std::string Line(const json& content) {
  const std::string text = content.dump(-1, ' ', false, json::error_handler_t::replace);
  return Checksum(text) + " " + text + "\n";
}

json ToJson(const base::Endpoint& endpoint) {
  return {{"host", endpoint.host}, {"port", endpoint.port}};
}

json ToJson(const GroupMoves& moves) {
  json replicas = json::array();
  for (const base::Endpoint& replica : moves.replicas) replicas.push_back(ToJson(replica));
  json group = {{"name", moves.name},
                {"vote", moves.vote.epoch.number()},
                {"config-epoch", moves.config_epoch.number()},
                {"primary", ToJson(moves.primary)},
                {"replicas", replicas}};
  if (moves.vote.leader) group["leader"] = moves.vote.leader->ToString();
  return group;
}

// The JSON of an undamaged line.
std::optional<json> Parse(std::string_view line) {
  if (line.size() <= kChecksumLength || line[kChecksumLength] != ' ') return std::nullopt;
  const std::string_view text = line.substr(kChecksumLength + 1);
  if (line.substr(0, kChecksumLength) != Checksum(text)) return std::nullopt;
  json content = json::parse(text, nullptr, false);
  if (content.is_discarded()) return std::nullopt;
  return content;
}

// ---- whatever json or these throw is caught in ApplyJournal

base::Epoch EpochFrom(const json& j) {
  const uint64_t number = NumberFrom<uint64_t>(j);
  if (number > core::kMaxEpoch) throw std::runtime_error("an epoch is out of range");
  return base::Epoch(number);
}

// What of a journal counts: everything, if it goes on from the state.
enum class Take { kAll, kVotes };

void ApplyGroup(const json& j, Take take, core::DurableGroup& group) {
  const core::Vote vote{
      EpochFrom(j.at("vote")),
      j.contains("leader") ? base::RunId::Parse(j.at("leader").get<std::string>()) : std::nullopt};
  if (vote.epoch > group.vote.epoch || (take == Take::kAll && vote.epoch == group.vote.epoch))
    group.vote = vote;
  const base::Epoch config_epoch = EpochFrom(j.at("config-epoch"));
  if (take == Take::kVotes || config_epoch < group.config_epoch) return;
  // Of the same epoch the state may say another address: an operator's.
  if (config_epoch > group.config_epoch) group.primary = EndpointFrom(j.at("primary"));
  group.config_epoch = config_epoch;
  group.replicas.clear();
  for (const json& replica : j.at("replicas")) group.replicas.push_back(EndpointFrom(replica));
}

void ApplyEntry(const json& j, Take take, core::DurableState& state) {
  state.current_epoch = std::max(state.current_epoch, EpochFrom(j.at("current-epoch")));
  for (const json& moved : j.at("groups")) {
    const auto group = std::ranges::find(state.groups, moved.at("name").get<std::string>(),
                                         &core::DurableGroup::name);
    if (group != state.groups.end()) ApplyGroup(moved, take, *group);
  }
}

// All that a journal does not hold is the same.
bool DiffersInMovesOnly(core::DurableGroup from, const core::DurableGroup& to) {
  from.vote = to.vote;
  from.config_epoch = to.config_epoch;
  from.primary = to.primary;
  from.replicas = to.replicas;
  return from == to;
}

base::Error Damaged(size_t line) {
  return {
      "its journal is damaged in line " + std::to_string(line) +
      ". Restore it from a copy; removing it makes the sentinel forget its newest votes, which is "
      "safe only if it gets a new identity (its old one must never vote again)"};
}

}  // namespace

std::string JournalPath(const std::string& config_path) { return config_path + ".journal"; }

std::optional<JournalEntry> Difference(const core::DurableState& from,
                                       const core::DurableState& to) {
  if (from.myid != to.myid || from.retired != to.retired ||
      from.retired_vote_floor != to.retired_vote_floor || from.groups.size() != to.groups.size())
    return std::nullopt;
  JournalEntry entry{to.current_epoch, {}};
  for (size_t i = 0; i < to.groups.size(); ++i) {
    const core::DurableGroup& group = to.groups[i];
    if (from.groups[i] == group) continue;
    if (!DiffersInMovesOnly(from.groups[i], group)) return std::nullopt;
    // It is another group of that name.
    if (group.vote.epoch < from.groups[i].vote.epoch ||
        group.config_epoch < from.groups[i].config_epoch ||
        (group.config_epoch == from.groups[i].config_epoch &&
         group.primary != from.groups[i].primary))
      return std::nullopt;
    entry.groups.push_back(
        {group.name, group.vote, group.config_epoch, group.primary, group.replicas});
  }
  return entry;
}

std::string JournalHeader(uint64_t generation, const base::RunId& myid) {
  return Line({{"journal", generation}, {"myid", myid.ToString()}});
}

std::string JournalLine(const JournalEntry& entry) {
  json groups = json::array();
  for (const GroupMoves& moves : entry.groups) groups.push_back(ToJson(moves));
  return Line({{"current-epoch", entry.current_epoch.number()}, {"groups", groups}});
}

base::Status ApplyJournal(std::string_view journal, core::DurableState& state) {
  Take take = Take::kAll;
  for (size_t number = 1; !journal.empty(); ++number) {
    const size_t end = journal.find('\n');
    const std::optional<json> content =
        end == std::string_view::npos ? std::nullopt : Parse(journal.substr(0, end));
    const bool is_last = end == std::string_view::npos || end + 1 == journal.size();
    if (!content && is_last && number > 1) return {};  // torn, and nobody knows of it
    if (!content) return Damaged(number);
    try {
      if (number > 1) {
        ApplyEntry(*content, take, state);
      } else {
        if (content->at("myid").get<std::string>() != state.myid.view()) return {};
        const auto generation = NumberFrom<uint64_t>(content->at("journal"));
        if (generation < state.journal) take = Take::kVotes;
        state.journal = std::max(state.journal, std::min(generation, core::kMaxEpoch));
      }
    } catch (const std::exception&) {
      return Damaged(number);
    }
    journal.remove_prefix(end + 1);
  }
  return {};
}

}  // namespace quorate::sentinel::config
