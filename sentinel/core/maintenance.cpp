#include "sentinel/core/maintenance.h"

#include <algorithm>
#include <chrono>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "sentinel/core/links.h"
#include "shared/base/numbers.h"

namespace quorate::sentinel::core {
namespace {

// What one sentinel tells another has a version; what an operator says gets the next one.
std::vector<std::string> AsCommand(const Turn& turn, const Group& group) {
  const Maintenance& maintenance = group.maintenance;
  const std::string version = std::to_string(maintenance.version);
  if (!maintenance.until) return {"SENTINEL", "RESUME", group.name, "VERSION", version};
  const int64_t ms = std::max<int64_t>(base::ToMs(*maintenance.until - turn.now()), 1);
  return {"SENTINEL",         "PAUSE",   group.name, std::to_string((ms + 999) / 1000),
          maintenance.reason, "VERSION", version};
}

void TellPeers(Turn& turn, Group& group) {
  for (auto& [id, peer] : group.peers) {
    PeerLink& link = turn.state().peer_links.at(id);
    if (peer.maintenance_told >= group.maintenance.version || link.ours != true || !link.proven ||
        !HasRoom(link))
      continue;
    SendRequest(turn, link, AsCommand(turn, group), ForNothing{});
    peer.maintenance_told = group.maintenance.version;
  }
}

std::string Described(const Maintenance& maintenance, base::Instant now) {
  return "#" + std::to_string((base::ToMs(*maintenance.until - now) + 999) / 1000) +
         " s: " + maintenance.reason;
}

bool IsPrintable(const std::string& text) {
  return std::ranges::all_of(text, [](char c) { return c >= ' ' && c <= '~'; });
}

// Takes the place of what is known of the group, unless it is older. `asked_at`: of what nobody has
// given a version yet.
void Adopt(Turn& turn, Group& group, std::optional<uint64_t> version, base::WallTime asked_at,
           Maintenance next) {
  const Maintenance& known = group.maintenance;
  if (version) {
    const bool wins = *version > known.version ||
                      (*version == known.version && next.until && !known.until && !known.expired);
    if (!wins) return;
  }
  const auto time = static_cast<uint64_t>(std::max<int64_t>(asked_at.ms, 0));
  next.version =
      version.value_or(std::min(std::max(known.version + 1, time), kMaxMaintenanceVersion));
  const bool was_paused = known.until.has_value();
  group.maintenance = std::move(next);
  if (group.maintenance.until)
    turn.AnnouncePrimary(group, EventType::kPause, Described(group.maintenance, turn.now()));
  else if (was_paused)
    turn.AnnouncePrimary(group, EventType::kPauseEnd, "#resumed");
  if (!group.maintenance.until) group.unordered_failovers.clear();  // acknowledged
  turn.Touch(group.name);
}

}  // namespace

void Pause(Turn& turn, const PauseRequested& request) {
  const auto refuse = [&](const char* text) { turn.Respond(request.client, ErrorReply{text}); };
  const auto position = turn.state().groups.find(request.group);
  if (position == turn.state().groups.end()) return refuse(kNoSuchGroup);
  if (request.seconds < 1 || request.seconds > kLongestPauseSeconds)
    return refuse("ERR Invalid time: seconds, from 1 to 604800");
  if (request.reason.empty() || request.reason.size() > kMaxPauseReason ||
      !IsPrintable(request.reason))
    return refuse("ERR Invalid reason: 1 to 200 printable characters");
  if (request.version && *request.version > kMaxMaintenanceVersion)
    return refuse("ERR Invalid version");
  Adopt(turn, position->second, request.version, request.asked_at,
        {.until = turn.now() + std::chrono::seconds(request.seconds), .reason = request.reason});
  turn.Respond(request.client, OkReply{});
}

void Resume(Turn& turn, const ResumeRequested& request) {
  const auto position = turn.state().groups.find(request.group);
  if (position == turn.state().groups.end())
    return turn.Respond(request.client, ErrorReply{kNoSuchGroup});
  if (request.version && *request.version > kMaxMaintenanceVersion)
    return turn.Respond(request.client, ErrorReply{"ERR Invalid version"});
  if (!request.version && !position->second.maintenance.until)
    return turn.Respond(request.client, ErrorReply{"ERR The master is not paused"});
  Adopt(turn, position->second, request.version, request.asked_at, {});
  turn.Respond(request.client, OkReply{});
}

void PauseByItself(Turn& turn, Group& group, int64_t seconds, std::string reason) {
  Adopt(turn, group, std::nullopt, {},
        {.until = turn.now() + std::chrono::seconds(seconds), .reason = std::move(reason)});
}

void KeepMaintenance(Turn& turn, Group& group) {
  TellPeers(turn, group);
  if (!group.maintenance.until || !IsDue(turn, *group.maintenance.until)) return;
  group.maintenance.until.reset();
  group.maintenance.expired = true;
  group.maintenance.reason.clear();
  turn.AnnouncePrimary(group, EventType::kPauseEnd, "#expired");
  turn.Progress();
}

bool IsPaused(const Group& group) { return group.maintenance.until.has_value(); }

}  // namespace quorate::sentinel::core
