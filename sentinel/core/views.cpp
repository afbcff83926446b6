#include "sentinel/core/views.h"
#include "sentinel/core/down_detection.h"

#include <algorithm>
#include <string_view>
#include <utility>
#include <variant>

#include "sentinel/core/names.h"
#include "shared/base/overloaded.h"

namespace quorate::sentinel::core {
namespace {

class FlagList {
 public:
  void Add(bool present, std::string_view flag) {
    if (!present) return;
    if (!text_.empty()) text_ += ',';
    text_ += flag;
  }
  std::string Take() { return std::move(text_); }

 private:
  std::string text_;
};

}  // namespace

std::optional<base::Endpoint> CurrentPrimary(const State& state, const std::string& group) {
  const auto position = state.groups.find(group);
  if (position == state.groups.end()) return std::nullopt;
  return Shown(state, position->second.primary.address);
}

bool IsAtRest(const Group& group) {
  const DataNode& primary = group.primary;
  if (primary.sdown_since || group.odown_since || group.failover || group.pending_config ||
      group.unsettled_at || primary.rebooted_at || primary.refusal ||
      primary.reported_role != Role::kPrimary)
    return false;
  const bool replicas_well = std::ranges::all_of(group.replicas, [&](const auto& entry) {
    const Replica& replica = entry.second;
    return !replica.sdown_since && !replica.doubted_since && !replica.refusal &&
           replica.reported_role == Role::kReplica && replica.primary_link_up &&
           replica.primary == primary.address &&
           std::holds_alternative<NotReconfigured>(replica.reconfiguration);
  });
  return replicas_well && std::ranges::none_of(group.peers, [](const auto& entry) {
           return entry.second.sdown_since.has_value();
         });
}

size_t ReplicaCount(const Group& group) {
  return static_cast<size_t>(
      std::count_if(group.replicas.begin(), group.replicas.end(),
                    [](const auto& entry) { return !entry.second.doubted_since; }));
}

std::string PrimaryFlags(const Group& group) {
  const DataNode& primary = group.primary;
  FlagList flags;
  flags.Add(primary.sdown_since.has_value(), "s_down");
  flags.Add(group.odown_since.has_value(), "o_down");
  flags.Add(true, "master");
  flags.Add(!primary.command.up() || !primary.pubsub.up(), "disconnected");
  flags.Add(group.failover.has_value(), "failover_in_progress");
  flags.Add(group.failover && group.failover->order, "force_failover");
  flags.Add(primary.script_kill_sent, "script_kill_sent");
  flags.Add(primary.rebooted_at.has_value(), "master_reboot");
  return flags.Take();
}

std::string ReplicaFlags(const Group& group, const Replica& replica) {
  const bool heir = group.failover && group.failover->heir == replica.address;
  FlagList flags;
  flags.Add(replica.sdown_since.has_value(), "s_down");
  flags.Add(true, "slave");
  flags.Add(!replica.command.up() || !replica.pubsub.up(), "disconnected");
  flags.Add(heir, "promoted");
  flags.Add(std::holds_alternative<ReconfSent>(replica.reconfiguration), "reconf_sent");
  flags.Add(std::holds_alternative<ReconfInProgress>(replica.reconfiguration), "reconf_inprog");
  flags.Add(std::holds_alternative<ReconfDone>(replica.reconfiguration), "reconf_done");
  flags.Add(replica.script_kill_sent, "script_kill_sent");
  return flags.Take();
}

std::string PeerFlags(const State& state, const Peer& peer, base::Instant now) {
  FlagList flags;
  flags.Add(peer.sdown_since.has_value(), "s_down");
  flags.Add(true, "sentinel");
  flags.Add(!state.peer_links.at(peer.id).up(), "disconnected");
  flags.Add(HeardDown(peer, now), "master_down");
  return flags.Take();
}

std::string_view FailoverStateName(const Failover& failover) {
  return std::visit(
      base::Overloaded{
          [](const WaitStart&) { return std::string_view("wait_start"); },
          [](const SelectReplica&) { return std::string_view("select_slave"); },
          [](const PauseWrites&) { return std::string_view("send_slaveof_noone"); },
          [](const SendPromotion&) { return std::string_view("send_slaveof_noone"); },
          [](const WaitPromotion&) { return std::string_view("wait_promotion"); },
          [](const CommitConfig&) { return std::string_view("wait_promotion"); },
          [](const ReconfigureReplicas&) { return std::string_view("reconf_slaves"); },
      },
      failover.phase);
}

}  // namespace quorate::sentinel::core
