#include "sentinel/core/events.h"

#include <iterator>

#include "sentinel/core/timings.h"

namespace quorate::sentinel::core {
namespace {

constexpr EventLevel kD = EventLevel::kDebug;
constexpr EventLevel kV = EventLevel::kVerbose;
constexpr EventLevel kN = EventLevel::kNotice;
constexpr EventLevel kW = EventLevel::kWarning;

// In the order of EventType.
constexpr EventRow kRows[] = {
    {EventType::kMonitor, "+monitor", kW, true},
    {EventType::kMonitorEnd, "-monitor", kW, true},
    {EventType::kSet, "+set", kW, true},
    {EventType::kSetRefused, "-set-refused", kW, true},
    {EventType::kResetMaster, "+reset-master", kW, true},
    {EventType::kSlave, "+slave", kN, true},
    {EventType::kSentinel, "+sentinel", kN, true},
    {EventType::kSentinelEnd, "-sentinel", kN, true},
    {EventType::kReboot, "+reboot", kN, true},
    {EventType::kSentinelAddressSwitch, "+sentinel-address-switch", kN, true},
    {EventType::kSentinelInvalidAddress, "+sentinel-invalid-addr", kN, true},
    {EventType::kSentinelAddressUpdate, "+sentinel-address-update", kN, true},
    // Of nobody yet: whoever can publish could have the script run.
    {EventType::kHelloUnproven, "-hello-unproven", kW, false},
    {EventType::kRoleChange, "+role-change", kV, true},
    {EventType::kRoleChangeWrong, "-role-change", kV, true},
    {EventType::kDataLost, "+data-lost", kW, true},
    {EventType::kForeignPrimary, "+foreign-primary", kW, true},
    {EventType::kSdown, "+sdown", kW, true},
    {EventType::kSdownEnd, "-sdown", kW, true},
    {EventType::kOdown, "+odown", kW, true},
    {EventType::kOdownEnd, "-odown", kW, true},
    {EventType::kNewEpoch, "+new-epoch", kW, true},
    {EventType::kTryFailover, "+try-failover", kW, true},
    {EventType::kTryConfirm, "+try-confirm", kW, true},
    {EventType::kElectedLeader, "+elected-leader", kW, true},
    {EventType::kVoteForLeader, "+vote-for-leader", kW, true},
    {EventType::kVoteRefused, "-vote-refused", kN, true},
    {EventType::kVetoed, "-failover-vetoed", kW, true},
    {EventType::kNoVerdict, "-no-verdict", kW, true},
    {EventType::kStateSelectSlave, "+failover-state-select-slave", kW, true},
    {EventType::kStateSendSlaveofNoOne, "+failover-state-send-slaveof-noone", kN, true},
    {EventType::kStateWaitPromotion, "+failover-state-wait-promotion", kN, true},
    {EventType::kStateReconfSlaves, "+failover-state-reconf-slaves", kW, true},
    {EventType::kAbortNotElected, "-failover-abort-not-elected", kW, true},
    {EventType::kAbortNoGoodSlave, "-failover-abort-no-good-slave", kW, true},
    {EventType::kAbortSlaveTimeout, "-failover-abort-slave-timeout", kW, true},
    {EventType::kAbortMasterTimeout, "-failover-abort-master-timeout", kW, true},
    {EventType::kAbortPauseRefused, "-failover-abort-pause-refused", kW, true},
    {EventType::kSelectedSlave, "+selected-slave", kW, true},
    {EventType::kPromotedSlave, "+promoted-slave", kW, true},
    {EventType::kSlaveReconfSent, "+slave-reconf-sent", kN, true},
    {EventType::kSlaveReconfInProgress, "+slave-reconf-inprog", kN, true},
    {EventType::kSlaveReconfDone, "+slave-reconf-done", kN, true},
    {EventType::kSlaveReconfSentTimeout, "-slave-reconf-sent-timeout", kN, true},
    {EventType::kSlaveReconfSentBestEffort, "+slave-reconf-sent-be", kN, true},
    {EventType::kConvertToSlave, "+convert-to-slave", kN, true},
    {EventType::kFixSlaveConfig, "+fix-slave-config", kN, true},
    {EventType::kFixMasterConfig, "+fix-master-config", kN, true},
    {EventType::kFailoverEndForTimeout, "+failover-end-for-timeout", kW, true},
    {EventType::kFailoverEnd, "+failover-end", kW, true},
    {EventType::kConfigUpdateFrom, "+config-update-from", kW, true},
    {EventType::kConfigConflict, "+config-conflict", kW, true},
    {EventType::kSwitchMaster, "+switch-master", kW, true},
    {EventType::kPause, "+pause", kW, true},
    {EventType::kPauseEnd, "-pause", kW, true},
    {EventType::kTilt, "+tilt", kW, false},
    {EventType::kTiltEnd, "-tilt", kW, false},
    {EventType::kCommandLinkReconnection, "-cmd-link-reconnection", kD, true},
    {EventType::kPubsubLinkReconnection, "-pubsub-link-reconnection", kD, true},
    {EventType::kDuplicateMyid, "+duplicate-myid", kW, false},
    {EventType::kDuplicateMyidGone, "-duplicate-myid", kW, false},
};

constexpr bool RowsAreInOrder() {
  for (size_t i = 0; i < std::size(kRows); ++i)
    if (kRows[i].type != static_cast<EventType>(i)) return false;
  return std::size(kRows) == static_cast<size_t>(EventType::kDuplicateMyidGone) + 1;
}
static_assert(RowsAreInOrder());

std::string Address(const base::Endpoint& endpoint) {
  return endpoint.host + " " + std::to_string(endpoint.port);
}

std::string AtPrimary(std::string_view group, const base::Endpoint& primary) {
  return " @ " + std::string(group) + " " + Address(primary);
}

}  // namespace

const EventRow& Row(EventType type) { return kRows[static_cast<size_t>(type)]; }

std::string DescribePrimary(std::string_view group, const base::Endpoint& primary) {
  return "master " + std::string(group) + " " + Address(primary);
}

std::string DescribeReplica(const base::Endpoint& replica, std::string_view group,
                            const base::Endpoint& primary) {
  return "slave " + replica.ToString() + " " + Address(replica) + AtPrimary(group, primary);
}

std::string DescribePeer(const base::RunId& id, const base::Endpoint& peer, std::string_view group,
                         const base::Endpoint& primary) {
  return "sentinel " + id.ToString() + " " + Address(peer) + AtPrimary(group, primary);
}

std::string Quoted(std::string_view text) {
  std::string quoted = "#" + std::string(text.substr(0, kMaxQuotedError));
  for (char& c : quoted)
    if (c < ' ' || c > '~') c = '?';
  return quoted;
}

std::string DescribeSwitch(std::string_view group, const base::Endpoint& from,
                           const base::Endpoint& to) {
  return std::string(group) + " " + Address(from) + " " + Address(to);
}

}  // namespace quorate::sentinel::core
